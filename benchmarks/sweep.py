"""What a sweep costs beyond the model, and what a second worker brings.

    python benchmarks/sweep.py [runs [scenario runs]]

First a trivial model, 100,000 runs in two worker processes: microseconds a run beyond it, seconds to the first
result, memory of the parent, number of files; then the memory of the whole command. Then 200 runs of ``two_states``, serial and with two workers: what the
second worker brings, and where the rest goes (start of the workers, runs that are slower side by side, waiting).
Exits with 1 when a target is missed. Every sweep runs in a fresh process. Other work on the machine counts in full:
look at the load that is printed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

OVERHEAD_US, START_SECONDS, MEMORY_MB, FILES, SPEED_UP = 300.0, 10.0, 400.0, 1000, 1.85
OUTCOMES = 57  # and two of the model that costs nothing: as many as two_states has
SHARE = 0.05  # of the time of runs of 50 ms and more


def count_files(folder: Path) -> int:
    """Return the number of files below a folder."""
    return len([path for path in folder.rglob("*") if path.is_file()])


def plan(runs: int, model: str) -> list[tuple[str, int, int, int, dict[str, object]]]:
    """Return a plan with twelve factors (trivial) or one (scenario), two replicates a point."""
    rows: list[tuple[str, int, int, int, dict[str, object]]] = []
    keys = [f"group.factor_{f}" for f in range(12)]
    for index in range(runs):
        point, replicate = divmod(index, 2)
        params: dict[str, object] = {key: (point * 0.6180339887498949 * f) % 1.0 for f, key in enumerate(keys, 1)}
        if model == "scenario":
            params = {"parameters.violence.branching": 0.1 + 0.5 * ((point * 0.6180339887498949) % 1.0)}
        run_id = hashlib.blake2b(json.dumps([params, replicate]).encode(), digest_size=12).hexdigest()
        rows.append((run_id, point, replicate, 1, params))
    return rows


def one(model: str, executor: str, runs: int) -> None:
    """Run one sweep and print its measurements as JSON."""
    from experiments.study.parts import content_hash, list_parts
    from experiments.study.runner import results, sweep
    from experiments.study.task import Payload

    base = Payload(base={}, model=model)
    if model == "scenario":
        from sim.compose import compose
        from sim.scenario import Scenario
        from sim.settings import to_tree

        composed = compose(["scenario=two_states", "scenario.end=2001-12-31"])
        tree = to_tree(Scenario.from_config(composed.config, composed.folder).config)
        assert isinstance(tree, dict)
        base = Payload(base=tree, folder=str(composed.folder))
    rows = plan(runs, model)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first: list[float] = []
        most: list[int] = [0]
        start = time.perf_counter()
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.05):
                if not first and list_parts(folder / "parts"):
                    first.append(time.perf_counter() - start)
                most[0] = max(most[0], count_files(folder))

        watcher = threading.Thread(target=watch)
        watcher.start()
        swept = sweep(rows, base, folder, executor=executor, workers=2)
        wall = time.perf_counter() - start
        over.set()
        watcher.join()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
        table = results(folder)
        print(json.dumps({
            "wall": wall, "ok": swept.counts.get("ok", 0), "first": first[0] if first else wall, "memory": memory,
            "files": max(most[0], count_files(folder)), "model": sum(table["seconds"].to_pylist()), "hash": content_hash(table),
        }))  # fmt: skip


def command(executor: str, runs: int) -> None:
    """Give the command with a plan of ``runs`` runs whose model costs nothing, and print its memory as JSON.

    All that the command does counts: the checks of the plan, its table, results, hashes and manifest. The runs have as
    many outcomes as those of ``two_states``.
    """
    from experiments import sweep as verb
    from experiments.study.task import Payload

    def free(base: dict[str, object], **others: object) -> Payload:
        return Payload(base={**base, "outcomes": OUTCOMES}, model="trivial", **{**others, "trusted": ()})  # type: ignore[arg-type]

    verb.Payload = free  # type: ignore[assignment,misc]
    with tempfile.TemporaryDirectory() as name, contextlib.redirect_stdout(sys.stderr):
        start = time.perf_counter()
        code = verb.main([
            "design=lhs", f"n={runs // 2}", "replicates=2", "scenario=two_states", "scenario.end=2001-02-28", f"executor={executor}",
            "parameters.violence.branching=", "parameters.fighters.infiltration=", "policy@policies.north=status_quo,hardline",
            f"output={name}/study",
        ])  # fmt: skip
        wall = time.perf_counter() - start
        found = json.loads((Path(name) / "study" / "manifest.json").read_text(encoding="utf-8"))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    print(json.dumps({"code": code, "memory": memory, "wall": wall, "hash": found["results_hash"]}))


def measure(model: str, executor: str, runs: int) -> dict[str, float]:
    """Run one sweep in a fresh process and return its measurements."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, __file__, "--one", model, executor, str(runs)],
        stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **threads, "PYTHONHASHSEED": "0"},
    )  # fmt: skip
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert isinstance(found, dict)
    return found


