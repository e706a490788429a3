"""Counts by inversion: one uniform a cell, exact in distribution and monotone in the rate.

Two policies under one seed meet the same uniforms, so their counts differ only where a rate differs, and
in the direction in which it differs.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Above this mean the inversion hands over to SciPy's quantile function (exp(-mean) underflows at 745).
_LARGE = 500.0


def poisson(uniforms: FloatArray, mean: FloatArray) -> IntArray:
    """Poisson counts by inversion.

    Parameters
    ----------
    uniforms, mean
        Arrays of one shape; uniforms in [0, 1), means >= 0.

    Returns
    -------
    Integer array of that shape: the smallest k with P(N <= k) > u.
    """
    term = np.exp(-mean)
    counts = np.zeros(mean.shape, dtype=np.int64)
    above = uniforms >= term
    if not above.any():
        return counts
    large = mean > _LARGE
    if large.any():
        from scipy.stats import poisson as law

        counts[large] = np.maximum(law.ppf(uniforms[large], mean[large]), 0.0)
        above &= ~large
    total = term.copy()
    k = 0
    while above.any():
        k += 1
        counts += above
        term = term * (mean / k)
        total += term
        # Rounding may keep the total below a uniform close to 1: terms that add nothing end the search.
        above &= (uniforms >= total) & ((k < mean) | (term > 1e-17))
    return counts


def poisson_rare(uniforms: FloatArray, mean: FloatArray) -> IntArray:
    """Poisson counts as :func:`poisson`, for cells most of which are 0: only the others are counted out."""
    counts = np.zeros(mean.shape, dtype=np.int64)
    cells = (uniforms >= np.exp(-mean)).nonzero()
    if len(cells[0]):
        counts[cells] = [poisson_one(u, m) for u, m in zip(uniforms[cells].tolist(), mean[cells].tolist(), strict=True)]
    return counts


def poisson_one(uniform: float, mean: float) -> int:
    """One Poisson count by inversion, as :func:`poisson`, without arrays."""
    if mean > _LARGE:
        return int(poisson(np.array([uniform]), np.array([mean]))[0])
    term = total = math.exp(-mean)
    k = 0
    while uniform >= total:
        k += 1
        term *= mean / k
        total += term
        if k > mean and term <= 1e-17:
            break
    return k


def binomial(uniforms: FloatArray, trials: IntArray, chance: FloatArray) -> IntArray:
    """Binomial counts by inversion, exact and monotone in ``chance``.

    ``uniforms``, ``trials`` (>= 0) and ``chance`` (in [0, 1]) have one shape. Meant for small expected
    counts (fighters); the loop runs to the largest count drawn.
    """
    counts = np.zeros(trials.shape, dtype=np.int64)
    # Above one half those who are spared are counted: the terms below would underflow.
    high = chance > 0.5
    some_high = bool(high.any())
    p = np.where(high, 1.0 - chance, chance) if some_high else chance
    u = np.where(high, 1.0 - np.nextafter(uniforms, 1.0), uniforms) if some_high else uniforms
    term = np.exp(trials * np.log1p(-p))
    above = (u >= term) & (trials > 0)
    large = trials * p > _LARGE / 2.0
    if large.any():
        from scipy.stats import binom as law

        counts[large] = np.maximum(law.ppf(u[large], trials[large], p[large]), 0.0)
        above &= ~large
    odds = p / (1.0 - p)
    total = term
    k = 0
    while above.any():
        k += 1
        counts += above
        term = term * odds * np.maximum(trials - k + 1, 0) / k
        total = total + term
        above &= (u >= total) & (trials > k) & ((k < trials * p) | (term > 1e-17))
    return np.where(high, trials - counts, counts) if some_high else counts


def binomial_rare(uniforms: FloatArray, trials: IntArray, chance: FloatArray) -> IntArray:
    """Binomial counts as :func:`binomial`, for cells most of which draw nobody: only the others are counted out."""
    if chance.max(initial=0.0) > 0.5:
        return binomial(uniforms, trials, chance)
    counts = np.zeros(trials.shape, dtype=np.int64)
    drawn = uniforms >= np.exp(trials * np.log1p(-chance))
    cells = np.logical_and(drawn, trials > 0).nonzero()
    rows = zip(uniforms[cells].tolist(), trials[cells].tolist(), chance[cells].tolist(), strict=True)
    counts[cells] = [binomial_one(u, n, p) for u, n, p in rows]
    return counts


def binomial_one(uniform: float, trials: int, chance: float) -> int:
    """One binomial count by inversion, as :func:`binomial`, without arrays."""
    if trials <= 0 or chance <= 0.0:
        return 0
    if chance >= 1.0:
        return trials
    if chance > 0.5:  # those who are spared are counted, as in :func:`binomial`
        return trials - binomial_one(1.0 - math.nextafter(uniform, 1.0), trials, 1.0 - chance)
    if trials * chance > 100.0:
        return int(binomial(np.array([uniform]), np.array([trials]), np.array([chance]))[0])
    term = total = math.exp(trials * math.log1p(-chance))
    odds = chance / (1.0 - chance)
    k = 0
    while uniform >= total and k < trials:
        k += 1
        term *= odds * (trials - k + 1) / k
        total += term
        if k > trials * chance and term <= 1e-17:
            break
    return k
