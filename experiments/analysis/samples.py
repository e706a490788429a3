"""What the sensitivity analyses share: rows that stand for themselves, resampling, and refusals.

An analysis is meant of the **mean response**: of what a point gives on average over the luck of its replicates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agents.errors import InputError, one_of
from experiments.analysis.finding import Finding
from experiments.analysis.groups import stem
from experiments.analysis.luck import copies_of, point_means
from experiments.analysis.study import Study
from experiments.study.factors import Factor
from experiments.study.plan import CRN

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

#: Designs whose points (or a known part of them) are spread over the whole space, each drawn for itself.
SPREAD = ("lhs", "sobol", "file")
#: With fewer lucks that all points share, what is found is told as found for these lucks.
FEW_LUCKS = 5


@dataclass(frozen=True)
class Sample:
    """Rows of a study that stand for themselves.

    Attributes
    ----------
    points
        Which points of the design they are, (rows,).
    factors
        What is varied.
    x
        The factors as numbers, (rows, factors): the unit cube where the design has one, else values; of whole numbers
        and numeric choices the values; of choices
        without order the index of the choice.
    nominal
        Whether a factor has choices without order (text, truth values, policies), (factors,).
    y
        The outcome, (rows, replicates), NaN where a run is missing.
    notes
        What was left out.
    paired
        Whether replicates meet the same luck at all points.
    copies
        Which world each row is, (rows,): rows of one world have the same runs (:func:`luck.copies_of`).
    """

    points: IntArray
    factors: tuple[Factor, ...]
    x: FloatArray
    nominal: tuple[bool, ...]
    y: FloatArray
    notes: tuple[str, ...]
    paired: bool
    copies: IntArray

    @property
    def mean(self) -> FloatArray:
        """Mean over the replicates that finished, freed of which of the shared lucks they are, (rows,)."""
        return point_means(self.y, self.paired)

    @property
    def runs(self) -> int:
        """Runs behind the rows."""
        return int(np.isfinite(self.y).sum())


def need_design(study: Study, what: str, designs: Sequence[str], instead: str) -> None:
    """Refuse a study whose design does not suit an analysis.

    Raises
    ------
    InputError
        With the designs that do.
    """
    kind = study.plan.design.kind
    if kind not in designs:
        raise InputError(f"{what}: needs design={' or '.join(designs)}, this study has design={kind}; {instead}")


def check_options(what: str, **options: float) -> None:
    """Refuse options out of range: ``level`` lies between 0 and 1, counts are positive.

    Raises
    ------
    InputError
        In one line.
    """
    for name, value in options.items():
        if name in ("level", "mass_min") and not 0.0 < value < 1.0:
            raise InputError(f"{what}: {name}={value:g} must lie between 0 and 1; give for example {name}={0.95 if name == 'level' else 0.05}")
        if name not in ("level", "mass_min") and value < 1:
            raise InputError(f"{what}: {name}={value:g} must be at least 1")


def refused(name: str, outcome: str, title: str, why: str) -> Finding:
    """Return a finding that says why an outcome could not be analysed."""
    return Finding(f"{name}_{stem(outcome)}", title, f"Not analysed: {why}.", pd.DataFrame(), (why,))


def chosen_outcomes(study: Study, outcomes: Sequence[str]) -> tuple[str, ...]:
    """Return the outcomes, each once and checked.

    Raises
    ------
    InputError
        When none is given, or one is not known.
    """
    if not outcomes:
        raise InputError(f"outcomes: none given; name at least one of {one_of(study.outcomes)}")
    for outcome in outcomes:
        study.values(outcome)
    return tuple(dict.fromkeys(outcomes))


def spread_rows(study: Study) -> IntArray:
    """Return the points that are draws of their own: all, or of a Sobol design the samples A and B."""
    design = study.plan.design
    every = np.arange(len(design.points))
    if design.kind != "sobol":
        return every
    size = block_size(study)
    return np.flatnonzero((every % size == 0) | (every % size == size - 1))


def block_size(study: Study) -> int:
    """Return the rows of a block of Saltelli's design: A, AB_1 ... AB_D (BA_1 ... BA_D), B."""
    design = study.plan.design
    count = len(design.factors)
    return (2 * count if design.extra.get("second_order") else count) + 2


def sample_of(study: Study, outcome: str) -> Sample:
    """Return the rows that stand for themselves and have at least one finished run."""
    rows = spread_rows(study)
    y = study.values(outcome)[rows]
    paired = is_paired(study)
    have = np.isfinite(y).any(axis=1)
    kept = np.isfinite(point_means(y, paired))
    x, nominal = numbers_of(study)
    notes = []
    if study.plan.design.kind == "sobol":
        notes.append(f"of the Sobol design only its {len(rows):,} points drawn independently (samples A and B) are used")
    if not have.all():
        notes.append(f"{int((~have).sum()):,} of {len(rows):,} points have no finished run with this outcome and are left out")
    if (have & ~kept).any():
        notes.append(f"{int((have & ~kept).sum()):,} of {len(rows):,} points share no luck with the others, cannot be compared, and are left out")
    missing = int(np.isnan(y[kept]).sum())
    if missing:
        freed = ", freed of which of the shared lucks they lack" if paired and y.shape[1] > 1 else ""
        notes.append(f"{missing:,} runs failed, are missing or have no such value; the means of their points are over fewer replicates{freed}")
    copies = copies_of(study, rows[kept])
    if len(copies) and copies.max() + 1 < len(copies):
        notes.append(f"the {len(copies):,} points are {copies.max() + 1:,} different worlds: the others differ in factors without any effect there, and count as one")
    return Sample(rows[kept], study.plan.design.factors, x[rows[kept]], nominal, y[kept], tuple(notes), paired, copies)


