"""``marchland sweep``: from words to a table with a row a run; the same words go on; wrong words are one line."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

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
    ],
)  # fmt: skip
def test_wrong_words_are_one_line(words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "scenario=two_states", *words, f"output={tmp_path / 'out'}"]) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(said) == 1 and told in said[0] and not (tmp_path / "out" / "results.parquet").exists()


def test_help_names_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    from experiments.sweep import KEYS

    assert main(["sweep", "--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"  {name}" in said for name, _, _ in KEYS)
