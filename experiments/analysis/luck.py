"""Luck that points share, taken out where runs are missing, and points that are copies of each other.

With ``seeds=crn`` replicate r is the same luck at all points. A point that lacks a lucky replicate then has a mean that
is too low: the mean of what is left compares lucks and not points. So runs are read as point + replicate (two-way
fit, least squares), and the part of the replicate is taken out before the mean.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from experiments.analysis.study import Study

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


def mean_of(y: FloatArray) -> FloatArray:
    """Return the mean over replicates, last axis, of those that there are; NaN where there is none."""
    have = np.isfinite(y)
    count = have.sum(axis=-1)
    total = np.where(have, y, 0.0).sum(axis=-1)
    return np.asarray(np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0))


def shared_luck(y: FloatArray, lots: FloatArray | None = None) -> FloatArray:
    """Return by how much each replicate lies above the mean replicate, at equal points.

    Parameters
    ----------
    y
        (points, replicates), NaN where missing.
    lots
        Weights of replicates; 1 each by default.

    Returns
    -------
    numpy.ndarray
        (replicates,), their weighted sum zero.
    """
    lots = np.ones(y.shape[1]) if lots is None else lots
    have = np.isfinite(y)
    weight = (have * lots)[have.any(axis=1)]
    own = np.where(have, y - (float(np.mean(y[have])) if have.any() else 0.0), 0.0)[have.any(axis=1)] * weight
    share = weight / weight.sum(axis=1, keepdims=True)
    # Normal equations of replicates, the points solved for.
    left = np.diag(weight.sum(axis=0)) - weight.T @ share
    luck = np.linalg.pinv(left, hermitian=True) @ (own.sum(axis=0) - share.T @ own.sum(axis=1))
    return np.asarray(luck - float(luck @ lots) / float(lots.sum()))


def comparable(have: BoolArray) -> BoolArray:
    """Return which points share lucks with the most others, directly or through points between, (points,)."""
    linked = (have.T.astype(np.float64) @ have > 0) | np.eye(have.shape[1], dtype=bool)
    for _ in range(have.shape[1].bit_length()):
        linked = linked.astype(np.float64) @ linked > 0
    inside = have @ linked.T.astype(np.float64) > 0  # (points, replicates): whether the replicate can be reached
    return np.asarray(inside[:, int(inside.sum(axis=0).argmax())])


def point_means(y: FloatArray, paired: bool, lots: FloatArray | None = None) -> FloatArray:
    """Return the mean of every point over the replicates that it has; where all points share lucks, freed of which it has.

    Parameters
    ----------
    y
        (points, replicates), NaN where missing.
    paired
        Whether replicates are the same luck at all points.
    lots
        Weights of replicates; 1 each by default.

    Returns
    -------
    numpy.ndarray
        (points,); NaN for a point without a run, and for one that shares no luck with the others.
    """
    have = np.isfinite(y)
    if paired and y.shape[1] > 1 and not have.all():
        y = y - shared_luck(y, lots)
        have = have & comparable(have)[:, None]
    if lots is None:
        return mean_of(np.where(have, y, np.nan))
    weight = have * lots
    total = weight.sum(axis=1)
    return np.asarray(np.divide((np.where(have, y, 0.0) * weight).sum(axis=1), total, out=np.full(len(y), np.nan), where=total > 0))


def copies_of(study: Study, points: IntArray) -> IntArray:
    """Return which world each point is, (points,): points whose runs are the same to the last bit are one world.

    Where all points share lucks, points that differ in factors without any effect have the same runs, and so have
    rows that a file repeats. They are not independent: what is known of one is known of all. Whole numbers can be equal
    by chance, so that without any other number only points that differ in factors that nowhere have an effect count.
    """
    runs = np.concatenate([study.values(name)[points] for name in study.outcomes], axis=1)
    if study.plan.seeds != "crn" or not len(points):
        return np.arange(len(points))
    code = np.where(np.isfinite(runs), runs, np.inf)
    same = _first_seen(code)
    ran = np.isfinite(runs).reshape(len(points), len(study.outcomes), -1).any(axis=1)
    for at in np.flatnonzero(~ran.all(axis=1)):  # a point that lacks runs is a copy of one that has the same in the others
        seen = np.tile(ran[at], len(study.outcomes))
        twins = np.flatnonzero((code[:, seen] == code[at, seen]).all(axis=1))
        same[at] = same[twins[ran[twins].sum(axis=1).argmax()]]
    if not np.mod(runs[np.isfinite(runs)], 1.0).any():
        names = [[repr(value) for value in study.plan.design.points[point]] for point in points]
        same = _first_seen(_without_inert(np.array([np.unique(column, return_inverse=True)[1] for column in zip(*names, strict=True)]).T, same))
    return np.unique(same, return_inverse=True)[1].astype(np.int64)


def _first_seen(rows: NDArray[np.generic]) -> IntArray:
    """Return for every row the first row that is equal to it."""
    first: dict[bytes, int] = {}
    return np.array([first.setdefault(np.ascontiguousarray(row).tobytes(), at) for at, row in enumerate(rows)], dtype=np.int64)


def _without_inert(x: IntArray, same: IntArray) -> IntArray:
    """Return the factors (points, factors) without those whose change alone, of all points that allow it, changes no run."""
    at = 0
    while at < x.shape[1]:
        rest = np.delete(x, at, axis=1)
        part = _first_seen(rest)
        inert = len(np.unique(part)) < len(x) and bool((same == same[part]).all())
        x, at = (rest, at) if inert else (x, at + 1)
    return x
