"""The same results after many ``kill -9`` of workers and of the parent.

    python benchmarks/kills.py [kills [seed ...]]

A sweep of the trivial model is started, and again and again one of its workers or the parent itself is killed
at a random moment; after a killed parent the same command is given again. At the end every run must be there,
none as crashed, with the content hash of a sweep that nobody disturbed. 20 kills with each of the seeds 1 to 4
by default. Linux only (reads /proc). Exits with 1 when the results differ.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS, SLEEP = 1_000, 0.08


def one(folder: str, executor: str, sleep: float) -> None:
    """Run or go on with the sweep."""
    from experiments.study.runner import sweep
    from experiments.study.task import Payload

    # Factors that change results are the same for all; how long a run sleeps is none.
    rows = [(f"{i:024x}", i // 2, i % 2, 1, {"x": i * 0.37, "n": i}) for i in range(RUNS)]
    swept = sweep(rows, Payload(base={"sleep": sleep}, model="trivial"), Path(folder), executor=executor, workers=2)
    sys.exit(1 if swept.missing else 0)


def children(pid: int) -> list[int]:
    """Return the worker processes of a process, without its resource tracker."""
    try:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(word) for word in words if b"spawn_main" in Path(f"/proc/{word}/cmdline").read_bytes()]
    except FileNotFoundError:
        return []


def disturbed(folder: Path, kills: int, seed: int, wanted: str) -> bool:
    """Run a sweep, kill, compare; return whether all is as if nobody had killed."""
    from experiments.study.parts import content_hash
    from experiments.study.runner import results

    luck = random.Random(seed)

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, __file__, "--one", str(folder), "processes", str(SLEEP)], stderr=subprocess.DEVNULL)

    process = start()
    of_parent = of_worker = early = 0
    while of_parent + of_worker < kills:
        # Most kills hit workers at work, some hit processes that are just starting.
        end = time.monotonic() + (30.0 if luck.random() < 0.8 else luck.uniform(0.2, 2.0))
        while len(children(process.pid)) < 2 and process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(luck.uniform(0.1, 1.5))
        if (code := process.poll()) is not None:
            if code != 0:
                print(f"seed {seed}: the sweep ended with exit code {code} after {of_parent + of_worker} kills")
                return False
            early = of_parent + of_worker
            break
        workers = children(process.pid)
        if workers and luck.random() < 0.7:
            subprocess.run(["kill", "-9", str(luck.choice(workers))], check=False, stderr=subprocess.DEVNULL)
            of_worker += 1
        else:
            process.kill()
            process.wait()
            of_parent += 1
            process = start()
    code = process.wait()
    table = results(folder)
    found = content_hash(table)
    same = found == wanted and code == 0 and not early
    status = {row["values"]: row["counts"] for row in table["status"].value_counts().to_pylist()}
    print(
        f"seed {seed}: {of_worker} workers and {of_parent} parents killed; {table.num_rows} rows {status}; content {found[:16]}, "
        f"undisturbed {wanted[:16]}: {'identical' if found == wanted else 'DIFFERENT'}"
        + (f"; finished after {early} kills already, make SLEEP longer" if early else "")
    )
    return same


def main() -> int:
    """Kill and compare with each seed."""
    words = sys.argv[1:]
    if words[:1] == ["--one"]:
        one(words[1], words[2], float(words[3]))
    from experiments.study.parts import content_hash
    from experiments.study.runner import results

    kills = int(words[0]) if words else 20
    seeds = [int(word) for word in words[1:]] or [1, 2, 3, 4]
    with tempfile.TemporaryDirectory() as name:
        quiet = Path(name) / "quiet"
        subprocess.run([sys.executable, __file__, "--one", str(quiet), "serial", "0.0"], stderr=subprocess.DEVNULL, check=True)
        wanted = content_hash(results(quiet))
        # All seeds, although one may fail: each of them tells something.
        good = [disturbed(Path(name) / f"killed-{seed}", kills, seed, wanted) for seed in seeds]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
