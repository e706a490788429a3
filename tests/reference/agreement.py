"""Do two samples of runs agree in the mean? What the comparisons of counted people and single persons share.

Two tests, which together pass chance once in a hundred comparisons (``LEVEL``): half of it for each

* camp-day: Welch's t of the two means, Bonferroni over all camp-days that are compared at the same time;
* all together: Hotelling's two-sample T squared on the camps' people on a few days, which finds many small biases.

Numbers that are mostly 0 get at least a Poisson's spread, so that one lonely person is no discovery.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

LEVEL = 0.01
#: Chance with which the biases of :attr:`Agreement.detectable` are found.
POWER = 0.9


@dataclass(frozen=True)
class Agreement:
    """What came of a comparison of counted runs with single persons, both (seeds, days, camps)."""

    counted: np.ndarray  #: (days, camps) means
    single: np.ndarray  #: (days, camps) means
    error: np.ndarray  #: (days, camps) standard error of the difference of the means, people
    t: np.ndarray  #: (days, camps)
    limit: float  #: |t| that chance passes at any camp-day once in 200 comparisons
    together: float  #: p-value of Hotelling's test
    together_level: float
    far: float  #: distance (Mahalanobis) between all camps' means that Hotelling's test finds with 90 % chance

    @property
    def agrees(self) -> bool:
        return bool(np.abs(self.t).max() < self.limit) and self.together > self.together_level

    @property
    def detectable(self) -> np.ndarray:
        """Bias in people that the test of a camp-day finds with 90 % chance, (days, camps)."""
        return (self.limit + float(stats.norm.ppf(POWER))) * self.error

    @property
    def worst(self) -> str:
        """The camp-day that is farthest off, in words."""
        day, camp = np.unravel_index(np.abs(self.t).argmax(), self.t.shape)
        means = f"{self.counted[day, camp]:.2f} counted, {self.single[day, camp]:.2f} one by one"
        return f"day {day}, column {camp}: {means}, t = {self.t[day, camp]:.2f} (limit {self.limit:.2f}); all together p = {self.together:.2g}"


def compare(counted: np.ndarray, single: np.ndarray, *, days: tuple[int, ...], comparisons: int, numbers: int) -> Agreement:
    """Compare two samples.

    Parameters
    ----------
    counted, single
        People by seed, day and camp.
    days
        Days whose camps are tested all together.
    comparisons, numbers
        How many comparisons are made at the same time, and how many camp-days they have in all.
    """
    a, b = counted.astype(float), single.astype(float)
    gap = a.mean(axis=0) - b.mean(axis=0)
    pooled = (a.mean(axis=0) + b.mean(axis=0)) / 2
    floor = np.where(pooled < 2.0, pooled, 0.0) * (1 / len(a) + 1 / len(b))
    error = np.sqrt(np.maximum(a.var(axis=0, ddof=1) / len(a) + b.var(axis=0, ddof=1) / len(b), floor))
    freedom = len(a) + len(b) - 2
    p, far = hotelling(a[:, days].reshape(len(a), -1), b[:, days].reshape(len(b), -1), LEVEL / 2 / comparisons)
    return Agreement(
        a.mean(axis=0), b.mean(axis=0), error, gap / np.maximum(error, 1e-9),
        float(stats.t.isf(LEVEL / 2 / numbers / 2, freedom)), p, LEVEL / 2 / comparisons, far,
    )  # fmt: skip


def hotelling(a: np.ndarray, b: np.ndarray, level: float) -> tuple[float, float]:
    """P-value of the two-sample T squared test, and the distance that it finds with 90 % chance at ``level``."""
    varies = (a.std(axis=0) > 0.3) & (b.std(axis=0) > 0.3)
    a, b = a[:, varies], b[:, varies]
    n, m = len(a), len(b)
    pooled = ((n - 1) * np.cov(a.T) + (m - 1) * np.cov(b.T)) / (n + m - 2)
    scale = np.sqrt(np.diag(pooled))
    values, vectors = np.linalg.eigh(pooled / np.outer(scale, scale))
    kept = values > 1e-6  # camps that always add up to the same are one number less
    gap = ((a.mean(axis=0) - b.mean(axis=0)) / scale) @ vectors[:, kept] / np.sqrt(values[kept])
    rank, size = int(kept.sum()), n * m / (n + m)
    rest = n + m - rank - 1
    p = float(stats.f.sf(size * float(gap @ gap) * rest / ((n + m - 2) * rank), rank, rest))
    bar = stats.f.isf(level, rank, rest)
    found = optimize.brentq(lambda far: stats.ncf.sf(bar, rank, rest, size * far**2) - POWER, 1e-3, 50.0 / np.sqrt(size) * np.sqrt(rank))
    return p, float(found)