def main() -> int:
    """Measure, print, compare with the targets."""
    words = sys.argv[1:]
    if words[:1] == ["--one"]:
        if words[1] == "command":
            command(words[2], int(words[3]))
        else:
            one(words[1], words[2], int(words[3]))
        return 0
    runs = int(words[0]) if words else 100_000
    scenario_runs = int(words[1]) if len(words) > 1 else 200
    missed: list[str] = []
    load = os.getloadavg()[0]

    def say(text: str, good: bool) -> None:
        print(f"{text}  {'ok' if good else 'MISSED'}")
        if not good:
            missed.append(text)

    hashes = set()
    for executor in ("serial", "processes"):
        row = measure("trivial", executor, runs)
        hashes.add(row["hash"])
        overhead = 1e6 * (row["wall"] - row["model"]) / runs
        print(f"{runs:,} trivial runs, {executor}: {row['wall']:.1f} s")
        say(f"  beyond the model {overhead:.0f} us a run (at most {OVERHEAD_US:.0f})", overhead <= OVERHEAD_US)
        say(f"  first results after {row['first']:.1f} s (at most {START_SECONDS:.0f})", row["first"] <= START_SECONDS)
        say(f"  parent at most {row['memory']:.0f} MB (at most {MEMORY_MB:.0f})", row["memory"] <= MEMORY_MB)
        say(f"  files at most {row['files']:.0f} (at most {FILES})", row["files"] <= FILES)
    whole = [measure("command", executor, runs) for executor in ("serial", "processes")]
    for executor, row in zip(("serial", "processes"), whole, strict=True):
        print(f"{runs:,} runs with {OUTCOMES + 2} outcomes by the command, {executor}: {row['wall']:.1f} s")
        say(f"  parent at most {row['memory']:.0f} MB (at most {MEMORY_MB:.0f})", row["memory"] <= MEMORY_MB and row["code"] == 0)
    alone = measure("scenario", "serial", scenario_runs)
    both = measure("scenario", "processes", scenario_runs)
    hashes_too = {alone["hash"], both["hash"]}
    share = (alone["wall"] - alone["model"]) / alone["wall"]
    each = 1e3 * alone["model"] / scenario_runs
    print(f"{scenario_runs} runs of two_states (365 days) of {each:.0f} ms: serial {alone['wall']:.1f} s, two workers {both['wall']:.1f} s")
    say(f"  beyond the runs {100 * share:.1f} % (at most {100 * SHARE:.0f} %)", share <= SHARE)
    beside = 1e3 * both["model"] / scenario_runs
    print(f"  a run takes {each:.0f} ms alone and {beside:.0f} ms beside another; first result after {both['first']:.1f} s with workers")
    idle = both["wall"] - both["first"] - both["model"] / 2.0
    print(f"  of {both['wall']:.1f} s: start {both['first']:.1f} s, runs {both['model'] / 2.0:.1f} s on each worker, writing and waiting {idle:.1f} s")
    print(f"  load of the machine before {load:.1f}, after {os.getloadavg()[0]:.1f} (these sweeps make 2 of it)")
    speed_up = alone["wall"] / both["wall"]
    say(f"  two workers are {speed_up:.2f} times as fast (at least {SPEED_UP})", speed_up >= SPEED_UP)
    say("the same content hash from both executors", len(hashes) == 1 and len(hashes_too) == 1 and len({row["hash"] for row in whole}) == 1)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
