"""PAWN: how far fixing a factor moves the whole distribution of an outcome (Pianosi & Wagener 2015, 2018).

The sample is cut in slices of a factor; the index is the median over slices of the largest distance (Kolmogorov and
Smirnov's) between the distribution in the slice and that of all. It takes any spread-out sample and needs no moments,
so it suits skewed and two-peaked outcomes. Slices hold equally many rows, choices and whole numbers with few values
make a slice each: SALib's slices are quantiles, which fall together there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments.analysis import bars, noise, samples
from experiments.analysis.finding import Finding
from experiments.analysis.groups import generator, short_key, stem, words
from experiments.analysis.luck import shared_luck
from experiments.analysis.study import Study
from experiments.figures import style

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DESIGNS = samples.SPREAD
#: Fewer rows are refused; a slice has at least so many.
FEWEST, IN_SLICE = 40, 10


def pawn(
    study: Study, outcomes: Sequence[str], *, slices: int = 10, resamples: int = 200, level: float = 0.95, seed: int = 1
) -> list[Finding]:
    """Compute PAWN indices with bootstrap intervals and the threshold that a factor without effect stays below.

    Parameters
    ----------
    study
        A study of design ``lhs``, ``sobol`` (its independent points) or ``file``.
    outcomes
        Which outcomes; of each the mean over replicates.
    slices
        Slices of a factor; fewer when they would hold less than ten rows.
    resamples, level, seed
        Of the bootstrap; ``resamples`` dummy factors give the threshold.

    Raises
    ------
    InputError
        When the design is another one.
    """
    samples.need_design(study, "pawn", DESIGNS, "its points are not spread over the space")
    samples.check_options("pawn", resamples=resamples, level=level, slices=slices)
    return [_one(study, outcome, slices, resamples, level, seed) for outcome in samples.chosen_outcomes(study, outcomes)]


def slice_of(x: FloatArray, slices: int) -> IntArray:
    """Return the slice of every row: equally many rows each, or one a value where there are at most ``slices`` values."""
    values, inverse = np.unique(x, return_inverse=True)
    if len(values) <= slices:
        return np.asarray(inverse.ravel(), dtype=np.int64)
    # Ranks by first value of ties: rows of one value share a slice.
    rank = np.searchsorted(np.sort(x), x, side="left")
    return np.minimum(rank * slices // len(x), slices - 1).astype(np.int64)


def distances(y: FloatArray, cut: IntArray) -> FloatArray:
    """Return the Kolmogorov-Smirnov distance of every slice's distribution to that of all, (slices,)."""
    order = np.argsort(y, kind="stable")
    last = np.append(np.diff(y[order]) > 0.0, True)  # where the step of a distribution is complete
    every = np.arange(1, len(y) + 1) / len(y)
    kinds = np.unique(cut)
    inside = (cut[order][None, :] == kinds[:, None]).astype(np.float64)
    part = np.cumsum(inside, axis=1) / inside.sum(axis=1, keepdims=True)
    return np.asarray(np.abs(part - every)[:, last].max(axis=1))


def indices(x: FloatArray, y: FloatArray, slices: int) -> FloatArray:
    """Return the PAWN index (median over slices) of every factor, (factors,)."""
    return np.array([np.median(distances(y, slice_of(column, slices))) for column in x.T])


