"""Sweeps: whatever happens to a run, a worker, the parent or the folder, the same rows come out."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console

from agents.errors import InputError
from experiments.study.claim import FILE, LOCK, locked
from experiments.study.parts import MERGE, Parts, content_hash, list_parts, series
from experiments.study.runner import Swept, results, sweep
from experiments.study.task import Payload, Row, run_chunk, with_values
from experiments.study.work import Work

TRIVIAL = Payload(base={"kind": "nothing"}, model="trivial")


def rows(count: int, special: Mapping[int, Mapping[str, object]] | None = None, **common: object) -> list[Row]:
    """A plan of the trivial model; ``special`` adds values to single rows."""
    made: list[Row] = []
    for index in range(count):
        params = {"x": index / 7.0, "n": index, "name": f"v{index % 3}", "sleep": 0.0, "fail": 0, "kill": 0}
        params |= common | dict((special or {}).get(index, {}))
        run_id = hashlib.blake2b(json.dumps([params, index]).encode(), digest_size=12).hexdigest()
        made.append((run_id, index, index % 5, 7, params))
    return made


def run(plan: list[Row], folder: Path, base: Payload = TRIVIAL, **options: object) -> Swept:
    return sweep(plan, base, folder, console=Console(file=io.StringIO()), **{"executor": "serial", **options})  # type: ignore[arg-type]


def by_point(folder: Path) -> dict[int, dict[str, object]]:
    return {row["point"]: row for row in results(folder).to_pylist()}


def test_a_failing_run_is_a_row(tmp_path: Path) -> None:
    swept = run(rows(20, {4: {"fail": 1}}), tmp_path / "s")
    assert swept.counts == {"ok": 19, "failed": 1}
    row = by_point(tmp_path / "s")[4]
    assert row["status"] == "failed" and "ValueError: asked to fail at 1 (models.py" in str(row["error"])
    assert row["total"] is None and row["replicate"] == 4
    assert by_point(tmp_path / "s")[5]["total"] == 5 / 7 + 5


def test_a_slow_run_is_a_row(tmp_path: Path) -> None:
    base = dataclasses.replace(TRIVIAL, timeout=0.1)
    swept = run(rows(4, {2: {"sleep": 30.0}}), tmp_path / "s", base)
    assert swept.counts == {"ok": 3, "timeout": 1} and swept.seconds < 5.0
    assert by_point(tmp_path / "s")[2]["error"] == "no end after 0.1 s"


def test_killed_workers(tmp_path: Path) -> None:
    """The guilty run gets a row, its neighbours their results."""
    swept = run(rows(60, {17: {"kill": 1}}), tmp_path / "s", executor="processes", workers=2)
    assert swept.counts == {"ok": 59, "crashed": 1} and not swept.missing
    crashed = by_point(tmp_path / "s")[17]
    assert crashed["status"] == "crashed" and "worker process died" in str(crashed["error"])


def test_workers_do_not_matter(tmp_path: Path) -> None:
    plan = rows(400, {4: {"fail": 1}})
    found = set()
    for workers in (0, 1, 3):
        run(plan, tmp_path / str(workers), executor="processes" if workers else "serial", workers=workers or 1)
        found.add(content_hash(results(tmp_path / str(workers))))
    assert len(found) == 1


def test_retry_failed_replaces_rows(tmp_path: Path) -> None:
    plan = rows(10, {3: {"sleep": 0.5}})
    assert run(plan, tmp_path, dataclasses.replace(TRIVIAL, timeout=0.1)).counts == {"ok": 9, "timeout": 1}
    assert run(plan, tmp_path).reused == 10
    again = run(plan, tmp_path, retry_failed=True)
    assert again.counts == {"ok": 10} and again.reused == 9
    run(plan, tmp_path / "once")
    assert content_hash(results(tmp_path)) == content_hash(results(tmp_path / "once"))


CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from test_runner import TRIVIAL, rows
from experiments.study.runner import sweep
if __name__ == "__main__":
    swept = sweep(rows(60, sleep=0.03), TRIVIAL, Path(sys.argv[2]), executor=sys.argv[3], workers=2)
    sys.exit(130 if swept.interrupted else 0)
"""


