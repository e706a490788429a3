"""Exact draws: counts by inversion from uniforms, competing risks, people without replacement.

Counts that are small (attacks, fighters) are drawn by inversion, one uniform a cell: the draw is
exact in distribution and monotone in its rate, so two policies under one seed differ only where the
rate differs. People are drawn by multinomials, which cost the same for any number of people.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.inversion import binomial, binomial_one, binomial_rare, poisson, poisson_one, poisson_rare

__all__ = [
    "Table", "binomial", "binomial_one", "binomial_rare", "binomials", "pick", "poisson", "poisson_one", "poisson_rare", "risks_to_chances",
    "settle_strays", "share_out", "shares", "split", "spread", "spread_few",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]



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


def binomials(rng: np.random.Generator, counts: IntArray, chance: FloatArray) -> IntArray:
    """Binomial counts as ``rng.binomial`` draws them, without the price of its checks where few are expected.

    NumPy draws by inversion of one uniform a cell up to 30 expected and a chance of one half, and none for a cell
    without a chance; so does this.
    """
    able = chance.nonzero()[0]
    trials, p = counts[able], chance[able]
    if p.max(initial=0.0) > 0.5 or float(np.add.reduce(trials * p)) > _FEW:
        return rng.binomial(counts, chance)
    drawn = np.zeros(len(counts), dtype=np.int64)
    drawn[able] = binomial_rare(rng.random(len(able)), trials, p)
    return drawn


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


class Table:
    """Rows of weights over targets, kept ready for drawing.

    Parameters
    ----------
    weights
        (rows, targets) >= 0. A row without any weight has no target (see :attr:`possible`).
    pattern
        (rows, targets) which weights can ever be positive; the others are left out of all work. Without
        it every target is kept.
    """

    def __init__(self, weights: FloatArray, pattern: NDArray[np.bool_] | None = None) -> None:
        rows, width = weights.shape
        self._columns: IntArray | None = None
        if pattern is not None:
            width = max(int(pattern.sum(axis=1).max(initial=1)), 1)
            # Stable: targets keep their order, and the few kept ones come first.
            self._columns = np.ascontiguousarray(np.argsort(~pattern, axis=1, kind="stable")[:, :width])
        self.width = width
        self.weights = np.empty((rows, width))  #: (rows, kept targets)
        self.possible = np.empty(rows, dtype=np.bool_)
        self._cumulated = np.empty((rows, width))
        #: Running sums of all rows end to end, row r from r to r + 1: one search finds a target in any row.
        self._keys = np.empty((rows, width))
        self.write(0, weights)

    def write(self, first: int, weights: FloatArray) -> None:
        """Replace rows from ``first`` on; ``weights`` are over all targets."""
        part = slice(first, first + len(weights))
        kept = weights if self._columns is None else np.take_along_axis(weights, self._columns[part], axis=1)
        cumulated = kept.cumsum(axis=1)
        last = cumulated[:, -1:]
        self.weights[part] = kept
        self.possible[part] = last[:, 0] > 0.0
        self._cumulated[part] = cumulated / np.where(last > 0.0, last, 1.0)
        self._keys[part] = self._cumulated[part] + np.arange(part.start, part.stop)[:, None]

    def choose(self, uniforms: FloatArray, row: IntArray) -> IntArray:
        """Target of each person by inversion."""
        found = self._keys.ravel().searchsorted(row + uniforms, side="right") - row * self.width
        # row + u may round up to the next row when u is within 1e-12 of 1: then the last target that counts.
        if len(found) and found.max() >= self.width:
            over = found >= self.width
            found[over] = (self._cumulated[row[over]] < 1.0).sum(axis=1)
        return self.targets(row, found)

    def targets(self, row: IntArray, kept: IntArray) -> IntArray:
        """Turn positions among the kept targets into targets."""
        return np.asarray(kept if self._columns is None else self._columns[row, kept])


#: Up to this many people a row it is cheaper to draw a target for each person than a multinomial for the row.
_FEW = 20


def spread(rng: np.random.Generator, counts: IntArray, table: Table, index: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Share out counts over the targets of rows of a table, exactly.

    The same law either way: few people choose one by one by inversion, many by one multinomial a row.

    Parameters
    ----------
    counts
        (rows,) people > 0.
    table, index
        Row ``index[i]`` of the table holds the targets of ``counts[i]`` people; it must have one.

    Returns
    -------
    Three arrays of one length: which row of ``counts``, target, number of people. Pairs may recur.
    """
    most = int(counts.max(initial=1))
    if most <= _FEW:
        which = np.arange(len(counts))
        if most > 1:
            which = which.repeat(counts)
            index = index[which]
        return which, table.choose(rng.random(len(which)), index), np.ones(len(which), dtype=np.int64)
    few = counts <= _FEW
    small, large = few.nonzero()[0], (~few).nonzero()[0]
    which = small.repeat(counts[small])
    target = table.choose(rng.random(len(which)), index[which])
    weights = table.weights[index[large]]
    drawn = settle_strays(rng.multinomial(counts[large], shares(weights)), weights)
    row, column = np.nonzero(drawn)
    return (
        np.concatenate([which, large[row]]),
        np.concatenate([target, table.targets(index[large][row], column)]),
        np.concatenate([np.ones(len(which), dtype=np.int64), drawn[row, column]]),
    )


def spread_few(rng: np.random.Generator, counts: IntArray, weights: FloatArray) -> tuple[IntArray, IntArray, IntArray]:
    """Share out counts over a few targets whose weights are new every time, as :func:`spread`.

    Parameters
    ----------
    counts
        (rows,) people > 0.
    weights
        (targets, rows) >= 0 with a positive sum in every column.
    """
    if int(counts.sum()) > _FEW * len(counts):
        return spread(rng, counts, Table(np.ascontiguousarray(weights.T)), np.arange(len(counts)))
    which = np.arange(len(counts)).repeat(counts)
    cumulated = weights.cumsum(axis=0)
    # Dividing by the total makes the last running sum exactly 1, above every uniform.
    cumulated /= cumulated[-1]
    target = np.add.reduce(rng.random(len(which)) >= cumulated[:-1].take(which, axis=1), axis=0, dtype=np.int64)
    return which, target, np.ones(len(which), dtype=np.int64)


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
    if number == 1 < total:
        taken = np.zeros_like(counts)
        taken[int(ends.searchsorted(rng.integers(0, total), side="right"))] = 1
        return taken
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
    shaped: IntArray = taken.reshape(counts.shape)
    return shaped
