"""``marchland reproduce``: the same comes out, and each way of not being the same has its verdict, place and exit code."""

from __future__ import annotations

import json
import re
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments import reproduce as module
from experiments.analysis.study import load_study
from experiments.cli import main
from experiments.reproduce import compatible, reproduce
from experiments.reproduction import study as module_of_studies
from experiments.reproduction.study import Asked
from sim.fingerprint import file_hash, table_hash
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
    assert (report["verdict"], report["where"], report["environment"]) == ("identical", "", [])
    assert "daily" in report["checked"] and report["largest_relative_difference"] == 0.0


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
    assert re.search(r"python +3\.9\.1 ", out) and re.search(r"packages numpy +1\.0 ", out)


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
        (["FOLDER", "replicates=1"], "replicates=1"), (["FOLDER", "replicates=x"], "replicates=x"), (["FOLDER", "sample=3"], "sample: is for studies"), (["FOLDER", "workers=0"], "workers=0"), (["FOLDER", "replicate=3"], "did you mean 'replicates'"),
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


# ------------------------------------------------------------------ studies


SWEEP = ("sweep", "scenario=two_states", "scenario.end=2001-01-25", "executor=serial", "design=lhs", "n=3", "replicates=2", "seed=3", "series=true")


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reproduce") / "study"
    assert main([*SWEEP, "parameters.violence.branching=0.2..0.6", "policy@policies.north=status_quo,hardline", f"output={folder}"]) == 0
    return folder


@pytest.fixture
def study(swept: Path, tmp_path: Path) -> Path:
    """A copy of the study, to spoil."""
    return Path(shutil.copytree(swept, tmp_path / "moved"))


def spoilt(study: Path, row: int, column: str, change: Callable[[float], float]) -> str:
    """Change one value of the results, in order of point and replicate; return the run's id."""
    frame = pq.read_table(study / "results.parquet").to_pandas().sort_values(["point", "replicate"], ignore_index=True)
    frame.loc[row, column] = change(frame.loc[row, column])
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), study / "results.parquet")
    return str(frame.loc[row, "run_id"])


