"""Counted people beside single persons on a real conflict, under the rule ``gravity``.

    python benchmarks/agreement.py DATA_FOLDER [--conflict mali2012] [--seeds 200] [--scale 0.02] [--capacities limits]

DATA_FOLDER holds conflict folders. Both move the same share of the people (--scale) with as many seeds; the individual-level
reference is :mod:`reference.gravity_walk` in tests/. Printed are the largest difference of any camp-day mean, the test that it
passes or fails (tests/reference/agreement.py), and the bias that the test would have found with 90 % chance. The exit code is 1 where they differ.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from reference.agreement import LEVEL, Agreement, compare  # noqa: E402
from reference.gravity_cases import counted  # noqa: E402
from reference.gravity_walk import Case, Land, walk  # noqa: E402

from sim.displacement.conflict import Conflict  # noqa: E402
from sim.displacement.read import is_conflict_folder, read_conflict  # noqa: E402


def report(found: Agreement, conflict: Conflict, days: tuple[int, ...]) -> None:
    """Print a comparison, in all and camp by camp."""
    names = [conflict.places[i].name for i in conflict.camps]
    many = found.counted >= 20.0
    share = found.detectable / np.maximum(found.counted, 1.0)
    print(f"every camp-day: {found.t.size} means, largest |t| {np.abs(found.t).max():.2f}, limit {found.limit:.2f} (Welch, Bonferroni at {LEVEL / 2:.1%})")
    print(f"  {found.worst.split(';')[0]}")
    print(f"all camps together on days {', '.join(map(str, days))}: Hotelling's p = {found.together:.3f}, limit {found.together_level:.3f}")
    print("found with 90 % chance: a bias at one camp-day of", end=" ")
    print(f"{np.median(found.detectable[many]):.1f} people or {np.median(share[many]):.1%} (median where 20 or more are)")
    print(f"  and {found.detectable[many].max():.1f} people at most; all together {found.far:.2f} standard deviations of a run")
    print(f"{'camp':22s}{'counted':>10s}{'one by one':>12s}{'largest |t|':>13s}{'90 % finds':>12s}")
    for c, name in enumerate(names):
        means = f"{found.counted[-1, c]:10.1f}{found.single[-1, c]:12.1f}"
        print(f"{name:22s}{means}{np.abs(found.t[:, c]).max():13.2f}{found.detectable[-1, c]:12.1f}")
    print("counted and one by one agree" if found.agrees else "counted and one by one DIFFER")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--conflict", default="mali2012")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--scale", type=float, default=0.02, help="share of the people, default 0.02")
    parser.add_argument("--capacities", default="limits", choices=["limits", "withheld", "attraction"])
    chosen = parser.parse_args()
    folder = chosen.folder / chosen.conflict
    if not is_conflict_folder(folder):
        print(f"error: {folder} is no conflict folder (it has no input_csv/)", file=sys.stderr)
        return 2
    if chosen.seeds < 20:
        print("error: --seeds: fewer than 20 seeds show nothing; give 20 or more", file=sys.stderr)
        return 2
    conflict = read_conflict(folder)
    case = Case(conflict, capacities=chosen.capacities, scale=chosen.scale)
    begun = time.process_time()
    a = counted(case, chosen.seeds)
    between = time.process_time()
    land = Land(case)
    b = np.array([walk(land, 10_000 + seed) for seed in range(chosen.seeds)])
    ended = time.process_time()
    days = tuple(int(day) for day in np.linspace(0, conflict.days - 1, 5)[1:])
    print(f"{chosen.conflict}, capacities {chosen.capacities}, {chosen.scale:g} of the people ({land.entered[-1] * chosen.scale:.0f}), {chosen.seeds} seeds")
    print(f"CPU seconds a run: {(between - begun) / chosen.seeds:.3f} counted, {(ended - between) / chosen.seeds:.3f} one by one")
    found = compare(a, b, days=days, comparisons=1, numbers=a[0].size)
    report(found, conflict, days)
    return 0 if found.agrees else 1


if __name__ == "__main__":
    sys.exit(main())