def child(tmp_path: Path, folder: Path, executor: str) -> subprocess.Popen[str]:
    """A sweep in a process of its own, with some parts written already."""
    script = tmp_path / "child.py"
    script.write_text(CHILD, encoding="utf-8")
    root = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": str(root.parent)}
    process = subprocess.Popen(
        [sys.executable, str(script), str(root), str(folder), executor], env=environment, text=True,
        stderr=subprocess.PIPE, start_new_session=True,
    )
    end = time.monotonic() + 30.0
    while len(list_parts(folder / "parts")) < 3:
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.01)
    return process


def children_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_killed_parent(tmp_path: Path) -> None:
    """After kill -9 of the parent its workers end, the lock is free, and the rest gives the same content."""
    folder = tmp_path / "s"
    process = child(tmp_path, folder, "processes")
    workers = children_of(process.pid)
    assert len(workers) >= 2
    process.kill()
    process.communicate()
    assert 0 < results(folder).num_rows < 60
    swept = run(rows(60, sleep=0.03), folder)
    assert swept.counts == {"ok": 60} and 0 < swept.reused < 60
    end = time.monotonic() + 5.0
    while not all(ended(pid) for pid in workers):
        assert time.monotonic() < end
        time.sleep(0.05)
    run(rows(60, sleep=0.03), tmp_path / "whole", executor="processes")
    assert content_hash(results(folder)) == content_hash(results(tmp_path / "whole"))


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_ctrl_c(tmp_path: Path, executor: str) -> None:
    """Everything under way is kept, and the user is told how to go on."""
    process = child(tmp_path, tmp_path / "s", executor)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130, said
    assert "give the same command again to go on" in said, said
    assert "Traceback" not in said, said
    kept = results(tmp_path / "s").num_rows
    assert 0 < kept < 60
    assert run(rows(60, sleep=0.03), tmp_path / "s").reused == kept


