"""Cases of interest: which points of a study an analysis is to explain, as ``stability<0.5`` or the worst quarter."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agents.errors import InputError
from experiments.analysis import noise, samples
from experiments.analysis.finding import Finding
from experiments.analysis.groups import direction, stem, words, write
from experiments.analysis.luck import point_means
from experiments.analysis.study import Study

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

WORST = 0.25
#: Fewer cases, or fewer other points, than this are refused.
FEWEST = 10
_RULE = re.compile(r"^\s*(?P<name>[A-Za-z_][\w.]*)\s*(?P<sign><=|>=|<|>)\s*(?P<number>[-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*$")
_SIGNS: Mapping[str, Callable[[FloatArray, float], BoolArray]] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
)


@dataclass(frozen=True)
class Rule:
    """Which points are cases of interest: ``outcome sign limit``.

    Attributes
    ----------
    outcome, sign, limit
        As in ``stability < 0.5``.
    why
        How it came about.
    number
        Of several rules on one outcome, which.
    """

    outcome: str
    sign: str
    limit: float
    why: str
    number: int = 1

    @property
    def stem(self) -> str:
        """The rule as part of a file name."""
        return stem(self.outcome) + (f"_{self.number}" if self.number > 1 else "")

    def holds(self, values: FloatArray) -> BoolArray:
        """Return which values make a case."""
        return np.asarray(_SIGNS[self.sign](values, self.limit))

    @property
    def text(self) -> str:
        """The rule as readers see it."""
        return f"{words(self.outcome)} {self.sign} {write(self.limit)}"


@dataclass(frozen=True)
class Cases:
    """Points with their factors, and whether they are cases of interest.

    Attributes
    ----------
    rule
        What makes a case.
    sample
        The points.
    frame
        Their factors, a column a factor: numbers as floats, choices without order as categories of their index.
    case
        (rows,).
    notes
        What readers must know of them.
    """

    rule: Rule
    sample: samples.Sample
    frame: pd.DataFrame
    case: BoolArray
    notes: tuple[str, ...]


def rules_of(study: Study, outcomes: Sequence[str], text: str) -> list[Rule]:
    """Return the rules: those written, parted by ``;``, else the worst quarter of every outcome.

    Raises
    ------
    InputError
        When a rule cannot be read, or names no outcome of the study.
    """
    if not text.strip():
        return [_worst(study, outcome) for outcome in samples.chosen_outcomes(study, outcomes)]
    found = list[Rule]()
    for part in filter(str.strip, text.split(";")):
        match = _RULE.match(part)
        if match is None:
            raise InputError(f"interest={part.strip()}: cannot be read; write OUTCOME<NUMBER (or <=, >, >=), for example stability<0.5")
        try:
            study.values(match["name"])
        except InputError as error:
            raise InputError(f"interest={part.strip()}: {error}") from None
        try:
            limit = float(match["number"])
        except ValueError:
            raise InputError(f"interest={part.strip()}: {match['number']} is no number") from None
        again = sum(rule.outcome == match["name"] for rule in found) + 1
        found.append(Rule(match["name"], match["sign"], limit, "as asked for", again))
    if not found:
        raise InputError(f"interest={text}: names no case; write OUTCOME<NUMBER, for example stability<0.5")
    return found


def cases_of(study: Study, rule: Rule) -> Cases:
    """Tell which of a study's independent points are cases; the mean over replicates decides."""
    sample = samples.sample_of(study, rule.outcome)
    frame = pd.DataFrame({
        factor.key: pd.Categorical(sample.x[:, at].astype(int), categories=range(len(factor.values)))
        if sample.nominal[at]
        else np.array([float(str(study.plan.design.points[row][at])) for row in sample.points])
        for at, factor in enumerate(sample.factors)
    })  # fmt: skip
    case = rule.holds(sample.mean)
    share = noise.share_of(sample.y, samples.is_paired(study))
    notes = (
        f"cases of interest: {rule.text} ({rule.why}), {int(case.sum()):,} of {len(case):,} points",
        *sample.notes,
        *noise.notes_on(share, study.plan.replicates, samples.is_paired(study), rule.outcome, corrected=False),
    )
    return Cases(rule, sample, frame, case, notes)


def why_not(cases: Cases) -> str:
    """Return why cases cannot be told from the others, or nothing."""
    copies = cases.sample.copies
    count, every = len(np.unique(copies[cases.case])), len(np.unique(copies))
    if min(count, every - count) < FEWEST:
        return f"{count:,} of {every:,} {'points' if every == len(copies) else 'different worlds'} are cases of interest ({cases.rule.text}); at least {FEWEST} cases and {FEWEST} others are needed"
    return ""


def refused(name: str, cases: Cases, title: str, why: str) -> Finding:
    """Return a finding that says why cases could not be analysed."""
    return samples.refused(name, cases.rule.stem, title, why)


def _worst(study: Study, outcome: str) -> Rule:
    """Return the rule of the worst quarter: the lowest where more is better, else the highest."""
    mean = point_means(study.values(outcome)[samples.spread_rows(study)], samples.is_paired(study))
    mean = mean[np.isfinite(mean)]
    low = direction(outcome) > 0
    if not len(mean):
        return Rule(outcome, "<=" if low else ">=", np.nan, "no point has a value")
    limit = float(np.quantile(mean, WORST if low else 1.0 - WORST, method="inverted_cdf"))
    why = f"the {'lowest' if low else 'highest'} quarter, {'the worst' if direction(outcome) else 'which may be good or bad'}"
    return Rule(outcome, "<=" if low else ">=", limit, why)
