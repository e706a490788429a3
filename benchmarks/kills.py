"""The same results after many ``kill -9`` of workers and of the parent.

    python benchmarks/kills.py [kills [seed]]

A sweep of the trivial model is started, and again and again one of its workers or the parent itself is killed
at a random moment; after a killed parent the same command is given again. At the end every run must be there,
none as crashed, with the content hash of a sweep that nobody disturbed. Linux only (reads /proc). Exits with 1
when the results differ.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS, SLEEP = 1_000, 0.03


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


def main() -> int:
    """Kill, compare."""
    words = sys.argv[1:]
    if words[:1] == ["--one"]:
        one(words[1], words[2], float(words[3]))
    from experiments.study.parts import content_hash
    from experiments.study.runner import results

    kills = int(words[0]) if words else 20
    luck = random.Random(int(words[1]) if len(words) > 1 else 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def start(where: str, executor: str, sleep: float) -> subprocess.Popen[bytes]:
            command = [sys.executable, __file__, "--one", str(folder / where), executor, str(sleep)]
            return subprocess.Popen(command, stderr=subprocess.DEVNULL)

        start("quiet", "serial", 0.0).wait()
        wanted = content_hash(results(folder / "quiet"))
        process = start("killed", "processes", SLEEP)
        of_parent = of_worker = 0
        while of_parent + of_worker < kills:
            time.sleep(luck.uniform(0.3, 2.5))
            if process.poll() is not None:
                print(f"the sweep ended after {of_parent + of_worker} kills")
                break
            workers = children(process.pid)
            if workers and luck.random() < 0.7:
                subprocess.run(["kill", "-9", str(luck.choice(workers))], check=False, stderr=subprocess.DEVNULL)
                of_worker += 1
            else:
                process.kill()
                process.wait()
                of_parent += 1
                process = start("killed", "processes", SLEEP)
        process.wait()
        table = results(folder / "killed")
        found = content_hash(table)
    status = table["status"].value_counts().to_pylist()
    print(f"{of_worker} workers and {of_parent} parents killed; {table.num_rows} rows, {status}")
    print(f"content {found[:16]}, undisturbed {wanted[:16]}: {'identical' if found == wanted else 'DIFFERENT'}")
    return 0 if found == wanted else 1


if __name__ == "__main__":
    sys.exit(main())
