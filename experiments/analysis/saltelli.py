"""Saltelli's design block by block, and the estimators of Sobol' indices that are free of the luck of replicates.

First order as Saltelli et al. (2010), total as Jansen (1999), second order as Saltelli (2002). With several replicates
every product of two outcomes is one of *different* replicates: a square of a mean over R replicates is larger than the
square of the expectation by the noise over R, a product of different replicates is not, whether the luck is that of
one run or shared by all points.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.analysis import samples
from experiments.analysis.luck import shared_luck
from experiments.analysis.study import Study

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Blocks:
    """Outcomes in Saltelli's order, centred.

    Attributes
    ----------
    y
        (blocks, rows of a block, replicates): A, AB_1 ... AB_D, (BA_1 ... BA_D,) B; zero where not used.
    used
        (blocks, replicates): a replicate counts in a block when all runs of the block have it.
    factors
        D.
    products
        (blocks, products, replicates): what is to be taken off so that only different replicates are multiplied.
    dropped
        Blocks left out.
    paired
        Whether replicates meet the same luck at all points.
    """

    y: FloatArray
    used: BoolArray
    factors: int
    products: FloatArray
    dropped: int
    paired: bool

    @property
    def clean(self) -> bool:
        """Whether there are replicates enough to free the figures of their luck.

        Two do where every run has a luck of its own. Two that all points share give a single product, whose error no
        number of points lessens: three are needed.
        """
        return bool(self.y.shape[2] >= (3 if self.paired else 2))

    @property
    def runs(self) -> int:
        """Runs that are used."""
        return int(self.used.sum() * self.y.shape[1])


@dataclass(frozen=True)
class Indices:
    """Indices of one outcome: first order and total (factors,), second order (pairs,), and the variance between points."""

    first: FloatArray
    total: FloatArray
    pairs: FloatArray
    variance: float


def blocks_of(study: Study, outcome: str) -> Blocks:
    """Arrange an outcome in blocks; drop replicates that a block lacks, and blocks with too few left.

    A block needs all replicates when there is one, else at least two and at least half of them.
    """
    size, count = samples.block_size(study), len(study.plan.design.factors)
    table = study.values(outcome)
    y = table.reshape(-1, size, table.shape[1])
    used = np.asarray(np.isfinite(y).all(axis=1))
    need = 1 if y.shape[2] == 1 else max(2, -(-y.shape[2] // 2))
    kept = used.sum(axis=1) >= need
    y, used, paired = y[kept], used[kept], samples.is_paired(study)
    seen = np.broadcast_to(used[:, None, :], y.shape)
    if not len(y):
        return Blocks(y, used, count, y, int((~kept).sum()), paired)
    if paired:  # luck that moves all points alike moves no index
        y = y - shared_luck(np.where(seen, y, np.nan).reshape(-1, y.shape[2]))
    y = np.where(seen, y - float(np.mean(y[seen])), 0.0)
    return Blocks(y, used, count, _products(y, count), int((~kept).sum()), paired)


def _products(y: FloatArray, count: int) -> FloatArray:
    a, b, ab, ba = _parts(y, count)
    step = ab - a
    columns = [a**2, b**2, b * step, step**2]
    if ba.shape[1]:
        left, right = pairs_of(count)
        columns.append(ba[:, left] * ab[:, right] - a * b)
    return np.concatenate(columns, axis=1)


def _parts(y: FloatArray, count: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    return y[:, :1], y[:, -1:], y[:, 1 : count + 1], y[:, count + 1 : -1]


def pairs_of(count: int) -> tuple[list[int], list[int]]:
    """Return the first and the second factor of every pair."""
    pairs = list(itertools.combinations(range(count), 2))
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def estimate(blocks: Blocks, rows: FloatArray | None = None, lots: FloatArray | None = None, *, clean: bool | None = None) -> Indices:
    """Compute the indices.

    Parameters
    ----------
    rows
        Weights of the blocks, summing to 1; even by default.
    lots
        Weights of the replicates; even by default.
    clean
        Whether to multiply different replicates only; by default when there are enough.
    """
    clean = blocks.clean if clean is None else clean
    number, _, replicates = blocks.y.shape
    rows = np.full(number, 1.0 / number) if rows is None else rows
    share = blocks.used * (np.ones(replicates) if lots is None else lots)
    sums = np.matmul(blocks.y, share[:, :, None])[:, :, 0]
    norm = share.sum(axis=1) ** 2 - ((share**2).sum(axis=1) if clean else 0.0)
    a, b, ab, ba = _parts(sums, blocks.factors)
    step = ab - a
    columns = [a**2, b**2, b * step, step**2]
    if ba.shape[1]:
        left, right = pairs_of(blocks.factors)
        columns.append(ba[:, left] * ab[:, right] - a * b)
    crossed = np.concatenate(columns, axis=1)
    if clean:
        crossed = crossed - np.matmul(blocks.products, (share**2)[:, :, None])[:, :, 0]
    means = rows @ (crossed / norm[:, None])
    middle = float(rows @ ((a + b)[:, 0] / (2.0 * share.sum(axis=1))))
    variance = float(means[:2].mean()) - middle**2
    scale = variance if variance > 0.0 else np.nan
    count = blocks.factors
    first, total = means[2 : 2 + count] / scale, 0.5 * means[2 + count : 2 + 2 * count] / scale
    pairs = means[2 + 2 * count :] / scale
    if len(pairs):
        pairs = pairs - first[left] - first[right]
    return Indices(first, total, pairs, variance)
