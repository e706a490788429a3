"""``marchland sweep``: from words to a table with a row a run; the same words go on; wrong words are one line."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from agents.errors import InputError
from experiments.cli import main
from sim.scenario import Scenario

BASE = ["scenario=two_states", "scenario.end=2001-01-25", "executor=serial"]


def swept(out: Path, *words: str) -> pd.DataFrame:
    assert main(["sweep", *BASE, *words, f"output={out}"]) == 0
    return pd.read_parquet(out / "results.parquet").sort_values(["point", "replicate"]).reset_index(drop=True)


def test_a_row_is_the_run_that_it_says(tmp_path: Path) -> None:
    """Point, replicate and seed of a row give the same outcomes when run by hand; points share their luck."""
    table = swept(tmp_path / "out", "design=lhs", "n=3", "replicates=2", "seed=4", "parameters.violence.branching=0.2..0.6")
    assert list(table["point"]) == [0, 0, 1, 1, 2, 2] and set(table["seed"]) == {4} and set(table["status"]) == {"ok"}
    row = table.iloc[3]
    scenario = Scenario.load(overrides=[*BASE[:2], "seed=4", f"parameters.violence.branching={float(row['parameters.violence.branching'])!r}"])
    outcomes = scenario.build(replicate=int(row["replicate"])).run().outcomes
    assert all(row[name] == value or value != value for name, value in outcomes.items())


def test_the_same_words_go_on_and_more_of_a_design_adds_to_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    words = ["design=grid", "policy@policies.north=status_quo,hardline", "replicates=1"]
    first = swept(out, *words)
    manifest = json.loads((out / "manifest.json").read_text())
    capsys.readouterr()
    again = swept(out, *words)
    assert "there already" in capsys.readouterr().err
    assert again.equals(first) and json.loads((out / "manifest.json").read_text())["results_hash"] == manifest["results_hash"]
    more = swept(out, *words[:2], "replicates=2")
    assert len(more) == 4 and more[more["replicate"] == 0].reset_index(drop=True).equals(first)


def test_serial_and_processes_give_the_same_hash(tmp_path: Path) -> None:
    words = ["design=oat", "parameters.violence.branching=0.2..0.6", "replicates=2"]
    swept(tmp_path / "a", *words)
    assert main(["sweep", *BASE[:2], *words, "executor=processes", "workers=2", f"output={tmp_path / 'b'}"]) == 0
    hashes = {json.loads((tmp_path / name / "manifest.json").read_text())["results_hash"] for name in ("a", "b")}
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["parameters.violence.branching=0.2..0.6"], "design: must be given"), (["design=lhx"], "did you mean 'lhs'"),
        (["design=lhs", "parameters.violence.branching=0.2..9"], "outside the declared range"), (["design=lhs", "--fast"], "--fast"),
        (["design=lhs", "parameters.violence.branching=", "replicates=0"], "replicates=0"), (["design=sobol", "n=100", "parameters.violence.branching="], "power of two"),
        (["design=lhs", "parameters.violence.branching=", "executor=clouds"], "clouds"), (["design=lhs", "parameters.violence.branching=", "series=perhaps"], "series=perhaps"),
        (["design=lhs", "parameters.violence.branching=", "timeout=soon"], "timeout=soon"), (["design=grid", "seed=1,2"], "seed"),
        (["design=lhs", "parameters.violence.branching=", "workers=100000000000"], "from 1 to 10,000"),
        (["design=lhs", "parameters.violence.branching=", f"n={'9' * 5000}"], "write a whole number"),
    ],
)  # fmt: skip
def test_wrong_words_are_one_line(words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "scenario=two_states", *words, f"output={tmp_path / 'out'}"]) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(said) == 1 and told in said[0] and not (tmp_path / "out" / "results.parquet").exists()


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}


GRID = ["design=grid", "parameters.violence.branching=0.3,0.4"]


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize("foreign", ["scenario/mine.txt", "results.parquet", "manifest.json", "notes.txt", "figures/a.png"])
def test_the_files_of_somebody_else_stay(foreign: str, force: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without a study is used only when it is empty, also with ``--force``."""
    (tmp_path / foreign).parent.mkdir(exist_ok=True)
    (tmp_path / foreign).write_text("mine")
    (tmp_path / ".gitignore").write_text("*")
    assert main(["sweep", *BASE, *GRID, *force, f"output={tmp_path}"]) == 2
    assert "holds other files" in capsys.readouterr().err
    assert content(tmp_path) == {foreign: b"mine", ".gitignore": b"*"}