def test_truncated_part(tmp_path: Path) -> None:
    plan = rows(50)
    run(plan, tmp_path)
    before = content_hash(results(tmp_path))
    broken = list_parts(tmp_path / "parts")[1].path
    data = broken.read_bytes()
    broken.write_bytes(data[: len(data) // 2])
    (tmp_path / "parts" / ".partial-1-left.parquet").write_bytes(b"half")
    swept = run(plan, tmp_path)
    assert 0 < swept.planned - swept.reused < 50
    assert content_hash(results(tmp_path)) == before
    assert broken.with_suffix(".damaged").exists() and not list((tmp_path / "parts").glob(".partial-*"))


def test_flipped_byte_is_seen(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    parts.write(run_chunk(dataclasses.replace(TRIVIAL, rows=tuple(rows(200)))).table)
    path = list_parts(tmp_path)[0].path
    data = bytearray(path.read_bytes())
    for place in (0, len(data) // 3, len(data) - 200, len(data) - 20, len(data) - 6):  # pages, footer, its length
        turned = data[:]
        turned[place] ^= 0x08
        path.write_bytes(turned)
        assert Parts(tmp_path).scan() == ({}, [path.with_suffix(".damaged")]), place


def test_parts_are_merged(tmp_path: Path) -> None:
    """Few files whatever the number of chunks; a later row replaces an earlier one, merged or not."""
    parts, plan = Parts(tmp_path), rows(MERGE + 20)
    for row in [*plan, plan[0], plan[MERGE + 10]]:
        parts.write(run_chunk(dataclasses.replace(TRIVIAL, rows=(row,))).table)
    assert [part.tier for part in list_parts(tmp_path)] == [1] + [0] * 22
    again = Parts(tmp_path)
    assert len(again.scan()[0]) == len(plan)
    from experiments.study.parts import results as read

    whole = run_chunk(dataclasses.replace(TRIVIAL, rows=tuple(plan))).table
    assert content_hash(read(tmp_path)) == content_hash(whole)


def test_two_sweeps_in_one_folder(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(InputError, match=f"another sweep is at work.*process {os.getpid()}"):
        run(rows(3), tmp_path)
    (tmp_path / LOCK).write_text('{"pid": 1, "host": "far-away.example"}', encoding="utf-8")
    with pytest.raises(InputError, match=r"far-away\.example.*delete"):
        run(rows(3), tmp_path)
    # A process of this computer that died with the lock: the kernel let go of it.
    import socket

    (tmp_path / LOCK).write_text(json.dumps({"pid": 2**22 + 1, "host": socket.gethostname()}), encoding="utf-8")
    assert run(rows(3), tmp_path).counts == {"ok": 3}


def test_changed_config_or_code_is_refused(tmp_path: Path) -> None:
    run(rows(3), tmp_path)
    other = dataclasses.replace(TRIVIAL, base={"kind": "something"})
    with pytest.raises(InputError, match='kind was "nothing", now "something"') as caught:
        run(rows(5), tmp_path, other)
    assert "\n" not in str(caught.value) and results(tmp_path).num_rows == 3
    assert run(rows(5), tmp_path, other, force=True).counts == {"ok": 5}
    content = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    assert len(content["mixed_with"]) == 1
    content["code_hash"] = "0" * 64
    (tmp_path / FILE).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match="another code of the model"):
        run(rows(5), tmp_path, other)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written"):
        run(rows(3), tmp_path / "s")


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    from experiments.study import parts

    real, written = parts.pq.write_table, []

    def full(table: pa.Table, file: object, **options: object) -> None:
        written.append(table.num_rows)
        if len(written) > 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(table, file, **options)

    monkeypatch.setattr(parts.pq, "write_table", full)
    with pytest.raises(InputError, match=r"No space left on device.*same command again") as caught:
        run(rows(100), tmp_path)
    assert "\n" not in str(caught.value) and results(tmp_path).num_rows == sum(written[:3])
    monkeypatch.undo()
    assert run(rows(100), tmp_path).reused == sum(written[:3])


def test_chunks_grow_and_are_shared_out() -> None:
    from collections import deque

    from experiments.study.task import Chunk

    work = Work(TRIVIAL, deque(rows(1000)), workers=2)
    sizes = []
    while (payload := work.take()) is not None:
        sizes.append(len(payload.rows))
        work.learn(Chunk(pa.table({"run_id": list(range(sizes[-1]))}), None, 0.05 * sizes[-1]))
    assert sizes[0] == 1 and max(sizes) == 80 and sum(sizes) == 1000 and sizes[-1] <= 4


def test_unknown_names(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="executor=warp: not known; known: serial"):
        run(rows(1), tmp_path, executor="warp")
    with pytest.raises(InputError, match="model: 'x' is not known; known: scenario"):
        run(rows(1), tmp_path, dataclasses.replace(TRIVIAL, model="x"))
    with pytest.raises(InputError, match="workers=0"):
        run(rows(1), tmp_path, workers=0)
    assert not list(tmp_path.iterdir())


def test_values_are_set_in_a_copy() -> None:
    base: dict[str, object] = {"a": {"b": 1}, "policies": {"north": {"name": "hardline", "params": {"x": 1}}}}
    tree = with_values(base, {"a.b": 2, "policies.north": "status_quo"})
    assert tree == {"a": {"b": 2}, "policies": {"north": {"name": "status_quo", "params": {}}}}
    assert base["a"] == {"b": 1}
    with pytest.raises(InputError, match=r"a\.b\.c: b is a value"):
        with_values(base, {"a.b.c": 1})


def test_runs_of_a_scenario(tmp_path: Path) -> None:
    """Rows are the runs that the Python interface gives; a value out of range is one row's error."""
    from sim import Scenario
    from sim.compose import compose
    from sim.settings import to_tree

    end = ["scenario=two_states", "scenario.end=2001-02-15"]
    composed = compose(end)
    scenario = Scenario.from_config(composed.config, composed.folder)
    tree = to_tree(scenario.config)
    assert isinstance(tree, dict)
    key = "parameters.violence.branching"
    plan: list[Row] = [("a", 0, 1, 3, {key: 0.3}), ("b", 0, 2, 3, {key: 0.3}), ("c", 1, 1, 3, {key: -1.0})]
    base = Payload(base=tree, folder=str(composed.folder), series=True)
    run(plan, tmp_path, base)
    found = {str(row["run_id"]): row for row in results(tmp_path).to_pylist()}
    model = Scenario.load("two_states", overrides=[end[1], f"{key}=0.3"]).build(seed=3, replicate=2).run()
    expected = {name: value for name, value in model.outcomes.items() if value == value}
    assert {name: found["b"][name] for name in expected} == expected
    assert found["c"]["status"] == "failed" and key in str(found["c"]["error"])
    daily = series(tmp_path / "series")
    assert set(daily["run_id"].to_pylist()) == {"a", "b"} and daily.num_rows == 2 * len(model.record.daily)
