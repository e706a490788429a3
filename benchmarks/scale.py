"""Time and memory of conflicts by the number of people: the cost must not grow with them.

    python benchmarks/scale.py DIR [--conflict syria2013]

Prints CPU from the folder to the scores, without Hydra and figures, for the people of the folder and for a thousand and a million
times as many, and the peak memory above the imports'.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

from experiments.validation.scores import ard
from sim.displacement.read import read_conflict
from sim.displacement.simulate import camp_counts, conflict_scenario


def peak() -> float:
    """Return the peak memory of this process, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def spent(folder: Path, scale: float, repeats: int) -> float:
    """Return the least CPU seconds of some runs, from the folder to the scores."""
    best = float("inf")
    for _ in range(repeats):
        before = time.process_time()
        conflict = read_conflict(folder)
        counts = camp_counts(conflict_scenario(conflict, capacities="limits", people_scale=scale))
        ard(counts / scale, conflict.counts.astype(float))
        best = min(best, time.process_time() - before)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a folder of conflict folders")
    parser.add_argument("--conflict", default="syria2013")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each, of which the least counts")
    asked = parser.parse_args()
    before = peak()
    seconds = {scale: spent(asked.folder / asked.conflict, scale, asked.repeats) for scale in (1.0, 1e3, 1e6)}
    for scale, value in seconds.items():
        print(f"{asked.conflict}, {scale:,.0f} times the people: {value:.3f} s CPU")
    print(f"a million against a thousand times: {seconds[1e6] / seconds[1e3]:.2f}; peak memory above imports: {peak() - before:.0f} MB")


if __name__ == "__main__":
    main()