def test_the_folder_of_a_run_is_no_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *BASE[:2], "figures=false", "band=0", f"hydra.run.dir={tmp_path / 'out'}"]) == 0
    before = content(tmp_path / "out")
    assert main(["sweep", *BASE, *GRID, f"output={tmp_path / 'out'}"]) == 2
    assert "holds other files" in capsys.readouterr().err and content(tmp_path / "out") == before


def test_a_file_of_mine_in_the_copy_of_the_tables_is_kept(tmp_path: Path) -> None:
    swept(tmp_path / "out", *GRID)
    (tmp_path / "out" / "scenario" / "mine.txt").write_text("mine")
    swept(tmp_path / "out", *GRID)
    assert [path.read_text() for path in (tmp_path / "out").rglob("mine.txt")] == ["mine"]


def test_results_are_written_while_the_folder_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or another sweep could begin between the last run and the table."""
    from experiments import sweep
    from experiments.study.claim import locked

    write, seen = sweep.write_study_manifest, list[str]()

    def watched(*given: Any, **named: Any) -> object:
        with pytest.raises(InputError, match="another sweep is at work"), locked(tmp_path / "out"):
            pass
        seen.append("locked")
        return write(*given, **named)

    monkeypatch.setattr(sweep, "write_study_manifest", watched)
    swept(tmp_path / "out", *GRID)
    assert seen == ["locked"] and (tmp_path / "out" / "manifest.json").is_file()


def test_ctrl_c_during_the_last_run_leaves_a_finished_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from experiments.study import runner

    add = runner._Store.add

    def stop(self: Any, chunk: Any) -> object:
        done = add(self, chunk)
        if sum(self.counts.values()) == 2:
            signal.raise_signal(signal.SIGINT)
        return done

    monkeypatch.setattr(runner._Store, "add", stop)
    assert len(swept(tmp_path / "out", *GRID)) == 2 and (tmp_path / "out" / "manifest.json").is_file()


@pytest.mark.parametrize("key", ["history", "exogenous"])
def test_tables_are_no_factors(key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only one could be copied into the study, and a change of the other would go unseen."""
    assert main(["sweep", *BASE, "design=grid", f"scenario.{key}=/a.csv,/b.csv", f"output={tmp_path / 'out'}"]) == 2
    assert f"scenario.{key} cannot be a factor" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_help_names_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    from experiments.study.words import KEYS

    assert main(["sweep", "--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"  {name}" in said for name, _, _ in KEYS)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["design=morris", "n=4", "FACTOR"], "n=4: design=morris takes no n, which is for lhs, sobol; it takes trajectories"),
        (["design=grid", "n=4", "FACTOR"], "leave it out"),
        (["design=lhs", "shards=3", "FACTOR"], "shards=3: executor=processes takes no shards"),
        (["design=lhs", "slurm.memory=4G", "FACTOR"], "slurm.memory=4G"),
        (["design=lhs", "n=4", "n=6", "FACTOR"], "n=6: n is given twice (n=4)"),
        (["design=lhs", "FACTOR", "parameters.violence.branching=0.3"], "parameters.violence.branching is given twice"),
        (["desing=lhs", "FACTOR"], "did you mean 'design'?"),
        (["design=lhs", "executr=dask", "FACTOR"], "did you mean 'executor'?"),
        (["experiment=deportation_sweep", "n=5"], "n=5: design=grid takes no n"),
    ],
)
def test_words_that_would_do_nothing_are_refused(words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["parameters.violence.branching=0.2..0.6" if word == "FACTOR" else word for word in words]
    assert main(["sweep", "scenario=two_states", *given, f"output={tmp_path / 'out'}"]) == 2
    assert told in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_another_plan_in_the_folder_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    swept(tmp_path / "out", *GRID)
    (tmp_path / "out" / "analysis").mkdir()
    capsys.readouterr()
    swept(tmp_path / "out", *GRID)
    assert "another plan" not in capsys.readouterr().err
    swept(tmp_path / "out", *GRID, "replicates=2")
    said = capsys.readouterr().err
    assert "held another plan" in said and "analysis/ is still of the former one" in said