def is_nominal(factor: Factor) -> bool:
    """Return whether a factor has choices without an order."""
    return bool(factor.values) and not all(isinstance(v, int | float) and not isinstance(v, bool) for v in factor.values)


def numbers_of(study: Study) -> tuple[FloatArray, tuple[bool, ...]]:
    """Return the factors of all points as numbers (points, factors), and which have no order."""
    design = study.plan.design
    table = np.empty((len(design.points), len(design.factors)))
    nominal = tuple(is_nominal(factor) for factor in design.factors)
    for index, factor in enumerate(design.factors):
        column = [point[index] for point in design.points]
        if nominal[index]:
            where = {repr(value): at for at, value in enumerate(factor.values)}
            table[:, index] = [where[repr(value)] for value in column]
        elif design.unit is not None and factor.kind in ("float", "log"):
            table[:, index] = design.unit[:, index]
        else:
            table[:, index] = [float(str(value)) for value in column]
    return table, nominal


def is_constant(y: FloatArray) -> bool:
    """Return whether points do not differ: within every replicate all values are the same, but for rounding."""
    flat = y.reshape(-1, y.shape[-1])
    scale = float(np.nanmax(np.abs(flat), initial=0.0))
    spans = [np.ptp(column[np.isfinite(column)]) for column in flat.T if np.isfinite(column).any()]
    return max(spans, default=0.0) <= 1e-12 * scale


def is_paired(study: Study) -> bool:
    """Return whether replicates meet the same luck at all points."""
    return study.plan.seeds == CRN


def for_lucks(paired: bool, replicates: int) -> str:
    """Return how a sentence begins that holds for few shared lucks only; nothing with enough, or with luck of their own."""
    if not paired or replicates >= FEW_LUCKS:
        return ""
    return "For this one luck: " if replicates == 1 else f"For these {replicates} lucks: "


def weights(
    luck: np.random.Generator, resamples: int, rows: int, replicates: int, paired: bool, copies: IntArray | None = None
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield weights of a Bayesian bootstrap (Rubin 1981): of rows, summing to 1, and of replicates, of mean 1.

    Where replicates are paired across points they are a crossed factor and are weighted as well (Owen & Eckles 2012). Where
    each run has a luck of its own, rows carry the luck of their runs with them; a second draw would count it twice. Rows of one world
    (``copies``) get one weight.
    """
    worlds = np.arange(rows) if copies is None else copies
    for _ in range(resamples):
        row = luck.standard_exponential(int(worlds.max()) + 1)[worlds]
        lot = luck.standard_exponential(replicates) if paired and replicates > 1 else np.ones(replicates)
        yield row / row.sum(), lot / lot.mean()


def resampled(luck: np.random.Generator, sample: Sample) -> tuple[IntArray, FloatArray, IntArray]:
    """Draw rows with replacement, rows of one world together, and replicates too where all rows share them.

    Rows left without a run are left out.

    Returns
    -------
    tuple
        Which rows, the means of their replicates (:func:`luck.point_means`), and which rows are of one draw, (rows,) each.
    """
    y, copies = sample.y, sample.copies
    order = np.argsort(copies, kind="stable")
    first, count = np.unique(copies[order], return_index=True, return_counts=True)[1:]
    worlds = luck.integers(0, len(count), len(count))
    draw = np.repeat(np.arange(len(worlds)), count[worlds])
    rows = np.concatenate([order[first[world] : first[world] + count[world]] for world in worlds])
    columns = luck.integers(0, y.shape[1], y.shape[1]) if sample.paired and y.shape[1] > 1 else slice(None)
    mean = point_means(y[rows][:, columns], sample.paired)
    kept = np.isfinite(mean)
    return rows[kept], mean[kept], np.unique(draw[kept], return_inverse=True)[1].astype(np.int64)


def span(draws: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Return the bounds of the central ``level`` of draws, (resamples, ...)."""
    tail = (1.0 - level) / 2.0
    low, high = np.nanquantile(draws, [tail, 1.0 - tail], axis=0)
    return np.asarray(low), np.asarray(high)


def interval_words(level: float, resamples: int, paired: bool, replicates: int, unit: str) -> str:
    """Return what the intervals are, as figures print it."""
    both = " and replicates" if paired and replicates > 1 else ""
    return f"{level:.0%} bootstrap interval over {unit}{both}, {resamples:,} resamples"
