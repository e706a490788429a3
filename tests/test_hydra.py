"""Multiruns under Hydra itself, on whichever version is installed: launchers, folders that never collide, the hint to sweep."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import hydra
import pandas as pd
import pytest

from experiments import cli
from experiments.run import MANY, sweep_hint
from experiments.study.named import expand
from experiments.study.words import Words
from experiments.sweep import _plan
from sim.compose import VERSION_BASE, session
from sim.fingerprint import table_hash

ROOT = Path(__file__).resolve().parents[1]
SHORT = ("scenario=two_states", "scenario.end=2001-01-08", "figures=false", "band=0")
SUBMITIT = importlib.util.find_spec("hydra_plugins") is not None and importlib.util.find_spec("submitit") is not None


def start(*words: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "experiments", *words], env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=cwd, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def runs(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.rglob("manifest.json"))


def outcome(folder: Path) -> float:
    daily = pd.read_parquet(folder / "daily.parquet")
    return float(daily["value"].sum())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_version_is_one_that_is_supported() -> None:
    """On 1.4 a version base is deprecated, on 1.3 its absence is: neither may warn."""
    major, minor = (int(part) for part in hydra.__version__.split(".")[:2])
    assert (major, minor) in ((1, 3), (1, 4))
    assert bool(VERSION_BASE) == (minor == 3)


def test_the_basic_launcher_runs_the_product(here: Path) -> None:
    assert cli.main(["run", "-m", *SHORT, "policy@policies.north=status_quo,hardline", "seed=1,2", "hydra.sweep.dir=out"]) == 0
    assert [path.name for path in runs(here / "out")] == ["0", "1", "2", "3"]
    assert cli.main(["run", *SHORT, "policy@policies.north=hardline", "seed=2", "hydra.run.dir=one"]) == 0
    assert outcome(here / "out" / "3") == outcome(here / "one") != outcome(here / "out" / "2")


@pytest.mark.skipif(not SUBMITIT, reason="the extra [hydra-launchers] is not installed")
def test_the_submitit_launcher_runs_the_same_jobs(here: Path) -> None:
    """Each job is a process of its own; results are those of the basic launcher, bit for bit."""
    words = [*SHORT, "experiment=null,sanctuary_cooperation", "hydra.sweep.dir=out"]
    process = start("run", "-m", "hydra/launcher=submitit_local", *words, cwd=here)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "2 of 2 runs finished" in out
    assert [path.name for path in runs(here / "out")] == ["0", "1"]
    assert "Traceback" not in err
    assert cli.main(["run", *SHORT, "experiment=sanctuary_cooperation", "hydra.run.dir=one"]) == 0
    import pyarrow.parquet as pq

    by_job, alone = (table_hash(pq.read_table(folder / "daily.parquet")) for folder in (here / "out" / "1", here / "one"))
    assert by_job == alone


def test_processes_of_the_same_second_have_folders_of_their_own(here: Path) -> None:
    """Four commands at once without a folder given, two jobs each: eight finished runs in four folders."""
    processes = [start("run", "-m", *SHORT, "seed=1,2", cwd=here) for _ in range(4)]
    for process in processes:
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    assert len(list((here / "outputs").iterdir())) == 4
    assert len(runs(here / "outputs")) == 8
    assert not list((here / "outputs").rglob(".partial*"))


def test_a_second_multirun_into_the_same_folder_keeps_the_first(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", "-m", *SHORT, "hydra.sweep.dir=out"]
    assert cli.main([*words, "seed=1"]) == 0
    before = (here / "out" / "0" / "manifest.json").read_bytes()
    assert cli.main([*words, "seed=5"]) != 0
    assert "holds a finished run" in capsys.readouterr().err
    assert (here / "out" / "0" / "manifest.json").read_bytes() == before


# ------------------------------------------------------------------ many jobs


def hint(*words: str) -> str:
    with session(words, multirun=True) as opened:
        return sweep_hint(opened)


def test_a_thousand_jobs_are_no_hint() -> None:
    assert hint("scenario=two_states", f"seed=range(0,{MANY})") == ""
    assert hint("scenario=two_states", "seed=1,2,3") == ""


def test_more_are_one_line_with_the_words_of_a_sweep() -> None:
    line = hint("scenario=two_states", "seed=range(3,404)", "policy@policies.north=status_quo,hardline,tit_for_tat", "figures=false", "hydra.sweep.dir=big")
    assert "\n" not in line and "1,203 jobs" in line
    words = line.partition("marchland sweep ")[2].split()
    assert words == ["design=grid", "scenario=two_states", "seed=3", "replicates=401", "policy@policies.north=status_quo,hardline,tit_for_tat", "output=big"]
    plan = _plan(Words(expand(words)))
    assert plan.rows.num_rows == 1203, "the words are a sweep of as many runs"


def test_what_a_sweep_has_one_of_is_said() -> None:
    line = hint("scenario=two_states,pakistan_afghanistan", "parameters.violence.branching=range(0.1,0.7,0.001)")
    assert "a command for each scenario" in line and "scenario=two_states parameters" in line


def test_the_hint_does_not_stop_the_user(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("experiments.run.MANY", 1)
    assert cli.main(["run", "-m", *SHORT, "seed=1,2", "hydra.sweep.dir=out"]) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("hint")]
    assert len(said) == 1 and len(runs(here / "out")) == 2
