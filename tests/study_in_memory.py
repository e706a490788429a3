"""Studies in memory whose outcomes are computed by a formula, so that the truth is known."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from made_studies import made
from numpy.typing import NDArray

from experiments.analysis.study import Study
from experiments.study.designs import Design
from experiments.study.factors import Factor

FloatArray = NDArray[np.float64]
Formula = Callable[[FloatArray], FloatArray]
#: Truth of the Ishigami function (Ishigami & Homma 1990): first order and total.
FIRST, TOTAL = (0.3139, 0.4424, 0.0), (0.5576, 0.4424, 0.2437)


def ishigami(unit: FloatArray) -> FloatArray:
    x = -math.pi + 2.0 * math.pi * unit
    return np.asarray(np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))


def floats(count: int) -> list[Factor]:
    return [Factor(f"parameters.section.x{at}", "float", 0.0, 1.0) for at in range(1, count + 1)]


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def study_of(design: Design, y: FloatArray, *, seeds: str = "independent", name: str = "attacks") -> Study:
    """Return a study whose outcome is (points,) or (points, replicates)."""
    return made(design, {name: np.asarray(y, dtype=np.float64).reshape(len(design.points), -1)}, seeds=seeds)


def noisy(y: FloatArray, replicates: int, sd: float, seed: int = 1) -> FloatArray:
    """Return (points, replicates) with a luck of its own for every run."""
    return np.asarray(y[:, None] + sd * generator(seed).standard_normal((len(y), replicates)))


def of(design: Design, formula: Formula, replicates: int = 1, sd: float = 0.0, *, seed: int = 1, seeds: str = "independent") -> Study:
    assert design.unit is not None
    return study_of(design, noisy(formula(design.unit), replicates, sd, seed), seeds=seeds)
