"""Sensitivity analyses on the Ishigami function with noise: what indices come out, and how often intervals hold the truth.

    python benchmarks/sensitivity.py

Noise of sd 4 on a function of variance 13.8, n = 1,024 base samples. Needs ``marchland[analysis]``.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.analysis import samples
from experiments.analysis.saltelli import blocks_of, estimate
from experiments.analysis.study import Study
from experiments.study.designs import Design, sobol
from experiments.study.factors import Factor
from experiments.study.plan import make_plan

FloatArray = NDArray[np.float64]
TOTAL = np.array([0.5576, 0.4424, 0.2437])
FIRST = np.array([0.3139, 0.4424, 0.0])


def ishigami(unit: FloatArray) -> FloatArray:
    x = -math.pi + 2.0 * math.pi * unit
    return np.asarray(np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))


def generator(*words: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(list(words))))


def study(design: Design, y: FloatArray, seeds: str) -> Study:
    plan = make_plan(design, {}, Path("."), replicates=y.shape[1], seeds=seeds, model="trivial")
    rows = plan.rows.to_pandas()
    rows["y"], rows["status"], rows["error"], rows["seconds"] = y.ravel(), "ok", "", 0.0
    return Study(Path("."), plan, rows, "0" * 64)


def noisy(n: int, replicates: int, seed: int, seeds: str) -> Study:
    """Return a study; with shared luck the noise works through a factor: it turns the effect of the third one."""
    design = sobol([Factor(f"x{at}", "float", 0.0, 1.0) for at in range(1, 4)], n, seed)
    assert design.unit is not None
    clean, luck = ishigami(design.unit)[:, None], generator(7, seed)
    if seeds == "crn":
        return study(design, clean + 4.0 * math.sqrt(12.0) * (design.unit[:, [2]] - 0.5) * luck.standard_normal(replicates), seeds)
    return study(design, clean + 4.0 * luck.standard_normal((len(clean), replicates)), seeds)


def covered(n: int, replicates: int, seeds: str, studies: int = 100, resamples: int = 150) -> FloatArray:
    """Return how often the 95 % intervals hold the truth: first order and total, (2, factors)."""
    hits = np.zeros((2, 3))
    for seed in range(1, studies + 1):
        blocks = blocks_of(noisy(n, replicates, seed, seeds), "y")
        pairs = samples.weights(generator(8, seed), resamples, len(blocks.y), replicates, seeds == "crn")
        drawn = [estimate(blocks, *pair) for pair in pairs]
        for at, (truth, values) in enumerate(((FIRST, [one.first for one in drawn]), (TOTAL, [one.total for one in drawn]))):
            low, high = samples.span(np.array(values), 0.95)
            hits[at] += (low <= truth) & (truth <= high)
    return hits / studies


def main() -> None:
    print(f"truth: S1 {FIRST}, ST {TOTAL}")
    for seeds in ("independent", "crn"):
        for replicates in (1, 2, 5, 10, 25):
            each = [blocks_of(noisy(1024, replicates, seed, seeds), "y") for seed in range(1, 11)]
            raw = np.mean([estimate(one, clean=False).total for one in each], axis=0)
            best = np.mean([estimate(one).total for one in each], axis=0)
            told = f"corrected ST {best.round(2)}" if each[0].clean else "corrected: not from so few"
            print(f"{seeds:11s} {replicates:2d} replicates, mean of 10 studies: raw ST {raw.round(2)}, {told}")
    for seeds in ("independent", "crn"):
        for n, replicates in ((128, 2 if seeds == "independent" else 3), (128, 5), (512, 5), (128, 10)):
            start = time.perf_counter()
            share = covered(n, replicates, seeds)
            print(f"{seeds:11s} n={n}, {replicates} replicates, 100 studies: 95 % intervals hold S1 {share[0].round(2)}, ST {share[1].round(2)} ({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
