"""``marchland reproduce``: the same comes out, and each way of not being the same has its verdict, place and exit code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments import reproduce as module
from experiments.cli import main
from experiments.reproduce import compatible, reproduce
from sim.fingerprint import table_hash
from tests.conflict_folders import write_conflict

RUN = ("run", "scenario=two_states", "scenario.end=2001-02-20", "figures=false", "seed=5", "parameters.violence.branching=0.4")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reproduce") / "run"
    assert main([*RUN, f"hydra.run.dir={folder}"]) == 0
    return folder


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    """A copy of the run, to spoil."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def changed(folder: Path, name: str, column: str, row: int, value: float) -> None:
    """Change one value of a stored table, and its hash in the manifest with it."""
    table = pq.read_table(folder / f"{name}.parquet")
    values = table.column(column).to_pylist()
    values[row] = value
    table = table.set_column(table.column_names.index(column), column, pa.array(values, type=table.column(column).type))
    pq.write_table(table, folder / f"{name}.parquet")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["outputs"][name]["content_sha256"] = table_hash(table)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_run_reproduces(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", str(folder)]) == 0
    assert "identical" in capsys.readouterr().out
    report = json.loads((folder / "reproduction.json").read_text())
    assert report == {"verdict": "identical", "where": "", "environment": []}


def test_a_moved_run_needs_nothing_but_its_folder(folder: Path, tmp_path: Path) -> None:
    config = (folder / "config.yaml").read_text()
    assert "path:" in config
    moved = folder.rename(tmp_path / "elsewhere")
    assert reproduce(moved).grade == "identical"


def test_another_number_is_different_and_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(folder, "daily", "value", 7, 12345.0)
    assert main(["reproduce", str(folder)]) == 4
    out = capsys.readouterr().out
    assert "different" in out and "daily, column value, row 7: 12345.0 stored" in out


def test_rounding_is_numerically_equal(folder: Path) -> None:
    values = pq.read_table(folder / "daily.parquet").column("value").to_pylist()
    row = next(i for i, value in enumerate(values) if value > 1.0)
    changed(folder, "daily", "value", row, values[row] * (1.0 + 1e-13))
    verdict = reproduce(folder)
    assert (verdict.grade, verdict.code) == ("numerically equal", 0) and f"row {row}" in verdict.where


def test_other_luck_is_compatible_only_when_asked(folder: Path) -> None:
    """A run of another replicate under this run's name: different bit by bit, but like the others."""
    text = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(text.replace("replicate: 0", "replicate: 40"))
    assert reproduce(folder).code == 4
    verdict = reproduce(folder, replicates=12)
    assert (verdict.grade, verdict.code) == ("statistically compatible", 3)


def test_compatible_finds_an_outcome_far_out() -> None:
    drawn = [{"a": float(k), "b": 5.0, "c": float("nan")} for k in range(10)]
    assert compatible({"a": 4.0, "b": 5.0, "c": 1.0}, drawn)
    assert not compatible({"a": 400.0, "b": 5.0}, drawn) and not compatible({"c": 1.0}, drawn)


def test_a_manifest_that_lies_is_told(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["outputs"]["events"]["content_sha256"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert "agrees with this run but not with its hash" in reproduce(folder).where


def test_differences_of_the_environment_are_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["python"], manifest["packages"]["numpy"] = "3.9.1", "1.0"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert main(["reproduce", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "python: 3.9.1 then" in out and "packages numpy: 1.0 then" in out


def test_a_class_that_the_folder_names_is_not_run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "strange.py").write_text("raise SystemExit('run')\n")
    text = (folder / "config.yaml").read_text()
    assert "name: tit_for_tat" in text
    (folder / "config.yaml").write_text(text.replace("name: tit_for_tat", "name: strange:Policy", 1))
    with pytest.raises(module.InputError, match="strange:Policy"):
        reproduce(folder)


def test_a_conflict_folder_reproduces_with_its_history(tmp_path: Path) -> None:
    source = write_conflict(tmp_path / "made")
    assert main(["run", f"scenario.path={source}", "figures=false", f"hydra.run.dir={tmp_path / 'out'}"]) == 0
    shutil.rmtree(source)
    assert reproduce(tmp_path / "out").grade == "identical"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "give one folder"), (["nowhere"], "nowhere/manifest.json: no such file"), (["a", "b"], "give one folder"),
        (["FOLDER", "replicates=1"], "replicates=1"), (["FOLDER", "replicates=x"], "replicates=x"), (["FOLDER", "replicate=3"], "did you mean 'replicates'"),
        (["FOLDER", "--fast"], "give one folder"),
    ],
)  # fmt: skip
def test_wrong_words_are_one_line(words: list[str], told: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", *(str(folder) if word == "FOLDER" else word for word in words)]) == 2
    err = capsys.readouterr().err
    assert told in err and err.count("\n") == 1


@pytest.mark.parametrize(("name", "content"), [("manifest.json", "{"), ("manifest.json", "[]"), ("config.yaml", ": :"), ("daily.parquet", "junk")])
def test_spoilt_files_are_one_line(name: str, content: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if name == "daily.parquet":
        changed(folder, "daily", "value", 0, 1.5)
    (folder / name).write_text(content)
    assert main(["reproduce", str(folder)]) == 2
    assert name in capsys.readouterr().err
