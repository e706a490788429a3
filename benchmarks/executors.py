"""One study on every executor: the same content hash, and memory that stays flat over a long one.

    python benchmarks/executors.py [points [runs of the long study]]

First a study of ``two_states`` (a quarter of a year, two replicates) on serial, processes with 1, 2 and 3 workers,
Dask with 2, and as three shards without SLURM. Then a long study of the trivial model (2 ms a run) with two workers,
in which the memory of parent and workers in its first and last quarter is compared; no points: only this. Exits with 1 when hashes differ, or when
memory grows by more than 5 %. Linux only (reads /proc).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import fmean

GROWTH = 1.05
LONG, SLEEP = 60_000, 0.002


def study(words: list[str], output: Path) -> tuple[str, float]:
    """Run ``marchland sweep`` and return content hash and seconds."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "experiments", "sweep", *words, f"output={output}"]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if "executor=shards" in words:
        for shard in range(3):
            subprocess.run(["bash", str(output / "submit.sbatch"), str(shard)], check=True, stderr=subprocess.DEVNULL)
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    manifest = json.loads((output / "manifest.json").read_text())
    return manifest["results_hash"], time.perf_counter() - start


def memory_mb(pid: int) -> list[float]:
    """Return the resident memory of a process and of its children, the parent first; empty when it has ended."""
    try:
        pids = [pid, *(int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
        found = []
        for one in pids:
            if one != pid and b"spawn_main" not in Path(f"/proc/{one}/cmdline").read_bytes():
                continue
            found.append(int(Path(f"/proc/{one}/statm").read_text().split()[1]) * 4096 / 2**20)
        return found
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return []


def long(folder: str, runs: int) -> None:
    """Run the long study."""
    from experiments.study.runner import sweep
    from experiments.study.task import Payload

    rows = [(f"{i:024x}", i // 2, i % 2, 1, {"x": i * 0.37, "n": i}) for i in range(runs)]
    sweep(rows, Payload(base={"sleep": SLEEP}, model="trivial", series=True), Path(folder), executor="processes", workers=2)


def quarters(samples: list[float]) -> tuple[float, float]:
    """Return the mean of the first and of the last quarter."""
    quarter = max(1, len(samples) // 4)
    return fmean(samples[:quarter]), fmean(samples[-quarter:])


def main() -> int:
    """Compare hashes, then memory."""
    words = sys.argv[1:]
    if words[:1] == ["--long"]:
        long(words[1], int(words[2]))
        return 0
    points, runs = int(words[0]) if words else 12, int(words[1]) if len(words) > 1 else LONG
    base = ["design=lhs", f"n={points}", "replicates=2", "scenario=two_states", "scenario.end=2001-03-31"]
    base += ["parameters.violence.branching=0.2..0.6", "policy@policies.north=status_quo,hardline"]
    hashes = set()
    with tempfile.TemporaryDirectory() as name:
        cases = [("serial", []), *((f"processes, {n} workers", ["executor=processes", f"workers={n}"]) for n in (1, 2, 3))]
        cases += [("dask, 2 workers", ["executor=dask", "workers=2"]), ("3 shards", ["executor=shards", "shards=3"])]
        for index, (label, more) in enumerate(cases if points else []):
            found, seconds = study([*base, *(more or ["executor=serial"])], Path(name) / str(index))
            hashes.add(found)
            print(f"{label:<22} {found[:32]}  {seconds:6.1f} s", flush=True)
        if points:
            print(f"content hashes: {'all identical' if len(hashes) == 1 else 'DIFFERENT'}")
        process = subprocess.Popen([sys.executable, __file__, "--long", f"{name}/long", str(runs)], stderr=subprocess.DEVNULL)
        samples: list[list[float]] = []
        while process.poll() is None:
            samples.append(memory_mb(process.pid))
            time.sleep(0.1)
    whole = [sample for sample in samples if len(sample) == 3]
    whole = whole[len(whole) // 10 :]  # start: imports, the first chunks that grow
    flat = True
    for label, pick in (("parent", lambda sample: sample[0]), ("workers", lambda sample: sum(sample[1:]))):
        first, last = quarters([pick(sample) for sample in whole])
        flat &= last <= GROWTH * first
        print(f"{runs:,} runs, {label}: {first:.0f} MB in the first quarter, {last:.0f} MB in the last ({100 * (last / first - 1):+.1f} %)")
    return 0 if flat and len(hashes) <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
