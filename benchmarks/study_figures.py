"""How often the tests behind the pictures of a study find what is there, and what is not: python benchmarks/study_figures.py.

Dip test over 36 cells at a false discovery rate of 5 %; early-warning signals before a fold and in noise.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control, ttest_1samp

from experiments.analysis.bimodal import DipTest
from experiments.analysis.slowing import auc, auc_interval, rises, surrogates

FloatArray = NDArray[np.float64]
CELLS, WEEKS, WINDOW, LEVEL = 36, 40, 20, 0.05


def luck(*words: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(words)))


def dips(studies: int) -> None:
    """Print how often a cell is flagged: none bimodal, and 9 of 36 with two equal groups some standard deviations apart."""
    print("dip test: cells flagged of those with two groups (9 of 36), by their distance in sd of a group; last column: studies of one hump (skewed) with any flag")
    print(f"{'runs a cell':>12}" + "".join(f"{f'{sd} sd':>8}" for sd in (4, 6, 10)) + f"{'false':>8}")
    for runs in (10, 12, 20, 40):
        test, found = DipTest(2000, 1), list[float]()
        for sd in (4, 6, 10):
            hits = 0
            for study in range(studies):
                drawn = luck(runs, sd, study)
                values = drawn.normal(size=(CELLS, runs))
                values[:9] += sd * drawn.integers(0, 2, (9, runs))
                q = false_discovery_control([test.test(cell)[1] for cell in values])
                hits += int((q[:9] <= LEVEL).sum())
            found.append(hits / (9 * studies))
        false = sum(bool((false_discovery_control([test.test(c)[1] for c in luck(runs, 99, s).exponential(size=(CELLS, runs))]) <= LEVEL).any()) for s in range(studies))
        print(f"{runs:>12}" + "".join(f"{share:>8.2f}" for share in found) + f"{false / studies:>8.2f}")


def fold(moves: bool, runs: int, drawn: np.random.Generator) -> FloatArray:
    """Weeks of dx = r + x - x^3 with noise, before r reaches the fold at 0.385 or with r at rest, (runs, weeks)."""
    x, out = np.full(runs, -1.0), np.empty((runs, WEEKS))
    for week in range(-20, WEEKS):
        r = -0.3 + (0.6 * max(week, 0) / WEEKS if moves else 0.0)
        for _ in range(10):
            x = x + 0.1 * (r + x - x**3) + 0.028 * drawn.standard_normal(runs)
        if week >= 0:
            out[:, week] = x
    return out


def signal(before: FloatArray, without: FloatArray, drawn: np.random.Generator) -> bool:
    """Return whether either indicator gives a signal, as in :mod:`experiments.analysis.warning`."""
    taus, others, p = rises(before, WINDOW), rises(without, WINDOW), np.empty((len(before), 2))
    for run, series in enumerate(before):
        null = rises(surrogates(series, 200, drawn), WINDOW)
        p[run] = ((null >= taus[run]).sum(axis=0) + 0.5) / 201.0
    return any(
        auc_interval(auc(taus[:, k], others[:, k]), len(before), len(without), 1.0 - LEVEL / 2.0)[0] > 0.5
        and ttest_1samp(1.0 - p[:, k], 0.5, alternative="greater").pvalue <= LEVEL / 2.0
        for k in range(2)
    )


def warnings(studies: int) -> None:
    """Print how often there is a signal: before a fold, in the same system at rest, in white noise, in AR(1) with 0.7."""

    def red(runs: int, drawn: np.random.Generator) -> FloatArray:
        out = drawn.standard_normal((runs, WEEKS + 20))
        for week in range(1, WEEKS + 20):
            out[:, week] += 0.7 * out[:, week - 1]
        return out[:, 20:]

    kinds: tuple[tuple[str, Callable[[bool, int, np.random.Generator], FloatArray]], ...] = (
        ("fold", lambda event, runs, drawn: fold(event, runs, drawn)), ("at rest", lambda _, runs, drawn: fold(False, runs, drawn)),
        ("white noise", lambda _, runs, drawn: drawn.standard_normal((runs, WEEKS))), ("AR(1) 0.7", lambda _, runs, drawn: red(runs, drawn)),
    )  # fmt: skip
    print("\nearly warning: share of studies with a signal, by runs with the event (as many without)")
    print(f"{'runs':>12}" + "".join(f"{name:>14}" for name, _ in kinds))
    for runs in (10, 20, 40, 80):
        shares = []
        for at, (_, make) in enumerate(kinds):
            hits = 0
            for study in range(studies):
                drawn = luck(runs, at, study)
                hits += signal(make(True, runs, drawn), make(False, runs, drawn), drawn)
            shares.append(hits / studies)
        print(f"{runs:>12}" + "".join(f"{share:>14.2f}" for share in shares))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=100, help="studies made for each number")
    asked = parser.parse_args()
    dips(asked.studies)
    warnings(asked.studies)
