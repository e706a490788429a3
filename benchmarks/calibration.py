"""Calibrate the rule ``gravity`` on conflict folders, all together and leaving one out.

Two numbers are fitted, ``power`` and ``followers``, to the mean over conflicts and over the modes *withheld* and
*limits* of the averaged relative difference; the other numbers of the rule are assumptions that were not
moved by this command. Every point of a grid is run once for every conflict and mode; the minimum over all conflicts is the
joint fit, the minimum over all but one is the fit that scores the one left out.

    python benchmarks/calibration.py DIR [--seeds 5] [--jobs 2]
"""

from __future__ import annotations

import argparse
import itertools
import math
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from agents.gravity import GravityParameters
from experiments.validation.scores import ard
from sim.displacement.read import is_conflict_folder, read_conflict
from sim.displacement.simulate import simulate
from sim.settings import Parameters

MODES = ("withheld", "limits")
POWERS = tuple(round(0.1 * k, 1) for k in range(3, 12))
FOLLOWERS = tuple(round(0.05 * k, 2) for k in range(11, 18))


def score(folder: Path, power: float, followers: float, seeds: int) -> list[float]:
    """Return the averaged relative difference in each mode, the mean over days and seeds."""
    conflict = read_conflict(folder)
    gravity = replace(GravityParameters(), power=power, followers=followers)
    found = []
    for mode in MODES:
        runs = [
            simulate(conflict, capacities=mode, seed=seed, parameters=Parameters(gravity=gravity)) for seed in range(1, seeds + 1)
        ]
        found.append(math.fsum(float(ard(counts, conflict.counts).mean()) for counts in runs) / seeds)
    return found


def _job(job: tuple[Path, float, float, int]) -> list[float]:
    return score(*job)


def smooth(scores: np.ndarray) -> np.ndarray:
    """Mean over each point and its neighbours on the grid: what a minimum of noise cannot pass for a minimum."""
    padded = np.pad(scores, ((1, 1), (1, 1)), mode="edge")
    rows, columns = scores.shape
    parts = [padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3)]
    return np.mean(parts, axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a folder of conflict folders")
    parser.add_argument("--seeds", type=int, default=5, help="runs of every point, whose mean counts")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args()
    folders = sorted(path for path in options.folder.iterdir() if is_conflict_folder(path))
    grid = list(itertools.product(POWERS, FOLLOWERS))
    jobs = [(folder, power, followers, options.seeds) for folder in folders for power, followers in grid]
    with ProcessPoolExecutor(options.jobs) as pool:
        flat = list(pool.map(_job, jobs, chunksize=4))
    shape = (len(folders), len(POWERS), len(FOLLOWERS), len(MODES))
    scores = np.array(flat).reshape(shape)
    best = fit(scores)
    print(f"{len(folders)} conflicts, {len(grid)} points, seeds 1 to {options.seeds}")
    print(f"joint fit: power {POWERS[best[0]]:g}, followers {FOLLOWERS[best[1]]:g}")
    print(f"{'conflict':<16}{'power':>7}{'followers':>11}" + "".join(f"{mode + ' in':>14}{mode + ' out':>14}{'ratio':>7}" for mode in MODES))
    out = np.zeros((len(folders), len(MODES)))
    for i, folder in enumerate(folders):
        own = fit(np.delete(scores, i, axis=0))
        out[i] = scores[i, own[0], own[1]]
        line = f"{folder.name:<16}{POWERS[own[0]]:>7g}{FOLLOWERS[own[1]]:>11g}"
        for m in range(len(MODES)):
            inside = scores[i, best[0], best[1], m]
            line += f"{inside:>14.3f}{out[i, m]:>14.3f}{out[i, m] / inside:>7.2f}"
        print(line)
    inside = [math.fsum(scores[:, best[0], best[1], m]) / len(folders) for m in range(len(MODES))]
    print(f"{'mean':<34}" + "".join(f"{inside[m]:>14.3f}{out[:, m].mean():>14.3f}{out[:, m].mean() / inside[m]:>7.2f}" for m in range(len(MODES))))


def fit(scores: np.ndarray) -> tuple[int, int]:
    """Return the point of the grid with the least smoothed mean over conflicts and modes."""
    mean = smooth(scores.mean(axis=(0, 3)))
    i, j = np.unravel_index(int(mean.argmin()), mean.shape)
    return int(i), int(j)


if __name__ == "__main__":
    main()
