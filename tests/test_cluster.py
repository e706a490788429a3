"""Sweeps on Dask: the same rows as in one process, whatever dies, and one line where a cluster cannot be used."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from test_runner import TRIVIAL, by_point, ended, rows

from agents.errors import InputError
from experiments.cli import main
from experiments.study import dask_executor, executors
from experiments.study.deadline import RunTimeout, deadline
from experiments.study.parts import content_hash, list_parts
from experiments.study.runner import Swept, results, sweep
from experiments.study.site import Site, make_site
from experiments.study.task import Payload, Row

pytest.importorskip("distributed", reason="needs the extra [cluster]")
ROOT = Path(__file__).parent.parent


def run(plan: list[Row], folder: Path, base: Payload = TRIVIAL, site: Site | None = None, **options: object) -> Swept:
    return sweep(plan, base, folder, console=Console(file=io.StringIO()), site=site, **options)  # type: ignore[arg-type]


def hash_of(folder: Path) -> str:
    return content_hash(results(folder))


@dataclasses.dataclass
class Cluster:
    """A scheduler and workers as processes of their own."""

    address: str
    processes: list[subprocess.Popen[bytes]]

    def worker(self, *words: str, path: Path | None = None) -> subprocess.Popen[bytes]:
        """One more worker, with its nanny."""
        environment = {**os.environ, "PYTHONPATH": str(path or ROOT)}
        command = [sys.executable, "-P", "-m", "distributed.cli.dask_worker", self.address, "--nthreads", "1", "--no-dashboard", *words]
        self.processes.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"))
        return self.processes[-1]


@contextlib.contextmanager
def cluster(tmp_path: Path, workers: int) -> Iterator[Cluster]:
    """A scheduler that gives up a run as soon as its worker died, and workers."""
    file = tmp_path / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    environment = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    scheduler = subprocess.Popen(
        [*command, "--scheduler-file", str(file)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    made = Cluster("", [scheduler])
    try:
        end = time.monotonic() + 60.0
        while not made.address:
            assert scheduler.poll() is None and time.monotonic() < end
            with contextlib.suppress(FileNotFoundError, ValueError):
                made.address = json.loads(file.read_text())["address"]
            time.sleep(0.05)
        for _ in range(workers):
            made.worker()
        yield made
    finally:
        for process in reversed(made.processes):
            process.terminate()
        for process in made.processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("cluster"), 2) as made:
        yield made


def children_of_threads(pid: int) -> list[int]:
    """All children of a process; Dask starts its workers from a thread each."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += [int(word) for word in (task / "children").read_text().split()]
    return found


def worker_of(nanny: subprocess.Popen[bytes]) -> int:
    """The process that a nanny watches over."""
    end = time.monotonic() + 60.0
    while time.monotonic() < end:
        for pid in children_of_threads(nanny.pid):
            with contextlib.suppress(FileNotFoundError):
                if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
        time.sleep(0.05)
    raise AssertionError("no worker")


def test_workers_of_our_own(tmp_path: Path) -> None:
    """A failing run, a slow one and one that kills its worker are rows, and all others have their results."""
    base = dataclasses.replace(TRIVIAL, timeout=3.0)
    plan = rows(60, {4: {"fail": 1}, 17: {"kill": 1}, 31: {"sleep": 30.0}})
    swept = run(plan, tmp_path / "d", base, executor="dask", workers=2)
    assert swept.counts == {"ok": 57, "failed": 1, "crashed": 1, "timeout": 1}
    found = by_point(tmp_path / "d")
    assert "worker process died" in str(found[17]["error"]) and found[31]["error"] == "no end after 3 s"
    others = [row for row in plan if row[1] not in (17, 31)]
    run(others, tmp_path / "s", base, executor="serial")
    kept = results(tmp_path / "d").to_pylist()
    alone = {row["run_id"]: row for row in results(tmp_path / "s").to_pylist()}
    for row in kept:
        if row["point"] not in (17, 31):
            assert {**row, "seconds": 0} == {**alone[row["run_id"]], "seconds": 0}


def test_a_running_scheduler_and_a_worker_killed_midway(tmp_path: Path, two_workers: Cluster) -> None:
    """Two workers in processes of their own; one is killed, and nothing is missing or different."""
    plan = rows(80, {5: {"fail": 1}}, sleep=0.1)
    victim = worker_of(two_workers.processes[1])
    killed: list[float] = []

    def kill() -> None:
        while len(list_parts(tmp_path / "d" / "parts")) < 3:
            time.sleep(0.02)
        os.kill(victim, signal.SIGKILL)
        killed.append(time.monotonic())

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    swept = run(plan, tmp_path / "d", executor="dask", site=Site(tmp_path / "d", scheduler=two_workers.address))
    thread.join(timeout=10)
    assert killed and ended(victim) and swept.counts == {"ok": 79, "failed": 1}
    run(plan, tmp_path / "s", executor="processes", workers=3)
    assert hash_of(tmp_path / "d") == hash_of(tmp_path / "s")


