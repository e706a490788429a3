"""How much of the differences between points is the luck of their replicates, and what readers must know of it.

Squares of means over few replicates hold luck, and so do figures made of them. Products of *different* replicates hold
none, since their lucks are independent: they tell the variance of the mean response from that of the means.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from experiments.analysis.groups import words
from experiments.analysis.luck import mean_of, shared_luck

FloatArray = NDArray[np.float64]

#: A share of noise above this is told.
TOLD = 0.05
#: From this share of noise on, a number of replicates that would help is a guess and is not given.
LOST = 0.95
#: The share of noise that the advice on replicates aims at.
AIM = 0.10


def share_of(y: FloatArray, paired: bool) -> float:
    """Return which share of the variance between the points' means is luck of their replicates.

    The variance of the mean response is estimated by products of different replicates. Where replicates are paired
    across points, luck that moves all points alike is first taken out: it moves no difference between points.

    Parameters
    ----------
    y
        (points, replicates), NaN where missing.
    paired
        Whether replicates meet the same luck at all points.

    Returns
    -------
    float
        0 to 1; NaN with one replicate.
    """
    have = np.isfinite(y)
    count = have.sum(axis=1)
    several = count > 1
    if several.sum() < 2:
        return math.nan
    y, have, count = y[several], have[several], count[several]
    if paired:
        y = y - shared_luck(y)
    y = np.where(have, y - float(np.mean(mean_of(y))), 0.0)
    total, squares = y.sum(axis=1), (y**2).sum(axis=1)
    raw = float(np.mean((total / count) ** 2))
    clean = float(np.mean((total**2 - squares) / (count * (count - 1))))
    return min(max(1.0 - clean / raw, 0.0), 1.0) if raw > 0.0 else math.nan


def replicates_for(share: float, replicates: int, aim: float = AIM) -> int:
    """Return how many replicates bring the share of noise down to ``aim``: noise falls as one over their number."""
    noise = share * replicates / max(1.0 - share, 1e-9)
    return max(math.ceil(noise * (1.0 - aim) / aim - 1e-9), 1)


def advice_on(share: float, replicates: int) -> str:
    """Return which replicates would help, or that none can be named."""
    if share >= LOST:
        return "points cannot be told apart from luck"
    return f"give replicates={replicates_for(share, replicates)} or more"


def notes_on(share: float, replicates: int, paired: bool, outcome: str, *, corrected: bool) -> tuple[str, ...]:
    """Return what readers must know of the luck of replicates.

    Parameters
    ----------
    share
        Share of the variance between points that is noise; NaN with one replicate.
    corrected
        Whether the figures shown are freed of it.
    """
    if replicates == 1 or math.isnan(share):
        luck = "all points meet one and the same luck, for which alone the figures hold" if paired else "luck counts as an effect of the factors"
        return (f"one replicate a point: the noise of {words(outcome)} cannot be told from effects ({luck}); give replicates=5 or more",)
    if share <= TOLD:
        return ()
    if share >= LOST:
        return (f"replicate noise is {share:.0%} of the variance between points: points cannot be told apart from luck, and what follows may be luck alone",)
    advice = f"; replicates={replicates_for(share, replicates)} would bring it to {AIM:.0%}" if share > AIM else ""
    bias = f"what looks like an effect may hold for these {replicates} lucks only" if paired else "effects look weaker than they are"
    if corrected:
        bias = "the figures are corrected for it, those marked raw are not (their totals are too large)"
    return (f"replicate noise is {share:.0%} of the variance between points; {bias}{advice}",)
