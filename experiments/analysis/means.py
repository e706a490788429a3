"""Means of groups of points and their differences, with intervals that know which luck is shared.

Two things may be a sample: the points, where a design drew them from their ranges, and the lucks. Where all points share
lucks (``seeds=crn``) they are crossed, and the variance of a mean is that over points plus that over replicates less that
of both together (two-way clustering; Cameron, Gelbach & Miller 2011; Owen & Eckles 2012), with Student's t of the degrees of
freedom of Satterthwaite (1946). With three lucks the interval is then as wide as three numbers allow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from experiments.analysis import samples
from experiments.analysis.luck import point_means, shared_luck
from experiments.analysis.study import Study

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

#: Designs whose points are a sample of their ranges; those of the others were set.
_DRAWN = ("lhs", "sobol")


@dataclass(frozen=True)
class Estimate:
    """A mean or a difference of means with its interval; NaN bounds where none can be given."""

    value: float
    low: float
    high: float

    @property
    def apart(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0.0 or self.high < 0.0


@dataclass(frozen=True)
class Table:
    """An outcome of all points.

    Attributes
    ----------
    y
        (points, replicates); where replicates are shared, missing runs are point + replicate, else NaN.
    mean
        Of every point, (points,); NaN for one that cannot be compared.
    have
        Which runs there are, (points, replicates).
    draws
        Which points were drawn together, (points,).
    drawn, paired
        Whether points were drawn; whether all points share lucks.
    """

    y: FloatArray
    mean: FloatArray
    have: BoolArray
    draws: IntArray
    drawn: bool
    paired: bool

    def estimate(self, group: IntArray, less: IntArray | None = None, confidence: float = 0.95) -> Estimate:
        """Return the mean of a group's points, each as much as the other, or how far it lies above that of another group."""
        parts = [part[np.isfinite(self.mean[part])] for part in (group, *(() if less is None else (less,)))]
        if not all(map(len, parts)):
            return Estimate(math.nan, math.nan, math.nan)
        value = float(self.mean[parts[0]].mean()) - (float(self.mean[parts[1]].mean()) if len(parts) > 1 else 0.0)
        if abs(value) < 1e-12 * float(np.abs(self.mean[parts[0]]).max()):
            value = 0.0  # rounding
        variance, freedom = self._crossed(parts) if self.paired else self._drawn(parts) if self.drawn else self._set(parts)
        if math.isnan(variance):
            return Estimate(value, math.nan, math.nan)
        half = float(student.ppf(0.5 + confidence / 2.0, freedom)) * math.sqrt(variance)
        return Estimate(value, value - half, value + half)

    def _crossed(self, parts: list[IntArray]) -> tuple[float, float]:
        """Return variance and degrees of freedom where all points share lucks."""
        # A luck that most points of a group lack says nothing of its own.
        kept = np.all([self.have[part].mean(axis=0) >= 0.5 for part in parts], axis=0)
        lucks = int(kept.sum())
        if lucks < 2:
            return math.nan, math.nan
        tables = [self.y[part][:, kept] for part in parts]
        over = np.asarray(tables[0].mean(axis=0) - (tables[1].mean(axis=0) if len(tables) > 1 else 0.0))
        by_luck = float(over.var(ddof=1)) / lucks
        if not self.drawn:
            return by_luck, lucks - 1
        by_point, points = self._drawn(parts)
        if math.isnan(by_point):
            return math.nan, math.nan
        rest = [table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean() for table in tables]
        both = sum(float((self._sums(parts, [one[:, at] for one in rest]) ** 2).sum()) for at in range(lucks))
        both *= (points + 1) / points / (lucks * (lucks - 1))
        variance = max(by_luck + by_point - both, by_luck, by_point)
        if variance == 0.0:
            return 0.0, lucks - 1
        return variance, variance**2 / (by_luck**2 / (lucks - 1) + by_point**2 / points)

    def _drawn(self, parts: list[IntArray]) -> tuple[float, float]:
        """Return the variance over points, and the degrees of freedom of the smaller group."""
        least = min(len(np.unique(self.draws[part])) for part in parts)
        if least < 2:
            return math.nan, math.nan
        sums = self._sums(parts, [self.mean[part] - self.mean[part].mean() for part in parts])
        return float((sums**2).sum()) * least / (least - 1), least - 1

    def _sums(self, parts: list[IntArray], rest: list[FloatArray]) -> FloatArray:
        """Return what every draw adds to the difference of the parts' means, (draws,)."""
        total = np.zeros(int(self.draws.max()) + 1)
        for sign, part, own in zip((1.0, -1.0), parts, rest, strict=False):
            total += sign * np.bincount(self.draws[part], own, len(total)) / len(part)
        return total

    def _set(self, parts: list[IntArray]) -> tuple[float, float]:
        """Return variance and degrees of freedom where points were set and every run has a luck of its own."""
        variance = freedom = 0.0
        for part in parts:
            count = self.have[part].sum(axis=1)
            inside = np.where(self.have[part], self.y[part] - self.mean[part][:, None], 0.0)
            squares, free = (inside**2).sum(axis=1), count - 1
            if not free.sum():
                return math.nan, math.nan
            common = float(squares.sum()) / float(free.sum())  # for points with one run
            own = np.divide(squares, free, out=np.full(len(part), common), where=free > 0) / count / len(part) ** 2
            variance += float(own.sum())
            freedom += float((own[free > 0] ** 2 / free[free > 0]).sum())
        return variance, variance**2 / freedom if freedom else 1.0


def table_of(study: Study, outcome: str) -> Table:
    """Return an outcome of all points, with its missing runs filled where replicates are shared."""
    y, paired = study.values(outcome), samples.is_paired(study)
    have, mean = np.isfinite(y), point_means(y, paired)
    if paired and not have.all():
        y = np.where(have, y, mean[:, None] + shared_luck(y))
    every = np.arange(len(y))
    draws = every // samples.block_size(study) if study.plan.design.kind == "sobol" else every
    return Table(y, mean, have, draws, study.plan.design.kind in _DRAWN, paired)


def interval_words(study: Study) -> str:
    """Return what the intervals are, as figures print it."""
    drawn, paired = study.plan.design.kind in _DRAWN, samples.is_paired(study)
    over = ("replicates and points" if drawn else "replicates") if paired else "points" if drawn else "the runs of each point"
    return f"95 % interval of the mean over {over} (Student's t)"
