"""Boxes in the space of factors: what lies in them, which of their limits matter, and which box of a path to take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LOW, HIGH, ONLY = "low", "high", "only"
#: A restriction with a larger quasi-p is dropped (Bryant & Lempert 2010).
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Limit:
    """One restriction of a box.

    Attributes
    ----------
    factor
        Key of the factor.
    side
        ``low`` (values at least), ``high`` (at most) or ``only`` (choices among).
    value
        The limit, or the indices of the choices.
    """

    factor: str
    side: str
    value: float | frozenset[int]

    def holds(self, column: pd.Series) -> BoolArray:
        """Return which rows meet it."""
        if isinstance(self.value, frozenset):
            return np.isin(column.to_numpy(dtype=np.int64), sorted(self.value))
        numbers = column.to_numpy(dtype=np.float64)
        return np.asarray(numbers >= self.value if self.side == LOW else numbers <= self.value)


@dataclass(frozen=True)
class Box:
    """Restrictions that hold together."""

    limits: tuple[Limit, ...]

    def inside(self, frame: pd.DataFrame) -> BoolArray:
        """Return which rows lie in the box."""
        held = np.ones(len(frame), dtype=bool)
        for limit in self.limits:
            held &= limit.holds(frame[limit.factor])
        return held

    def without(self, limit: Limit) -> Box:
        """Return the box without a restriction."""
        return replace(self, limits=tuple(other for other in self.limits if other is not limit))


@dataclass(frozen=True)
class Merit:
    """How well a box tells cases: coverage (share of cases in it), density (share of it that are cases), mass (share of points)."""

    coverage: float
    density: float
    mass: float

    @property
    def both(self) -> float:
        """Harmonic mean of coverage and density."""
        return 2.0 * self.coverage * self.density / (self.coverage + self.density) if self.coverage + self.density else 0.0


def merit(box: Box, frame: pd.DataFrame, case: BoolArray) -> Merit:
    """Return the merit of a box."""
    inside = box.inside(frame)
    hits, points, cases = int((inside & case).sum()), int(inside.sum()), int(case.sum())
    return Merit(hits / cases if cases else 0.0, hits / points if points else 0.0, points / len(case))


def box_of(limits: pd.DataFrame, frame: pd.DataFrame) -> Box:
    """Read a box of the workbench: two rows a box, lower and upper limit or twice the set of choices."""
    found: list[Limit] = []
    for name in frame.columns:
        if name not in limits:
            continue  # the workbench leaves out a column with one category
        low, high = limits[name].iloc[0], limits[name].iloc[1]
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            kept = frozenset(int(value) for value in low)
            if kept != frozenset(int(value) for value in frame[name].unique()):
                found.append(Limit(str(name), ONLY, kept))
            continue
        if float(low) > float(frame[name].min()):
            found.append(Limit(str(name), LOW, float(low)))
        if float(high) < float(frame[name].max()):
            found.append(Limit(str(name), HIGH, float(high)))
    return Box(tuple(found))


def quasi_p(box: Box, limit: Limit, frame: pd.DataFrame, case: BoolArray) -> float:
    """Return the chance of a density as high as the box's, were the restriction without meaning.

    A one-sided binomial test against the density of the box without the restriction (Bryant & Lempert 2010): quasi,
    because the limits were sought on the same points.
    """
    inside, around = box.inside(frame), box.without(limit).inside(frame)
    points = int(inside.sum())
    if not points or not around.any():
        return 1.0
    return float(binomtest(int((inside & case).sum()), points, float(case[around].mean()), alternative="greater").pvalue)


def pruned(box: Box, frame: pd.DataFrame, case: BoolArray) -> Box:
    """Drop restrictions that are not significant, the least so first."""
    while box.limits:
        values = [quasi_p(box, limit, frame, case) for limit in box.limits]
        worst = int(np.argmax(values))
        if values[worst] <= SIGNIFICANT:
            break
        box = box.without(box.limits[worst])
    return box


def best_of(path: Sequence[Box], frame: pd.DataFrame, case: BoolArray) -> int:
    """Return which box of a path has the largest harmonic mean of coverage and density; of equals the first."""
    return int(np.argmax([merit(box, frame, case).both for box in path]))


def limits_by(box: Box) -> Mapping[tuple[str, str], Limit]:
    """Return the restrictions by factor and side."""
    return {(limit.factor, limit.side): limit for limit in box.limits}
