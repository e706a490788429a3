"""Scenario discovery by PRIM: the box of factors in which cases of interest gather.

The patient rule induction method of Friedman & Fisher (1999), as used by Bryant & Lempert (2010) and as the EMA
workbench has it, finds a path of ever smaller boxes. We take the box with the largest harmonic mean of coverage and
density, drop limits that are not significant, and find the path again on resamples of the points: how often a limit
comes back, and what the boxes reach on points that they have not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.analysis import ema, prim_figures, samples
from experiments.analysis.boxes import LOW, ONLY, Box, Limit, Merit, best_of, box_of, limits_by, merit, pruned, quasi_p
from experiments.analysis.cases import Cases, cases_of, refused, rules_of, why_not
from experiments.analysis.finding import Finding
from experiments.analysis.groups import generator, short_key, words, write
from experiments.analysis.study import Study

DESIGNS = samples.SPREAD
#: A limit that comes back in fewer of the resamples is told as unsure.
SURE = 0.8


@dataclass(frozen=True)
class Found:
    """The box, the path that led to it, and its resamples.

    Attributes
    ----------
    box, at
        The box without limits that do not matter; its place on the path.
    path
        Every box from all points to the last.
    merits
        Of the boxes of the path.
    again
        The boxes of the resamples.
    unseen
        Their merits on points that the resample left out.
    """

    box: Box
    at: int
    path: tuple[Box, ...]
    merits: tuple[Merit, ...]
    again: tuple[Box, ...]
    unseen: tuple[Merit, ...]


def prim(study: Study, outcomes: Sequence[str], *, cases: str = "", resamples: int = 20, mass_min: float = 0.05, seed: int = 1) -> list[Finding]:
    """Find a box of factors in which cases of interest gather.

    Parameters
    ----------
    study
        A study of design ``lhs``, ``sobol`` (its independent points) or ``file``.
    outcomes
        Which outcomes, when ``cases`` is empty.
    cases
        ``OUTCOME<NUMBER`` (or <=, >, >=), several parted by ``;``. By default the worst quarter of every outcome.
    resamples
        How often the search is repeated on points drawn with replacement.
    mass_min
        Least share of the points in a box.
    seed
        Of the resamples.

    Raises
    ------
    InputError
        When the design is another one, a rule cannot be read, or the EMA workbench is not installed.
    """
    samples.need_design(study, "prim", DESIGNS, "its points are not spread over the space")
    samples.check_options("prim", resamples=resamples, mass_min=mass_min)
    rules = rules_of(study, outcomes, cases)
    ema.workbench("prim", "analysis.prim")
    found: list[Finding] = []
    for rule in rules:
        found += _one(study, cases_of(study, rule), resamples, mass_min, seed)
    return found


def _one(study: Study, cases: Cases, resamples: int, mass_min: float, seed: int) -> list[Finding]:
    title = f"Where {cases.rule.text}: a box by PRIM"
    why = why_not(cases)
    if why:
        return [refused("prim", cases, title, why)]
    frame, case = cases.frame, cases.case
    path = [box_of(limits, frame) for limits in ema.find_boxes(frame, case, mass_min)]
    at = best_of(path, frame, case)
    box = pruned(path[at], frame, case)
    if not box.limits:
        return [refused("prim", cases, title, "no limit on any factor gathers the cases more than chance would")]
    paired = samples.is_paired(study) and study.plan.replicates > 1
    again, unseen = _again(cases, resamples, mass_min, seed)
    found = Found(box, at, tuple(path), tuple(merit(one, frame, case) for one in path), tuple(again), tuple(unseen))
    values = _values(study)
    table = _table(found, cases, values)
    ours = merit(box, frame, case)
    notes = list(cases.notes)
    if unseen:
        notes.append(
            f"on points that a resample left out, boxes reach a coverage of {_mean([m.coverage for m in unseen]):.0%} and a density of {_mean([m.density for m in unseen]):.0%}"
        )
    unsure = [row["words"] for _, row in table.iterrows() if row["reappears"] < SURE]
    if unsure:
        notes.append(f"not to be relied on (comes back in less than {SURE:.0%} of {resamples} resamples): {'; '.join(unsure)}")
    dropped = len(path[at].limits) - len(box.limits)
    if dropped:
        notes.append(f"dropped, since what they add may be chance: {dropped} of the {len(path[at].limits)} limits of the workbench's box")
    lucks = samples.for_lucks(samples.is_paired(study), study.plan.replicates)
    says = (f"{lucks}{' and '.join(table['words'])}: {ours.density:.0%} of the points there are cases ({case.mean():.0%} of all points), "
            f"and {ours.coverage:.0%} of all cases lie there.")  # fmt: skip
    what = f"{resamples} bootstrap resamples of points{' and replicates' if paired else ''}"
    caption = study.caption(cases.sample.runs, f"5 to 95 % of {what}")
    crosses = study.caption(cases.sample.runs, f"crosses: {what}")
    stemmed = cases.rule.stem
    spots = _path_table(found)
    return [
        Finding(f"prim_{stemmed}", title, says, table, tuple(notes), lambda: prim_figures.draw_box(title, says, caption, table)),
        Finding(
            f"prim_path_{stemmed}", f"Coverage and density on PRIM's path, {words(cases.rule.outcome)}",
            f"The box taken covers {ours.coverage:.0%} of the cases at a density of {ours.density:.0%}; each step of the path trades one for the other.",
            spots, (), lambda: prim_figures.draw_path(f"PRIM's path where {cases.rule.text}", crosses, spots, ours, float(case.mean()), unseen),
        ),
    ]  # fmt: skip


def _again(cases: Cases, resamples: int, mass_min: float, seed: int) -> tuple[list[Box], list[Merit]]:
    """Find boxes on points (and replicates that all share) drawn with replacement, and their merits on points not drawn."""
    luck, rows = generator(seed, f"prim {cases.rule.outcome}"), len(cases.case)
    boxes, unseen = [], []
    for _ in range(resamples):
        drawn, mean, _ = samples.resampled(luck, cases.sample)
        frame, case = cases.frame.iloc[drawn].reset_index(drop=True), cases.rule.holds(mean)
        if not 0 < case.sum() < len(case):
            continue
        path = [box_of(limits, frame) for limits in ema.find_boxes(frame, case, mass_min)]
        box = pruned(path[best_of(path, frame, case)], frame, case)
        boxes.append(box)
        left = np.setdiff1d(np.arange(rows), drawn)
        if cases.case[left].any():
            unseen.append(merit(box, cases.frame.iloc[left], cases.case[left]))
    return boxes, unseen


def _values(study: Study) -> Mapping[str, tuple[object, ...]]:
    return {factor.key: factor.values for factor in study.plan.design.factors}


def _table(found: Found, cases: Cases, values: Mapping[str, tuple[object, ...]]) -> pd.DataFrame:
    """Return a row a limit; numbers of resamples only of those in which the limit comes back."""
    rows = []
    for limit in sorted(found.box.limits, key=lambda one: quasi_p(found.box, one, cases.frame, cases.case)):
        others = [limits_by(box)[limit.factor, limit.side] for box in found.again if (limit.factor, limit.side) in limits_by(box)]
        if limit.side == ONLY:
            others = [other for other in others if other.value == limit.value]
        numbers = [float(other.value) for other in others if not isinstance(other.value, frozenset)]
        column = cases.frame[limit.factor]
        choice = isinstance(limit.value, frozenset)
        low, high = (np.nan, np.nan) if choice else (float(column.min()), float(column.max()))
        rows.append({
            "factor": limit.factor, "side": limit.side, "value": np.nan if choice else limit.value,
            "choices": _choices(limit, values), "words": _words(limit, values),
            "quasi_p": quasi_p(found.box, limit, cases.frame, cases.case),
            "reappears": len(others) / max(len(found.again), 1),
            "value_low": float(np.quantile(numbers, 0.05)) if numbers else np.nan,
            "value_high": float(np.quantile(numbers, 0.95)) if numbers else np.nan,
            "range_low": low, "range_high": high, "all_choices": " ".join(map(str, values[limit.factor])) if choice else "",
        })  # fmt: skip
    table = pd.DataFrame(rows)
    ours = merit(found.box, cases.frame, cases.case)
    table["coverage"], table["density"], table["mass"] = ours.coverage, ours.density, ours.mass
    return table


def _choices(limit: Limit, values: Mapping[str, tuple[object, ...]]) -> str:
    return " ".join(str(values[limit.factor][at]) for at in sorted(limit.value)) if isinstance(limit.value, frozenset) else ""


def _words(limit: Limit, values: Mapping[str, tuple[object, ...]]) -> str:
    name = short_key(limit.factor)
    if isinstance(limit.value, frozenset):
        return f"{name} is {' or '.join(write(values[limit.factor][at]) for at in sorted(limit.value))}"
    return f"{name} {'>=' if limit.side == LOW else '<='} {write(round(limit.value, 12))}"


def _path_table(found: Found) -> pd.DataFrame:
    return pd.DataFrame({
        "box": range(len(found.path)),
        "coverage": [one.coverage for one in found.merits],
        "density": [one.density for one in found.merits],
        "mass": [one.mass for one in found.merits],
        "limits": [len(one.limits) for one in found.path],
        "taken": [at == found.at for at in range(len(found.path))],
    })  # fmt: skip


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
