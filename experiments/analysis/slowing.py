"""Indicators of critical slowing down in short series, their rise, and how well a rise tells two kinds of runs apart.

References
----------
.. [1] Scheffer, M. et al. (2009). Early-warning signals for critical transitions. Nature 461, 53-59.
.. [2] Dakos, V. et al. (2012). Methods for detecting early warnings of critical transitions in time series. PLoS ONE 7, e41010.
.. [3] Newcombe, R. G. (2006). Confidence intervals for an effect size measure based on the Mann-Whitney statistic, part 2.
   Statistics in Medicine 25, 559-573. (method 5)
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm, rankdata

FloatArray = NDArray[np.float64]

#: Standard deviation of the Gaussian kernel that takes the trend out, as a share of the series.
KERNEL = 0.15


def detrended(series: FloatArray) -> FloatArray:
    """Return series, (..., weeks), less their Gaussian kernel mean; its weights are cut and rescaled at the ends."""
    weeks = series.shape[-1]
    apart = np.subtract.outer(np.arange(weeks), np.arange(weeks)) / (KERNEL * weeks)
    weights = np.exp(-0.5 * apart**2)
    smooth = np.einsum("...j,ij->...i", series, weights / weights.sum(axis=1, keepdims=True))
    return np.asarray(series - smooth)


def rolling(residual: FloatArray, window: int) -> tuple[FloatArray, FloatArray]:
    """Return variance and lag-1 autocorrelation in rolling windows of residuals, (..., weeks - window + 1) each.

    The autocorrelation of a window without variance is 0.
    """
    parts = np.lib.stride_tricks.sliding_window_view(residual, window, axis=-1)
    apart = parts - parts.mean(axis=-1, keepdims=True)
    square = (apart**2).sum(axis=-1)
    lag = np.einsum("...i,...i->...", apart[..., :-1], apart[..., 1:])
    tiny = square <= 1e-18
    return square / (window - 1), np.where(tiny, 0.0, lag / np.where(tiny, 1.0, square))


def kendall(values: FloatArray) -> FloatArray:
    """Return Kendall's tau (b) of series with time, (...,); 0 for a constant series."""
    n = values.shape[-1]
    later, earlier = np.triu_indices(n, 1)[::-1]
    signs = np.sign(values[..., later] - values[..., earlier])
    untied = np.abs(signs).sum(axis=-1)
    return np.asarray(signs.sum(axis=-1) / np.sqrt(np.maximum(untied, 1.0) * (n * (n - 1) / 2.0)))


def rises(series: FloatArray, window: int) -> FloatArray:
    """Return the rise (Kendall's tau) of variance and of autocorrelation, (..., 2), after the trend is taken out."""
    variance, lag = rolling(detrended(series), window)
    return np.stack([kendall(variance), kendall(lag)], axis=-1)


def surrogates(series: FloatArray, count: int, generator: np.random.Generator) -> FloatArray:
    """Return AR(1) series without a change, (count, weeks), with the autocorrelation and variance of a series' residuals."""
    weeks = len(series)
    residual = detrended(series)
    residual = residual - residual.mean()
    power = float((residual**2).sum())
    if power <= 1e-18:
        return np.zeros((count, weeks))
    phi = float(np.clip((residual[:-1] * residual[1:]).sum() / power, -0.95, 0.95))
    spread = math.sqrt(power / (weeks - 1))
    noise = generator.standard_normal((count, weeks))
    out = np.empty((count, weeks))
    out[:, 0] = noise[:, 0]
    for week in range(1, weeks):
        out[:, week] = phi * out[:, week - 1] + math.sqrt(1.0 - phi**2) * noise[:, week]
    return spread * out


def auc(events: FloatArray, others: FloatArray) -> float:
    """Return the chance that a value of ``events`` is above one of ``others``, ties by half: the area under the ROC curve."""
    ranks = rankdata(np.concatenate([events, others]))
    m, n = len(events), len(others)
    return float((ranks[:m].sum() - m * (m + 1) / 2.0) / (m * n))


def auc_interval(area: float, m: int, n: int, level: float) -> tuple[float, float]:
    """Return Newcombe's interval of an area from ``m`` and ``n`` independent values; it has a width at 0 and 1 too [3]_."""
    z = float(norm.ppf(0.5 + level / 2.0))
    middle = (m + n) / 2.0 - 1.0

    def half(a: float) -> float:
        return z * math.sqrt(max(a * (1.0 - a) * (1.0 + middle * (1.0 - a) / (2.0 - a) + middle * a / (1.0 + a)) / (m * n), 0.0))

    # Both functions are 0 at 0 and 1 as well, which is not the bound that is sought.
    low = 0.0 if area <= 0.0 else float(brentq(lambda a: area - a - half(a), 0.0, area - 1e-9))
    high = 1.0 if area >= 1.0 else float(brentq(lambda a: a - area - half(a), area + 1e-9, 1.0))
    return low, high


def roc(events: FloatArray, others: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the ROC curve: shares of others and of events at or above each threshold, from (0, 0) to (1, 1)."""
    cuts = np.unique(np.concatenate([events, others]))[::-1]
    false = [0.0, *((others >= cut).mean() for cut in cuts)]
    true = [0.0, *((events >= cut).mean() for cut in cuts)]
    return np.array(false), np.array(true)
