"""CPU time and memory of the flagship, recording on, at several sizes of the population.

    python benchmarks/speed.py [repeats]

Every size runs in a fresh process on one core: imports first, then load, build, run and the tables.
The share of the random draws is measured in a further run with a profiler, so that it costs nothing
in the timed ones. Exits with 1 when a target is missed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

SIZES = (1, 1_000, 1_000_000)
TARGETS = {1: 2.5, 1_000: 3.0}
MEMORY_MB = 100.0

CHILD = """
import json, os, resource, sys, time
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
import pyarrow, pandas, scipy.stats
from sim import Scenario
import sim.compose
scale = sys.argv[1]
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
before = peak()
start = time.process_time()
model = Scenario.load("pakistan_afghanistan", overrides=["scenario.people_scale=" + scale]).build()
built = time.process_time()
model.run()
ran = time.process_time()
tables = model.record.daily, model.record.places, model.record.events
outcomes = model.outcomes
done = time.process_time()
print(json.dumps({"build": built - start, "run": ran - built, "tables": done - ran, "cpu": done - start,
                  "memory": peak() - before, "days": model.setting.days, "attacks": outcomes["attacks"]}))
"""

DRAWS = """
import cProfile, pstats, sys
from sim import Scenario
model = Scenario.load("pakistan_afghanistan", overrides=["scenario.people_scale=" + sys.argv[1]]).build()
profile = cProfile.Profile()
profile.enable()
model.run()
profile.disable()
rows = pstats.Stats(profile).stats
total = sum(row[2] for row in rows.values())
drawing = sum(row[2] for (file, _, name), row in rows.items() if "numpy.random" in name or "Generator" in name
              or file.endswith(("streams.py", "draws.py")))
print(drawing / total)
"""


def child(code: str, scale: int) -> str:
    """Run code in a fresh interpreter and return the last line that it prints."""
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(scale)], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout.strip().splitlines()[-1]


def main() -> int:
    """Measure every size, print a table, compare with the targets."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    best: dict[int, dict[str, float]] = {}
    for scale in SIZES:
        runs = [json.loads(child(CHILD, scale)) for _ in range(repeats)]
        best[scale] = min(runs, key=lambda row: float(row["cpu"]))
        row = best[scale]
        print(
            f"K={scale:<9,} cpu {row['cpu']:5.2f} s (load and build {row['build']:.2f}, run {row['run']:.2f}, tables "
            f"{row['tables']:.2f}), {1e6 * row['run'] / row['days']:.0f} us a day, memory +{row['memory']:.0f} MB "
            f"(best of {repeats})"
        )
    for scale in (1, 1_000):
        print(f"K={scale:<9,} share of the random draws (streams and draws modules, profiled): {float(child(DRAWS, scale)):.0%}")
    ratio = best[1_000_000]["cpu"] / best[1_000]["cpu"]
    missed = [f"K={k}: {best[k]['cpu']:.2f} s, target {limit} s" for k, limit in TARGETS.items() if best[k]["cpu"] > limit]
    missed += [f"K=1,000,000 takes {ratio:.2f} times K=1,000, target 1.2"] if ratio > 1.2 else []
    missed += [f"K={k}: +{row['memory']:.0f} MB, target {MEMORY_MB:.0f} MB" for k, row in best.items() if row["memory"] > MEMORY_MB]
    print(f"K=1,000,000 against K=1,000: {ratio:.2f} times (target at most 1.2)")
    print("all targets met" if not missed else "missed: " + "; ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
