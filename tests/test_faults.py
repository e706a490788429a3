"""Faults for real: a full disk, kills, folders that cannot be written, damaged files, two sweeps at once."""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console
from test_runner import TRIVIAL, rows

from agents.errors import InputError
from experiments.analysis.study import load_study
from experiments.cli import main
from experiments.files import PARTIAL
from experiments.study import executors
from experiments.study.parts import content_hash, list_parts
from experiments.study.runner import Swept, results, sweep
from experiments.study.work import Work

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
WORDS = ["design=lhs", "n=4", "replicates=6", "scenario=two_states", "scenario.end=2001-04-15", "parameters.violence.branching=0.2..0.6"]
SHORT = [*WORDS[:2], "replicates=3", WORDS[3], "scenario.end=2001-01-20", WORDS[5], "executor=serial"]


def run(count: int, folder: Path) -> Swept:
    return sweep(rows(count, name="x" * 40), TRIVIAL, folder, executor="serial", console=Console(file=io.StringIO()))


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "experiments", "sweep", *words]


def one_line(text: str) -> str:
    """The only complaint in what a command said."""
    said = [line for line in text.splitlines() if line.startswith("error")]
    assert len(said) == 1 and "Traceback" not in text, text
    return said[0]


def leftovers(folder: Path) -> list[Path]:
    return list(folder.rglob(f"{PARTIAL}*"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with room for 128 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"no tmpfs can be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk(small_disk: Path, tmp_path: Path) -> None:
    """One line, nothing half-written; with room again the same call finishes with the same content."""
    with pytest.raises(InputError, match=r"No space left on device.*same command again") as caught:
        run(20_000, small_disk / "s")
    assert "\n" not in str(caught.value) and not leftovers(small_disk)
    kept = results(small_disk / "s").num_rows
    assert 0 < kept < 20_000
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    assert run(20_000, small_disk / "s").reused == kept
    run(20_000, tmp_path / "roomy")
    assert content_hash(results(small_disk / "s")) == content_hash(results(tmp_path / "roomy"))


def test_a_disk_that_is_full_from_the_start(small_disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (small_disk / "filler").write_bytes(b"x" * 120_000)
    assert main(["sweep", *SHORT, f"output={small_disk / 's'}"]) == 2
    assert "No space left on device" in one_line(capsys.readouterr().err) and not leftovers(small_disk)
    (small_disk / "filler").unlink()
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    assert main(["sweep", *SHORT, f"output={small_disk / 's'}"]) == 0


def test_a_limit_of_file_size(tmp_path: Path) -> None:
    """The other way a write fails in the middle."""
    words = [*WORDS, "executor=serial", "series=true", f"output={tmp_path / 's'}"]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (24_000, 24_000))

    done = subprocess.run(command(*words), env=ENVIRONMENT, preexec_fn=limit, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and "File too large" in one_line(done.stderr) and not leftovers(tmp_path), done.stderr
    assert main(["sweep", *words]) == 0


@pytest.mark.parametrize("where", ["file/below", "/proc/marchland"])
def test_a_folder_that_cannot_be_written(where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["sweep", *SHORT, f"output={tmp_path / where}"]) == 2
    assert "cannot be written" in one_line(capsys.readouterr().err)


@pytest.mark.slow
def test_a_killed_sweep_can_be_read_and_gone_on_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its plan and its words are there before its first run; two processes at once are refused in one line."""
    out = tmp_path / "s"
    process = subprocess.Popen(command(*WORDS, "executor=serial", f"output={out}"), env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60.0
    while not list_parts(out / "parts"):
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.02)
    plan = (out / "plan.parquet").read_bytes()
    assert main(["sweep", *SHORT, f"output={out}"]) == 2
    assert "another sweep is at work" in one_line(capsys.readouterr().err)
    assert process.poll() is None, "ended too early for this test"
    process.kill()
    process.wait()
    study = load_study(out)
    assert (out / "plan.parquet").read_bytes() == plan and len(study.plan.design.points) == 4
    assert 0 < len(study.results) < 24 and json.loads((out / "sweep.json").read_text())["words"][0] == "design=lhs"
    (out / f"{PARTIAL}1-plan.parquet").write_bytes(b"half")
    assert main(["sweep", *WORDS, "executor=serial", f"output={out}"]) == 0 and not leftovers(out)
    assert main(["sweep", *WORDS, "executor=processes", "workers=3", f"output={tmp_path / 'whole'}"]) == 0
    hashes = {json.loads((folder / "manifest.json").read_text())["results_hash"] for folder in (out, tmp_path / "whole")}
    assert len(hashes) == 1


def test_a_refused_sweep_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "s"
    assert main(["sweep", *SHORT, f"output={out}"]) == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert main(["sweep", *SHORT, "parameters.violence.reach=0.5", f"output={out}"]) == 2
    assert "another config" in one_line(capsys.readouterr().err)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert main(["sweep", *SHORT, "parameters.violence.reach=0.5", f"output={out}", "--force"]) == 0
    claim = json.loads((out / "study.json").read_text())
    assert len(claim["mixed_with"]) == 1


def test_rows_of_a_former_plan_are_not_results_of_this_one(tmp_path: Path) -> None:
    out = tmp_path / "s"
    assert main(["sweep", *SHORT, f"output={out}"]) == 0
    assert main(["sweep", *(word for word in SHORT if word != "n=4"), "n=3", f"output={out}"]) == 0
    table = pd.read_parquet(out / "results.parquet")
    plan = pd.read_parquet(out / "plan.parquet")
    assert set(table["run_id"]) == set(plan["run_id"]) and len(table) == 9
    assert results(out).num_rows > 9  # they are kept all the same


@pytest.mark.parametrize("name", ["plan.parquet", "results.parquet", "sweep.json", "manifest.json"])
def test_damaged_files_are_written_anew(name: str, tmp_path: Path) -> None:
    out = tmp_path / "s"
    assert main(["sweep", *SHORT, f"output={out}"]) == 0
    whole = (out / name).read_bytes()
    (out / name).write_bytes(whole[: len(whole) // 2])
    assert main(["sweep", *SHORT, f"output={out}"]) == 0
    assert name == "manifest.json" or (out / name).read_bytes() == whole


def test_a_damaged_claim_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "s"
    assert main(["sweep", *SHORT, f"output={out}"]) == 0
    (out / "study.json").write_text('{"schema')
    assert main(["sweep", *SHORT, f"output={out}"]) == 2
    assert "study.json: is not readable JSON" in one_line(capsys.readouterr().err)


class Pool(executors._Supervisor):
    """A supervisor whose pools are none."""

    def __init__(self) -> None:
        super().__init__(Work(TRIVIAL, deque(rows(1))), lambda chunk: None)

    def _start(self) -> None:  # type: ignore[override]
        return None


@pytest.mark.parametrize(("codes", "gives_up"), [([-9], False), ([-15, -9], False), ([1, -15], True), ([0], True), ([-11], True)])
def test_when_workers_that_do_not_begin_are_given_up(codes: list[int], gives_up: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed worker says nothing about a broken start; one that ends by itself does, but only several in a row."""
    monkeypatch.setattr(executors, "_kill", lambda pool: codes)
    supervisor = Pool()
    for _ in range(executors._FAILED_STARTS - 1):
        supervisor._restart(begun=False)
    if gives_up:
        with pytest.raises(InputError, match="do not start"):
            supervisor._restart(begun=False)
        return
    for _ in range(executors._KILLED_STARTS - executors._FAILED_STARTS):
        supervisor._restart(begun=False)
    supervisor._restart(begun=True)  # forgives all
    for _ in range(executors._KILLED_STARTS - 1):
        supervisor._restart(begun=False)
    with pytest.raises(InputError, match="somebody killed the worker processes"):
        supervisor._restart(begun=False)


UNGUARDED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_runner import TRIVIAL, rows
from agents.errors import InputError
from experiments.study.runner import sweep
try:
    sweep(rows(5), TRIVIAL, Path(sys.argv[2]), executor="processes", workers=1)
except InputError as error:
    print(error)
    sys.exit(2)
"""


@pytest.mark.slow
def test_a_script_without_a_guard_ends(tmp_path: Path) -> None:
    """Workers that end at once while they import are told, not started for ever."""
    (tmp_path / "script.py").write_text(UNGUARDED, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py"), str(ROOT / "tests"), str(tmp_path / "s")],
        env=ENVIRONMENT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2 and "if __name__ == '__main__'" in done.stdout, done.stderr[-2000:]
