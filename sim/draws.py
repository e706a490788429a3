"""Exact draws: counts by inversion from uniforms, competing risks, people without replacement.

Counts that are small (attacks, fighters) are drawn by inversion, one uniform a cell: the draw is
exact in distribution and monotone in its rate, so two policies under one seed differ only where the
rate differs. People are drawn by multinomials, which cost the same for any number of people.
"""

from __future__ import annotations

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
    largest = float(mean.max())
    if largest > _LARGE:
        from scipy.stats import poisson as law

        return np.asarray(law.ppf(uniforms, mean), dtype=np.int64).clip(min=0)
    total = term.copy()
    limit = int(largest + 20.0 * np.sqrt(largest) + 60.0)
    for k in range(1, limit):
        counts += above
        term = term * (mean / k)
        total += term
        above = uniforms >= total
        if not above.any():
            break
    return counts


def binomial(uniforms: FloatArray, trials: IntArray, chance: FloatArray) -> IntArray:
    """Binomial counts by inversion, exact and monotone in ``chance``.

    ``uniforms``, ``trials`` (>= 0) and ``chance`` (in [0, 1]) have one shape. Meant for small expected
    counts (fighters); the loop runs to the largest count drawn.
    """
    p = np.minimum(chance, 1.0 - 1e-12)
    term = np.exp(trials * np.log1p(-p))
    counts = np.zeros(trials.shape, dtype=np.int64)
    above = (uniforms >= term) & (trials > 0)
    if not above.any():
        return counts
    if float((trials * p).max()) > _LARGE:
        from scipy.stats import binom as law

        return np.asarray(law.ppf(uniforms, trials, chance), dtype=np.int64).clip(0, trials)
    total = term.copy()
    odds = p / (1.0 - p)
    for k in range(1, int(trials.max()) + 1):
        counts += above
        term = term * odds * np.maximum(trials - k + 1, 0) / k
        total += term
        above = (uniforms >= total) & (trials > k)
        if not above.any():
            break
    return counts


def risks_to_chances(hazards: FloatArray) -> FloatArray:
    """Turn competing hazards into chances, *stay* last.

    Parameters
    ----------
    hazards
        Array (..., reasons), 1/day, >= 0.

    Returns
    -------
    Array (..., reasons + 1): p_r = (1 - exp(-sum h)) h_r / sum h, and the chance to stay.
    """
    total = hazards.sum(axis=-1, keepdims=True)
    leave = -np.expm1(-total)
    chances = np.empty((*hazards.shape[:-1], hazards.shape[-1] + 1))
    safe = np.where(total > 0.0, total, 1.0)
    chances[..., :-1] = hazards * (leave / safe)
    # 1 - sum of the others (not exp(-sum)): NumPy wants the last chance to close the sum to 1.
    chances[..., -1] = np.maximum(1.0 - chances[..., :-1].sum(axis=-1), 0.0)
    return chances


def split(rng: np.random.Generator, counts: IntArray, weights: FloatArray) -> IntArray:
    """Share out counts over targets: one multinomial a row.

    Parameters
    ----------
    counts
        Integer array (rows,).
    weights
        Array (rows, targets) >= 0 with a positive sum in every row where ``counts`` > 0.

    Returns
    -------
    Integer array (rows, targets) whose rows sum to ``counts``.
    """
    return settle_strays(rng.multinomial(counts, shares(weights)), weights)


def shares(weights: FloatArray) -> FloatArray:
    """Turn rows of weights into chances that NumPy's multinomial accepts."""
    total = weights.sum(axis=1, keepdims=True)
    chances = weights / np.where(total > 0.0, total, 1.0)
    # Rounding may leave the sum of the first k-1 a hair above 1, which NumPy refuses.
    cumulated = chances[:, :-1].sum(axis=1)
    if (cumulated > 1.0).any():
        chances /= np.maximum(cumulated, 1.0)[:, None] * (1.0 + 1e-12)
    return np.asarray(chances)


def settle_strays(drawn: IntArray, weights: FloatArray) -> IntArray:
    """Give the remainder of rounding, which a multinomial leaves at the last target, to the heaviest one."""
    stray = drawn[:, -1] * (weights[:, -1] <= 0.0)
    if stray.any():
        rows = np.flatnonzero(stray)
        drawn[rows, weights[rows].argmax(axis=1)] += stray[rows]
        drawn[rows, -1] -= stray[rows]
    return drawn


def pick(rng: np.random.Generator, counts: IntArray, number: int) -> IntArray:
    """Take ``number`` people at random without replacement from cells with ``counts`` people.

    Exact for any size: people are numbered along the cells, and distinct numbers are drawn. Takes all
    when fewer than ``number`` are there.

    Returns
    -------
    Integer array like ``counts``: how many were taken from each cell.
    """
    ends = counts.cumsum()
    total = int(ends[-1]) if ends.size else 0
    if number >= total:
        return counts.copy()
    if number <= 0:
        return np.zeros_like(counts)
    if number * 4 > total:
        chosen = rng.permutation(total)[:number]
    else:
        drawn: list[int] = []
        seen: set[int] = set()
        while len(drawn) < number:
            for person in rng.integers(0, total, size=number - len(drawn)).tolist():
                if person not in seen:
                    seen.add(person)
                    drawn.append(person)
        chosen = np.asarray(drawn, dtype=np.int64)
    cells = np.searchsorted(ends, chosen, side="right")
    return np.bincount(cells, minlength=counts.size).astype(np.int64)


def share_out(rng: np.random.Generator, counts: IntArray, number: int) -> IntArray:
    """Take ``number`` people without replacement from cells, for large numbers too.

    Multivariate hypergeometric; above a billion people (where NumPy's stops) by rounded proportion,
    whose error is below one person a cell.
    """
    total = int(counts.sum())
    if number >= total:
        return counts.copy()
    if number <= 0:
        return np.zeros_like(counts)
    if total < 1_000_000_000:
        flat = rng.multivariate_hypergeometric(counts.ravel(), number, method="marginals")
        return np.asarray(flat, dtype=np.int64).reshape(counts.shape)
    exact = counts.ravel() * (number / total)
    taken = np.minimum(np.floor(exact).astype(np.int64), counts.ravel())
    order = np.argsort(taken - exact, kind="stable")
    missing = number - int(taken.sum())
    for cell in order[:missing]:
        taken[cell] += taken[cell] < counts.ravel()[cell]
    return taken.reshape(counts.shape)
