"""One hump or two: Hartigan and Hartigan's dip test, with its null simulated for the number of runs at hand.

The dip is the largest distance between the empirical distribution and the nearest one with a single mode. It asks
nothing about the shape of a hump, so skewed or heavy-tailed outcomes (deaths) do not pass for two, as they do with the
bimodality coefficient, which is high for any skewed sample; Ashman's D needs a mixture of two normals to be fitted.

References
----------
.. [1] Hartigan, J. A. and Hartigan, P. M. (1985). The dip test of unimodality. Annals of Statistics 13, 70-84.
.. [2] Hartigan, P. M. (1985). Algorithm AS 217. Applied Statistics 34, 320-325.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from experiments.analysis.groups import generator

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Samples larger than this take its null, scaled: the dip falls with the root of the sample size.
_LARGEST_NULL = 200


def dip(values: FloatArray) -> float:
    """Return the dip of a sample, (n,), from 1/(2n) (one hump) to 1/4 (two points).

    Algorithm AS 217 [2]_: the greatest convex minorant and the least concave majorant of the empirical
    distribution, over an interval that shrinks to the mode.
    """
    x = np.sort(np.asarray(values, dtype=np.float64))
    n = len(x)
    if n < 2 or x[0] == x[-1]:
        return 0.5 / n if n else math.nan
    points = x.tolist()
    left, right = _hulls(points)
    low, high, found = 0, n - 1, 1.0
    while True:
        minorant = _walk(high, low, left)
        majorant = _walk(low, high, right)
        distance, at, to = _widest(points, minorant, majorant)
        if distance < found:
            break
        found = max(found, _below(x, minorant[at:]), _above(x, majorant[to:]))
        if low == minorant[at] and high == majorant[to]:
            break
        low, high = minorant[at], majorant[to]
    return found / (2.0 * n)


def _hulls(x: list[float]) -> tuple[list[int], list[int]]:
    """Return for each point the one before it on the convex minorant, and after it on the concave majorant."""
    n = len(x)
    left, right = [0] * n, [n - 1] * n
    for j in range(1, n):
        left[j] = j - 1
        while (a := left[j]) and (x[j] - x[a]) * (a - left[a]) >= (x[a] - x[left[a]]) * (j - a):
            left[j] = left[a]
    for k in range(n - 2, -1, -1):
        right[k] = k + 1
        while (a := right[k]) != n - 1 and (x[k] - x[a]) * (a - right[a]) >= (x[a] - x[right[a]]) * (k - a):
            right[k] = right[a]
    return left, right


def _walk(start: int, end: int, steps: list[int]) -> list[int]:
    path = [start]
    while path[-1] != end:
        path.append(steps[path[-1]])
    return path


def _widest(x: list[float], minorant: list[int], majorant: list[int]) -> tuple[float, int, int]:
    """Return the largest distance between the two hulls, and where on each it is met."""
    last = len(majorant) - 1
    i, j = len(minorant) - 2, 1
    best, at, to = 0.0, len(minorant) - 1, last
    if len(minorant) == 2 and last == 1:
        return best, at, to
    while True:
        a, b = minorant[i], majorant[j]
        if a > b:
            before = minorant[i + 1]
            gap = (b - before + 1) - (x[b] - x[before]) * (a - before) / (x[a] - x[before])
            j += 1
            if gap >= best:
                best, at, to = gap, i + 1, j - 1
        else:
            before = majorant[j - 1]
            gap = (x[a] - x[before]) * (b - before) / (x[b] - x[before]) - (a - before - 1)
            i -= 1
            if gap >= best:
                best, at, to = gap, i + 1, j
        i, j = max(i, 0), min(j, last)
        if minorant[i] == majorant[j]:
            return best, at, to


def _below(x: FloatArray, path: list[int]) -> float:
    """Return how far the empirical distribution lies above the convex minorant."""
    most = 0.0
    for end, begin in itertools.pairwise(path):
        most = max(most, 1.0)
        if end - begin > 1 and x[end] != x[begin]:
            slope = (end - begin) / (x[end] - x[begin])
            most = max(most, float((np.arange(1, end - begin + 2) - (x[begin : end + 1] - x[begin]) * slope).max()))
    return most


def _above(x: FloatArray, path: list[int]) -> float:
    """Return how far the empirical distribution lies below the concave majorant."""
    most = 0.0
    for begin, end in itertools.pairwise(path):
        most = max(most, 1.0)
        if end - begin > 1 and x[end] != x[begin]:
            slope = (end - begin) / (x[end] - x[begin])
            most = max(most, float(((x[begin : end + 1] - x[begin]) * slope - np.arange(-1, end - begin)).max()))
    return most


def lattice(values: FloatArray) -> float:
    """Return the step of values that lie on a lattice (counts 1, rates and means of counts less), 0 for others.

    The step of whole numbers is 1; of others the greatest common divisor of their gaps, up to rounding. NaN are left out.
    """
    met = np.unique(values[np.isfinite(values)])
    if not len(met) or np.array_equal(met, np.round(met)):
        return 1.0
    span = float(met[-1] - met[0])
    step, error = 0.0, 1e-7 * span + 1e-12 * float(np.abs(met).max())  # the latter: rounding of the values themselves
    for gap in np.diff(met).tolist():
        if gap <= error:
            continue
        while gap > error:
            step, gap = gap, math.fmod(step, gap)
            gap = 0.0 if step - gap <= error else gap
    # Values without a lattice have a step of the size of the rounding.
    return step if step > 100.0 * error else 0.0


def spread_ties(values: FloatArray, step: float | None = None) -> FloatArray:
    """Return a sample sorted, values on a lattice spread evenly over the step around each.

    Counts repeat, and repeated values look like humps to the dip: runs with 0 or 1 truces are not in two states, nor
    are means or rates of such counts.

    Parameters
    ----------
    values
        The sample, (n,).
    step
        Step of the lattice, 0 for none; from the sample itself by default, which for few values may be too wide.
    """
    x = np.sort(values)
    width = lattice(x) if step is None else step
    if width == 0.0:
        return x
    place = np.round((x - x[0]) / width) if len(x) else x  # equal up to rounding
    _, first, count = np.unique(place, return_index=True, return_counts=True)
    rank = np.arange(len(x)) - np.repeat(first, count)
    return np.asarray(np.repeat(x[first], count) + width * ((rank + 0.5) / np.repeat(count, count) - 0.5))


class DipTest:
    """Dip tests that share their simulated nulls.

    Parameters
    ----------
    draws
        Samples of a null; the smallest p-value is 1 / (draws + 1).
    seed
        Luck of the null.
    """

    def __init__(self, draws: int, seed: int) -> None:
        self.draws, self.seed = draws, seed
        self._nulls: dict[int, FloatArray] = {}

    def null(self, n: int) -> FloatArray:
        """Return dips of samples of ``n`` from the uniform distribution, the hardest unimodal one [1]_; sorted."""
        if n > _LARGEST_NULL:
            return self.null(_LARGEST_NULL) * math.sqrt(_LARGEST_NULL / n)
        if n not in self._nulls:
            samples = generator(self.seed, f"dip {n}").random((self.draws, n))
            self._nulls[n] = np.sort([dip(sample) for sample in samples])
        return self._nulls[n]

    def test(self, values: FloatArray, step: float | None = None) -> tuple[float, float]:
        """Return dip and p-value of a sample without NaN; the p-value counts draws at least as large, and one more.

        ``step`` is that of :func:`spread_ties`.
        """
        found = dip(spread_ties(values, step))
        null = self.null(len(values))
        above = len(null) - int(np.searchsorted(null, found - 1e-12, side="left"))
        return found, (above + 1.0) / (len(null) + 1.0)


def two_groups(values: FloatArray) -> tuple[float, float, float]:
    """Return the means of the lower and upper group of a sample and the upper one's share: the best cut in two."""
    x = np.sort(values)
    n = len(x)
    if n < 2:
        return math.nan, math.nan, math.nan
    k = np.arange(1, n)
    before, total = np.cumsum(x)[:-1], float(np.sum(x))
    between = before**2 / k + (total - before) ** 2 / (n - k)  # least squares within groups = most of this
    cut = int(k[np.argmax(between)])
    return float(x[:cut].mean()), float(x[cut:].mean()), (n - cut) / n