def test_a_run_that_kills_workers_far_away(tmp_path: Path, two_workers: Cluster) -> None:
    """Nobody notes there which run a worker was at: the chunk's runs are tried one by one."""
    swept = run(rows(12, {7: {"kill": 1}}), tmp_path, executor="dask", site=Site(tmp_path, scheduler=two_workers.address))
    assert swept.counts == {"ok": 11, "crashed": 1} and by_point(tmp_path)[7]["status"] == "crashed"


def test_a_scenario_on_a_scheduler(tmp_path: Path, two_workers: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["design=grid", "scenario=two_states", "scenario.end=2001-01-25", "policy@policies.north=status_quo,hardline", "replicates=2"]
    hashes = set()
    for name, more in (("s", ["executor=serial"]), ("d", ["executor=dask", f"scheduler={two_workers.address}"])):
        assert main(["sweep", *words, *more, f"output={tmp_path / name}"]) == 0
        hashes.add(json.loads((tmp_path / name / "manifest.json").read_text())["results_hash"])
    assert len(hashes) == 1


def test_a_worker_with_other_code_is_refused(tmp_path: Path, two_workers: Cluster) -> None:
    other = tmp_path / "other"
    for floor in ("agents", "sim", "configs", "experiments"):
        shutil.copytree(ROOT / floor, other / floor, ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "sim" / "measures.py").open("a") as file:
        file.write("# another version\n")
    stranger = two_workers.worker("--name", "stranger", path=other)
    try:
        from distributed import Client

        with Client(two_workers.address, set_as_default=False) as client:
            client.wait_for_workers(3, timeout=60)
        with pytest.raises(InputError, match="has another code of the model") as caught:
            run(rows(40), tmp_path / "s", executor="dask", site=Site(tmp_path / "s", scheduler=two_workers.address))
        assert "\n" not in str(caught.value) and not results(tmp_path / "s").num_rows
    finally:
        stranger.terminate()
        stranger.wait(timeout=30)


def test_a_worker_that_joins_later_is_checked_too() -> None:
    ours = dask_executor.version_of((), "")
    payload = dataclasses.replace(TRIVIAL, rows=tuple(rows(1)))
    assert dask_executor.run_checked(payload, ours).table.num_rows == 1
    for wrong, told in ((dataclasses.replace(ours, code="0" * 64), "another code"), (dataclasses.replace(ours, numpy="1.0"), "NumPy")):
        with pytest.raises(InputError, match=told):
            dask_executor.run_checked(payload, wrong)
    with pytest.raises(InputError, match="does not see /nowhere"):
        dask_executor.run_checked(dataclasses.replace(payload, folder="/nowhere"), ours)


CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from test_runner import TRIVIAL, rows
from experiments.study.runner import sweep
from experiments.study.site import Site
if __name__ == "__main__":
    folder = Path(sys.argv[2])
    swept = sweep(rows(200, sleep=0.1), TRIVIAL, folder, executor="dask", workers=2, site=Site(folder, scheduler=sys.argv[3]))
    sys.exit(130 if swept.interrupted else 0)
"""


def child(tmp_path: Path, folder: Path, scheduler: str) -> subprocess.Popen[str]:
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    process = subprocess.Popen(
        [sys.executable, str(script), str(ROOT / "tests"), str(folder), scheduler], env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    end = time.monotonic() + 60.0
    while len(list_parts(folder / "parts")) < 3:
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("far", [False, True])
def test_ctrl_c(tmp_path: Path, two_workers: Cluster, far: bool) -> None:
    process = child(tmp_path, tmp_path / "s", two_workers.address if far else "")
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "give the same command again to go on" in said and "Traceback" not in said, said
    kept = results(tmp_path / "s").num_rows
    assert 0 < kept < 200


@pytest.mark.slow
def test_killed_parent(tmp_path: Path) -> None:
    """Workers of our own end with us; the rest gives the same content."""
    folder = tmp_path / "s"
    process = child(tmp_path, folder, "")
    workers = children_of_threads(process.pid)
    process.kill()
    process.communicate()
    assert len(workers) >= 2 and 0 < results(folder).num_rows < 200
    end = time.monotonic() + 20.0
    while not all(ended(pid) for pid in workers):
        assert time.monotonic() < end
        time.sleep(0.05)
    plan = rows(200, sleep=0.1)
    kept = {row["run_id"] for row in results(folder).to_pylist()}
    rest = [row for row in plan if row[0] not in kept][:5]  # not all: they sleep
    assert run(rest, folder, executor="serial").counts == {"ok": 5}
    assert run([row for row in plan if row[0] in kept] + rest, tmp_path / "t", workers=3).counts == {"ok": len(kept) + 5}
    assert hash_of(folder) == hash_of(tmp_path / "t")


@pytest.mark.parametrize("address", ["localhost:8786", "tcp://nowhere", "http://127.0.0.1:1"])
def test_addresses_that_are_none(tmp_path: Path, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["design=oat", "scenario=two_states", "parameters.violence.branching=", f"output={tmp_path / 's'}", "executor=dask"]
    assert main(["sweep", *words, f"scheduler={address}"]) == 2
    assert "write tcp://HOST:PORT" in capsys.readouterr().err and not (tmp_path / "s").exists()


def test_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_executor, "ANSWER_SECONDS", 1.0)
    with pytest.raises(InputError, match=r"scheduler=tcp://127.0.0.1:9: does not answer .* dask scheduler") as caught:
        run(rows(3), tmp_path, executor="dask", site=Site(tmp_path, scheduler="tcp://127.0.0.1:9"))
    assert "\n" not in str(caught.value)


def test_a_scheduler_without_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_executor, "WORKERS_SECONDS", 0.5)
    with cluster(tmp_path, 0) as empty, pytest.raises(InputError, match=r"has no workers; start some with dask worker"):
        run(rows(3), tmp_path / "s", executor="dask", site=Site(tmp_path, scheduler=empty.address))


def test_a_scheduler_that_dies_midway(tmp_path: Path) -> None:
    with cluster(tmp_path, 1) as short:

        def kill() -> None:
            while len(list_parts(tmp_path / "s" / "parts")) < 3:
                time.sleep(0.02)
            for process in short.processes:
                process.kill()

        threading.Thread(target=kill, daemon=True).start()
        with pytest.raises(InputError, match=r"scheduler was lost.*same command again"):
            run(rows(400, sleep=0.05), tmp_path / "s", executor="dask", site=Site(tmp_path, scheduler=short.address))
    kept = results(tmp_path / "s").num_rows
    assert 0 < kept < 400


def test_the_extra_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    for name in ("dask", "slurm"):
        with pytest.raises(InputError, match=rf"executor={name}: needs Dask; .*pip install 'marchland\[cluster\]'"):
            run(rows(1), tmp_path / "s", executor=name)
    assert not (tmp_path / "s").exists()


def test_deadlines_in_threads() -> None:
    """Dask runs tasks in threads, where no alarm rings: a loop that never ends is interrupted all the same."""
    found: list[str] = []

    def spin() -> None:
        start = time.monotonic()
        try:
            with deadline(0.2):
                while time.monotonic() - start < 20.0:
                    pass
            found.append("no end")
        except RunTimeout:
            found.append("timeout")
        with deadline(5.0):  # nothing of the first one is left
            time.sleep(0.3)
        found.append(f"{time.monotonic() - start < 10.0}")

    thread = threading.Thread(target=spin)
    thread.start()
    thread.join(timeout=30)
    assert found == ["timeout", "True"]


def test_keys_of_a_site(tmp_path: Path) -> None:
    from experiments.study.site import KEYS

    given = {name: default for name, default, _ in KEYS}
    site = make_site({**given, "slurm.memory": "4GiB", "slurm.cores": "3"}, tmp_path, "slurm")
    assert (site.memory, site.cores, site.walltime) == ("4G", 3, "24:00:00")
    for key, value in (
        ("slurm.memory", "much"), ("slurm.memory", "0G"), ("slurm.walltime", "a day"), ("slurm.partition", "a; rm"), ("shards", "0"),
        ("slurm.cores", "two"), ("slurm.account", "$(id)"), ("shards", "100000"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=f"{key}="):
            make_site({**given, key: value}, tmp_path, "slurm")
    with pytest.raises(InputError, match="only executor=dask has a scheduler"):
        make_site({**given, "scheduler": "tcp://127.0.0.1:1"}, tmp_path, "processes")


def test_every_executor_is_found() -> None:
    assert set(executors.EXECUTORS) == {"serial", "processes", "dask", "slurm", "shards"}
    assert all(executors.find_executor(name) for name in executors.EXECUTORS)
