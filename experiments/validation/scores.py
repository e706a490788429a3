"""How far simulated camp counts are from registered ones.

The measure is the averaged relative difference (ARD) of the displacement literature, day by day: the sum over camps
of absolute differences, divided by the people registered in all camps on that day. *Normal* takes the counts as they
are; *rescaled* first scales the simulated counts of a day to the registered total of that day, which hides people
who have not reached a camp yet. A score without the word is the normal one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.outcomes import relative_difference

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class CampError:
    """How far one camp is off: people on average over days, and the last day's counts."""

    mean_absolute_error: float
    simulated: float
    data: float
    relative_error: float


def ard(simulated: ArrayLike, data: ArrayLike) -> FloatArray:
    """Return the averaged relative difference of every day, (days,).

    Parameters
    ----------
    simulated, data
        People in each camp, (days, camps).
    """
    counts, known = _pair(simulated, data)
    return relative_difference(counts, known)


def rescaled_ard(simulated: ArrayLike, data: ArrayLike) -> FloatArray:
    """Return the ARD of every day after scaling the simulated counts to the registered total of that day.

    A day on which nobody is in a simulated camp keeps its zeros.
    """
    counts, known = _pair(simulated, data)
    total = counts.sum(axis=1)
    scale = np.divide(known.sum(axis=1), total, out=np.zeros_like(total), where=total > 0.0)
    return ard(counts * scale[:, None], known)


def camp_errors(simulated: ArrayLike, data: ArrayLike) -> tuple[CampError, ...]:
    """Return the errors of each camp: mean absolute error over days, and the last day.

    The relative error of the last day is ``|simulated / data - 1|``, and 0 by convention where nobody is registered.
    """
    counts, known = _pair(simulated, data)
    mean = np.abs(counts - known).mean(axis=0)
    return tuple(
        CampError(float(error), float(count), float(there), abs(float(count) / float(there) - 1.0) if there else 0.0)
        for error, count, there in zip(mean, counts[-1], known[-1], strict=True)
    )


def _pair(simulated: ArrayLike, data: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return both tables as floats of one shape."""
    counts, known = np.asarray(simulated, dtype=np.float64), np.asarray(data, dtype=np.float64)
    if counts.shape != known.shape or counts.ndim != 2 or not len(counts):
        raise ValueError(f"simulated {counts.shape} and data {known.shape} must be (days, camps) alike")
    return counts, known