def _one(study: Study, outcome: str, slices: int, resamples: int, level: float, seed: int) -> Finding:
    title = f"PAWN indices of {words(outcome)}"
    sample = samples.sample_of(study, outcome)
    rows = len(sample.points)
    if rows < FEWEST:
        return samples.refused("pawn", outcome, title, f"{rows} points with a value are too few; at least {FEWEST} are needed")
    if samples.is_constant(sample.y):
        return samples.refused("pawn", outcome, title, f"{words(outcome)} does not differ between points")
    y, cuts = sample.mean, max(min(slices, rows // IN_SLICE), 2)
    best = indices(sample.x, y, cuts)
    luck = generator(seed, f"pawn {outcome}")
    drawn = np.empty((resamples, len(best)))
    paired = samples.is_paired(study)
    for at in range(resamples):
        again, mean, _ = samples.resampled(luck, sample)
        drawn[at] = indices(sample.x[again], mean, cuts)
    # Distances grow with every tie that a resample makes; the interval is that of the draws, moved back to the estimate.
    low, high = (np.clip(bound - drawn.mean(axis=0) + best, 0.0, 1.0) for bound in samples.span(drawn, level))
    share = noise.share_of(sample.y, paired)
    threshold = _thresholds(sample, y, cuts, resamples, level, luck)
    if paired and share > 0.0:  # not with one replicate, which has no share
        threshold = np.maximum(threshold, _luck_thresholds(sample, share, cuts, resamples, level, luck))
    table = pd.DataFrame({"factor": [factor.key for factor in sample.factors], "PAWN": best, "PAWN_low": low, "PAWN_high": high, "threshold": threshold})
    table["above"] = table["PAWN"] > table["threshold"]
    table["slices"], table["rows"] = [len(np.unique(slice_of(column, cuts))) for column in sample.x.T], rows
    notes = (*sample.notes, *noise.notes_on(share, study.plan.replicates, paired, outcome, corrected=False))
    if cuts < slices:
        notes += (f"{cuts} slices instead of {slices}, so that each holds {IN_SLICE} points or more",)
    caption = study.caption(sample.runs, samples.interval_words(level, resamples, paired, sample.y.shape[1], "points"))
    return Finding(f"pawn_{stem(outcome)}", title, _says(table, outcome, samples.for_lucks(paired, sample.y.shape[1])), table, notes, lambda: _draw(table, title, caption))


def _thresholds(sample: samples.Sample, y: FloatArray, slices: int, dummies: int, level: float, luck: np.random.Generator) -> FloatArray:
    """Return what a factor without effect stays below, by slices of the same sizes dealt out at random, (factors,)."""
    known: dict[tuple[int, ...], float] = {}
    found = []
    for column in sample.x.T:
        cut = slice_of(column, slices)
        sizes = tuple(np.unique(cut, return_counts=True)[1].tolist())
        if sizes not in known:
            known[sizes] = float(np.quantile([np.median(distances(y, _dealt(cut, sample.copies, luck))) for _ in range(dummies)], level))
        found.append(known[sizes])
    return np.array(found)


def _luck_thresholds(sample: samples.Sample, share: float, slices: int, draws: int, level: float, luck: np.random.Generator) -> FloatArray:
    """Return what a factor stays below whose effect goes up under one luck and down under another, (factors,).

    What the shared lucks do to points is kept, its sign turned at random luck by luck; the mean response is dealt out
    anew to the points, so that no factor has an effect on it.
    """
    mean, lucks = sample.mean, sample.y.shape[1]
    rest = np.where(np.isfinite(sample.y), sample.y - shared_luck(sample.y) - mean[:, None], 0.0)
    rest = rest * math.sqrt(lucks / (lucks - 1)) / lucks
    found = []
    for _ in range(draws):
        turned = rest @ luck.choice((-1.0, 1.0), lucks)
        found.append(indices(sample.x, luck.permutation(mean - mean.mean()) * math.sqrt(1.0 - share) + turned, slices))
    return np.asarray(np.quantile(found, level, axis=0))


def _dealt(cut: IntArray, copies: IntArray, luck: np.random.Generator) -> IntArray:
    """Return slices dealt out at random, points of one world together as far as the sizes of slices allow."""
    if copies.max() + 1 == len(cut):
        return luck.permutation(cut)
    dealt = np.empty_like(cut)
    dealt[np.argsort(luck.permutation(int(copies.max()) + 1)[copies], kind="stable")] = np.sort(cut)
    return dealt


def _says(table: pd.DataFrame, outcome: str, lucks: str) -> str:
    order = bars.shown(table["PAWN"].to_numpy())
    told = [f"{short_key(row['factor'])} ({row['PAWN']:.2f})" for _, row in table.iloc[order].iterrows()]
    sure = [text for at, text in zip(order, told, strict=True) if table["PAWN_low"][at] > table["threshold"][at]]
    perhaps = [text for at, text in zip(order, told, strict=True) if table["above"][at] and text not in sure]
    rest = [short_key(table["factor"][at]) for at in order if not table["above"][at]]
    if not sure and not perhaps:
        return f"{lucks}No factor moves the distribution of {words(outcome)} more than a dummy factor would."
    text = f"The distribution of {words(outcome)} moves with {', '.join(sure)}." if sure else f"No factor moves the distribution of {words(outcome)} for certain."
    text += f" Perhaps with {', '.join(perhaps)}, whose interval reaches below what a factor without effect gets." if perhaps else ""
    return lucks + text + (f" Not told from a factor without effect: {', '.join(rest)}." if rest else "")


def _draw(table: pd.DataFrame, title: str, caption: str) -> Figure:
    order = bars.shown(table["PAWN"].to_numpy())
    part = table.iloc[order]
    series = [bars.Series("", part["PAWN"].to_numpy(), part["PAWN_low"].to_numpy(), part["PAWN_high"].to_numpy(), style.BLUE)]
    mark = bars.Mark(part["threshold"].to_numpy(), "a factor without effect stays below")
    subtitle = "Median distance between the distribution within a slice of the factor and that of all points"
    if len(part) < len(table):
        subtitle += f"; the {len(part)} largest of {len(table)}"
    return bars.draw_bars(title, subtitle, caption, [short_key(key) for key in part["factor"]], series, "Kolmogorov-Smirnov distance, 0 to 1", mark)