def test_a_study_reproduces_from_its_folder_alone(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", str(study), "workers=1"]) == 0
    assert "identical (6 of 6 runs)" in capsys.readouterr().out
    report = json.loads((study / "reproduction.json").read_text())
    assert (report["verdict"], report["notes"], report["environment"]) == ("identical", [], [])


def test_a_sample_is_that_of_its_seed_and_says_so(study: Path) -> None:
    """Spoil every run but those drawn: the sample does not see it. Spoil a drawn one: it does."""
    chosen = {row[0] for row in module_of_studies._chosen(load_study(study), Asked(sample=2, sample_seed=5))[0]}
    assert len(chosen) == 2
    assert chosen == {row[0] for row in module_of_studies._chosen(load_study(study), Asked(sample=2, sample_seed=5))[0]}
    frame = load_study(study).results
    for row in range(6):
        if frame.loc[row, "run_id"] not in chosen:
            spoilt(study, row, "deaths", lambda value: value + 1.0)
    verdict = reproduce(study, sample=2, sample_seed=5, workers=1)
    assert verdict.grade == "identical" and "2 of 6 runs, drawn with sample_seed=5" in verdict.checked
    assert any("changed after the sweep" in note for note in verdict.notes)
    assert reproduce(study, workers=1).grade == "different"


def test_the_first_run_and_column_that_differ_are_named(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = spoilt(study, 3, "deaths", lambda value: value + 1.0)
    spoilt(study, 4, "attacks", lambda value: value + 1.0)
    assert main(["reproduce", str(study), "workers=1"]) == 4
    out = capsys.readouterr().out
    assert f"run {run} (point 1, replicate 1), column deaths:" in out and "2 of 6 runs differ" in out


def test_rounding_in_a_study_is_numerically_equal(study: Path) -> None:
    spoilt(study, 2, "stability", lambda value: value * (1.0 + 1e-13))
    verdict = reproduce(study, workers=1)
    assert (verdict.grade, verdict.code) == ("numerically equal", 0) and "column stability" in verdict.where
    assert 1e-14 < verdict.largest < 1e-12


def test_a_changed_day_of_a_series_is_found(study: Path) -> None:
    path = next((study / "series").glob("*.parquet"))
    table = pq.read_table(path)
    values = table.column("value").to_pylist()
    values[100] += 1.0
    pq.write_table(table.set_column(table.column_names.index("value"), "value", pa.array(values)), path)
    verdict = reproduce(study, workers=1)
    assert verdict.grade == "different" and "daily series of run" in verdict.where and "column value" in verdict.where


def test_other_luck_of_a_study_is_compatible_only_when_asked(study: Path) -> None:
    """Swap the outcomes of the two replicates of a point: other luck, the same law."""
    frame = pq.read_table(study / "results.parquet").to_pandas().sort_values(["point", "replicate"], ignore_index=True)
    first = frame.columns.get_loc("attacks")
    last = frame.columns.get_loc("status")
    swapped = frame.copy()
    swapped.iloc[0, first:last], swapped.iloc[1, first:last] = frame.iloc[1, first:last], frame.iloc[0, first:last]
    pq.write_table(pa.Table.from_pandas(swapped, preserve_index=False), study / "results.parquet")
    assert reproduce(study, workers=1).code == 4
    assert reproduce(study, workers=1, replicates=8).code == 3
    for row in (0, 1):
        for column in frame.columns[first:last]:
            spoilt(study, row, column, lambda value: value * 5.0 + 100.0)
    assert reproduce(study, workers=1, replicates=8).code == 4


def test_changed_tables_in_a_study_are_told(study: Path) -> None:
    path = study / "scenario" / "groups.csv"
    text = path.read_text()
    line = next(line for line in text.splitlines() if line.startswith("north_front,"))
    cells = line.split(",")
    path.write_text(text.replace(line, ",".join([*cells[:2], str(int(cells[2]) * 3), *cells[3:]])))
    verdict = reproduce(study, workers=1)
    assert verdict.grade == "different" and any("study.json says" in note for note in verdict.notes)


def test_a_class_that_a_study_names_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A stranger's study names a class; its module is not imported unless the command line names it as well."""
    monkeypatch.syspath_prepend(tmp_path)
    code = "from pathlib import Path\nPath(__file__).with_name('ran').touch()\nfrom agents.policies.status_quo import StatusQuo\n"
    (tmp_path / "strange_policy.py").write_text(code)
    words = [*SWEEP[:4], "design=grid", "policy@policies.north=strange_policy:StatusQuo,hardline", f"output={tmp_path / 'out'}"]
    assert main(words) == 0
    (tmp_path / "ran").unlink()
    monkeypatch.delitem(sys.modules, "strange_policy")
    capsys.readouterr()
    assert main(["reproduce", str(tmp_path / "out"), "workers=1"]) == 2
    err = capsys.readouterr().err
    assert "give trust=strange_policy:StatusQuo" in err and not (tmp_path / "ran").exists()
    assert main(["analyze", str(tmp_path / "out"), "analyses=overview"]) == 0, "to look at results no code is needed"
    assert not (tmp_path / "ran").exists()


def test_a_run_that_failed_fails_again(tmp_path: Path) -> None:
    """A failed run is a row like others: the same error is the same result."""
    words = [*SWEEP[:4], "design=grid", "parameters.violence.branching=0.3,0.4", "timeout=0", f"output={tmp_path / 'out'}"]
    assert main(words) == 0
    frame = pq.read_table(tmp_path / "out" / "results.parquet").to_pandas()
    frame.loc[0, ["status", "error"]] = "timeout", "no end after 1 s"
    frame.loc[1, ["status", "error"]] = "failed", "ValueError: once"
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "out" / "results.parquet")
    verdict = reproduce(tmp_path / "out", workers=1)
    assert verdict.grade == "different" and "column status: failed stored, ok now" in verdict.where
    assert any("left out" in note for note in verdict.notes), "a run that took too long says nothing about the model"


@pytest.mark.parametrize(("name", "told"), [("scenario", "lacks the copy of its tables"), ("plan.parquet", "plan.parquet: no such file")])
def test_a_study_that_lacks_something_is_one_line(name: str, told: str, study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = study / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert main(["reproduce", str(study)]) == 2
    err = capsys.readouterr().err
    assert told in err and err.count("\n") == 1


# ------------------------------------------------------------------ comparisons


def test_a_comparison_reproduces_and_a_changed_run_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    words = ["scenario=two_states", "scenario.end=2001-01-20", "policy@policies.north=status_quo,hardline", "replicates=2", "figures=false"]
    assert main(["compare", *words, f"output={out}"]) == 0
    moved = out.rename(tmp_path / "moved")
    assert main(["reproduce", str(moved)]) == 0
    assert "identical (2 arms x 2 replicates)" in capsys.readouterr().out
    changed(moved, "runs", "deaths", 3, 777.0)
    assert main(["reproduce", str(moved)]) == 4
    assert "runs, column deaths, row 3: 777.0 stored" in capsys.readouterr().out
    assert main(["reproduce", str(moved), "sample=1"]) == 2


# ------------------------------------------------------------------ archives


def test_an_archive_is_a_crate_that_reproduces(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every file of the crate is described with its hash, links lead nowhere, and the unpacked study runs again."""
    (study / "notes.txt").write_text("mine")
    (study / "analysis").mkdir()
    (tmp_path / "secret.txt").write_text("hunter2")
    (study / "analysis" / "report.html").symlink_to(tmp_path / "secret.txt")
    target = tmp_path / "out.zip"
    assert main(["archive", str(study), f"output={target}"]) == 0
    first = target.read_bytes()
    assert b"hunter2" not in first
    assert main(["archive", str(study), f"output={target}"]) == 2 and main(["archive", str(study), f"output={target}", "--force"]) == 0
    assert target.read_bytes() == first, "the same folder gives the same bytes"
    with zipfile.ZipFile(target) as bundle:
        names = set(bundle.namelist())
        crate = json.loads(bundle.read("ro-crate-metadata.json"))
        bundle.extractall(tmp_path / "unpacked")
    described = {one["@id"]: one for one in crate["@graph"]}
    assert set(described) >= names and {"manifest.json", "plan.parquet", "results.parquet", "study.json", "scenario/places.csv"} <= names
    assert "notes.txt" not in names and described["results.parquet"]["sha256"] == file_hash(study / "results.parquet")
    assert described["./"]["conformsTo"]["@id"].endswith("/process/0.5") and described["#run"]["instrument"]["@id"] == "#marchland"
    links = [one["@id"] for key in ("object", "result") for one in described["#run"][key]]
    assert set(links) <= names and "results.parquet" in links
    assert reproduce(tmp_path / "unpacked", workers=1, sample=2).grade == "identical"


def test_what_is_not_finished_is_not_archived(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["archive", str(tmp_path)]) == 2
    assert "give the folder of a finished run" in capsys.readouterr().err
    assert main(["archive", str(tmp_path), "outptu=x"]) == 2 and main(["archive"]) == 2
