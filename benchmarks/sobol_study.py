"""A Sobol study of 4,096 rows and 10 replicates on ``two_states``, 365 days: minutes, runs a second, memory.

    python benchmarks/sobol_study.py [rows to run [workers]]

With fewer rows it runs those and extrapolates: the rows of a Sobol design are spread evenly, so the first ones cost
as much as the others. Six factors and 512 base samples make 512 * (6 + 2) = 4,096 rows. Exits with 1 when the
whole study takes more than 60 minutes, a run fails, or memory grows by more than 5 % from the first to the last
quarter. Linux only (reads /proc).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import fmean

ROWS, REPLICATES, MINUTES, GROWTH = 4_096, 10, 60.0, 1.05
FACTORS = (
    "parameters.violence.branching", "parameters.violence.opportunity", "parameters.violence.suppression", "parameters.violence.reach",
    "parameters.fighters.legitimacy", "parameters.fighters.attrition",
)  # fmt: skip


def one(folder: str, rows: int, workers: int) -> None:
    """Run the study, or its first rows."""
    from experiments.study.designs import make_design
    from experiments.study.factors import Fields
    from experiments.study.plan import make_plan
    from experiments.study.runner import sweep
    from experiments.study.task import Payload
    from sim.compose import compose
    from sim.scenario import Scenario
    from sim.settings import to_tree

    composed = compose(["scenario=two_states", "scenario.end=2001-12-31"])
    tree = to_tree(Scenario.from_config(composed.config, composed.folder).config)
    assert isinstance(tree, dict)
    design = make_design("sobol", [f"{key}=" for key in FACTORS], Fields(tree, ()), n=512)
    assert len(design.points) == ROWS, len(design.points)
    plan = make_plan(design, tree, composed.folder, replicates=REPLICATES)
    runs = list(plan.runs())[: rows * REPLICATES]
    start = time.perf_counter()
    swept = sweep(runs, Payload(base=tree, folder=str(composed.folder)), Path(folder), executor="processes", workers=workers)
    print(f"{swept.counts.get('ok', 0)} {len(runs)} {time.perf_counter() - start:.3f}")


def memory_mb(pid: int) -> tuple[float, float] | None:
    """Return the resident memory of a process and of its workers together."""
    try:
        children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        workers = [one for one in children if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]
        sizes = [int(Path(f"/proc/{one}/statm").read_text().split()[1]) * 4096 / 2**20 for one in (pid, *workers)]
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return None
    return sizes[0], sum(sizes[1:])


def main() -> int:
    """Run, watch, extrapolate."""
    words = sys.argv[1:]
    if words[:1] == ["--one"]:
        one(words[1], int(words[2]), int(words[3]))
        return 0
    rows, workers = min(int(words[0]), ROWS) if words else ROWS, int(words[1]) if len(words) > 1 else 2
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, __file__, "--one", name, str(rows), str(workers)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        samples: list[tuple[float, float]] = []
        while process.poll() is None:
            if (sample := memory_mb(process.pid)) is not None and sample[1] > 0.0:
                samples.append(sample)
            time.sleep(0.5)
        assert process.stdout is not None
        said = process.stdout.read()
    if process.returncode != 0:
        return 1
    ok, planned, seconds = map(float, said.split())
    samples = samples[len(samples) // 10 :]  # start: imports
    quarter = max(1, len(samples) // 4)
    minutes = seconds * ROWS / rows / 60.0
    whole = "" if rows == ROWS else f" (extrapolated from {rows:,} rows in {seconds / 60.0:.1f} min)"
    print(f"Sobol study, {ROWS:,} rows x {REPLICATES} replicates, two_states, 365 days, {workers} workers: {minutes:.0f} min{whole}")
    print(f"  {planned / seconds:.1f} runs/s; {ok:.0f} of {planned:.0f} runs ok; load of the machine before {load:.1f}, after {os.getloadavg()[0]:.1f}")
    flat = True
    for index, label in enumerate(("parent", "workers")):
        first, last = (fmean(sample[index] for sample in part) for part in (samples[:quarter], samples[-quarter:]))
        flat &= last <= GROWTH * first
        print(f"  {label}: {first:.0f} MB in the first quarter, {last:.0f} MB in the last ({100 * (last / first - 1):+.1f} %)")
    return 0 if minutes <= MINUTES and ok == planned and flat else 1


if __name__ == "__main__":
    sys.exit(main())
