"""``marchland reproduce``: the same comes out, and each way of not being the same has its verdict, place and exit code."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from experiments import reproduce as module
from experiments.analysis.study import load_study
from experiments.cli import main
from experiments.reproduce import compatible, reproduce
from experiments.reproduction import study as module_of_studies
from experiments.reproduction.study import Asked
from experiments.study.plan import make_plan, write_plan
from experiments.study.runner import Swept, sweep
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


def rewritten(folder: Path, name: str, change: Callable[[dict[str, object]], object]) -> None:
    """Change a JSON file of the folder."""
    content = json.loads((folder / name).read_text())
    change(content)
    (folder / name).write_text(json.dumps(content))


def test_a_changed_table_is_found_although_the_manifest_was_not_changed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict is of the files, not of what the manifest says of them."""
    table = pq.read_table(folder / "daily.parquet")
    column = table.column_names.index("value")
    pq.write_table(table.set_column(column, "value", pc.add(table["value"], 1.0)), folder / "daily.parquet")
    assert main(["reproduce", str(folder)]) == 4
    out = capsys.readouterr().out
    assert "daily, column value, row 0" in out and "daily.parquet has not the content that manifest.json says" in out


def test_numbers_written_as_text_are_different(folder: Path) -> None:
    table = pq.read_table(folder / "daily.parquet")
    column = table.column_names.index("value")
    pq.write_table(table.set_column(column, "value", table["value"].cast(pa.string())), folder / "daily.parquet")
    assert reproduce(folder).grade == "different"
    small = table.set_column(column, "value", pa.array([None, *table["value"].to_pylist()[1:]], pa.float64()))
    pq.write_table(small, folder / "daily.parquet")
    assert reproduce(folder).grade == "different"


@pytest.mark.parametrize(
    ("outputs", "code", "told"),
    [
        ({}, 2, "names no outputs"), ({"daily": 5}, 2, "outputs.daily: holds no content_sha256"), ("x", 2, "names no outputs"),
        ({"daily": {"content_sha256": 1}}, 2, "outputs.daily: holds no content_sha256"), (None, 4, "table events comes out here, but manifest.json does not name it"),
    ],
)  # fmt: skip
def test_a_manifest_names_every_table(outputs: object, code: int, told: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a manifest does not name is not checked by it, so each table must be named."""
    whole = json.loads((folder / "manifest.json").read_text())["outputs"]
    del whole["events"]
    rewritten(folder, "manifest.json", lambda content: content.update(outputs=whole if outputs is None else outputs))
    assert main(["reproduce", str(folder)]) == code
    said = capsys.readouterr()
    assert told in said.out + said.err and (code == 4 or said.err.count("\n") <= 2)


@pytest.mark.parametrize("name", ["daily.parquet", "summary.json"])
def test_a_lost_file_is_told(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / name).unlink()
    assert main(["reproduce", str(folder)]) == 2
    assert name in capsys.readouterr().err
    assert main(["archive", str(folder), f"output={folder.with_suffix('.zip')}"]) == (2 if name == "daily.parquet" else 0)


def test_the_row_of_outcomes_is_compared(folder: Path) -> None:
    row = json.loads((folder / "summary.json").read_text())
    rewritten(folder, "summary.json", lambda content: content.update(deaths=row["deaths"] * (1.0 + 1e-13)))
    verdict = reproduce(folder)
    assert verdict.grade == "numerically equal" and "summary.json, deaths" in verdict.where
    rewritten(folder, "summary.json", lambda content: content.update(deaths=row["deaths"] + 1.0))
    verdict = reproduce(folder)
    assert verdict.grade == "different" and "summary.json, deaths" in verdict.where
    rewritten(folder, "summary.json", lambda content: content.pop("deaths"))
    assert "summary.json, deaths: missing stored" in reproduce(folder).where
    (folder / "summary.json").write_text("[1]")
    with pytest.raises(module.InputError, match=r"summary\.json"):
        reproduce(folder)


def test_a_changed_run_is_not_archived(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = pq.read_table(folder / "daily.parquet")
    pq.write_table(table.slice(1), folder / "daily.parquet")
    assert main(["archive", str(folder), f"output={folder.with_suffix('.zip')}"]) == 2
    assert "daily.parquet: has not the content" in capsys.readouterr().err and not folder.with_suffix(".zip").exists()


def test_a_file_in_a_folder_below_the_scenario_is_read_again(tmp_path: Path) -> None:
    """The copy of a file lies where it lay in the scenario, which may be a folder further down."""
    events = "date,end_date,type,actor,target,description,places,goldstein,effect,subject,value,decay_days,confidence,source\n"
    source = write_conflict(tmp_path / "made", {"more/events.csv": f"{events}2020-01-10,,disaster,,,a flood,,,safety,Home_Land,0.5,,low,assumption\n"})
    words = ["run", f"scenario.path={source}", f"scenario.exogenous={source / 'more' / 'events.csv'}", "figures=false"]
    assert main([*words, f"hydra.run.dir={tmp_path / 'out'}"]) == 0
    shutil.rmtree(source)
    assert reproduce(tmp_path / "out").grade == "identical"


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
    table = pq.read_table(study / "results.parquet")
    frame = table.to_pandas().sort_values(["point", "replicate"], ignore_index=True)
    frame.loc[row, column] = change(frame.loc[row, column])
    pq.write_table(pa.Table.from_pandas(frame, table.schema, preserve_index=False), study / "results.parquet")
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
    table = pq.read_table(study / "results.parquet")
    frame = table.to_pandas().sort_values(["point", "replicate"], ignore_index=True)
    first = frame.columns.get_loc("attacks")
    last = frame.columns.get_loc("status")
    swapped = frame.copy()
    swapped.iloc[0, first:last], swapped.iloc[1, first:last] = frame.iloc[1, first:last], frame.iloc[0, first:last]
    pq.write_table(pa.Table.from_pandas(swapped, table.schema, preserve_index=False), study / "results.parquet")
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


FAULTY = """from agents.policies.status_quo import StatusQuo


class Faulty(StatusQuo):
    def decide(self, situation, memory, rng):
        raise ValueError("on purpose")
"""


def stored(folder: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change the table of results."""
    table = pq.read_table(folder / "results.parquet")
    pq.write_table(change(table), folder / "results.parquet")


def with_column(name: str, values: list[object]) -> Callable[[pa.Table], pa.Table]:
    """Return what puts values into a column."""
    return lambda table: table.set_column(table.column_names.index(name), name, pa.array(values))


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study of two runs, one of which fails in a policy of the user's own, in a module in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "own_faulty.py").write_text(FAULTY)
    out = tmp_path / "out"
    assert main([*SWEEP[:4], "design=grid", "policy@policies.north=own_faulty:Faulty,hardline", f"output={out}"]) == 1
    assert sorted(pq.read_table(out / "results.parquet")["status"].to_pylist()) == ["failed", "ok"]
    monkeypatch.setattr(sys, "path", [one for one in sys.path if one != str(tmp_path)])
    monkeypatch.delitem(sys.modules, "own_faulty")
    return out


def test_a_run_that_failed_fails_again(faulty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A failed run is a row like others: the same error is the same result, another is not. The module is found as in a sweep."""
    assert main(["reproduce", str(faulty), "workers=1", "trust=own_faulty:Faulty"]) == 0
    assert "identical (2 of 2 runs)" in capsys.readouterr().out
    stored(faulty, with_column("error", ["ValueError: by chance" if error else error for error in pq.read_table(faulty / "results.parquet")["error"].to_pylist()]))
    verdict = reproduce(faulty, workers=1, trusted=("own_faulty:Faulty",))
    assert verdict.grade == "different" and "column error: ValueError: by chance stored" in verdict.where and "on purpose" in verdict.where


def test_a_run_that_now_ends_well_is_different(faulty: Path, tmp_path: Path) -> None:
    (tmp_path / "own_faulty.py").write_text("from agents.policies.status_quo import StatusQuo as Faulty\n")
    sys.path.append(str(tmp_path))
    verdict = reproduce(faulty, workers=1, trusted=("own_faulty:Faulty",))
    assert verdict.grade == "different" and "column status: failed stored, ok now" in verdict.where


def test_a_trusted_class_that_is_not_there_ends_it_before_the_first_run(faulty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else each run would fail, which looks like a result."""
    (tmp_path / "own_faulty.py").unlink()
    assert main(["reproduce", str(faulty), "workers=1", "trust=own_faulty:Faulty"]) == 2
    err = capsys.readouterr().err
    assert "trust=own_faulty:Faulty: cannot import" in err and err.count("\n") == 1


def test_runs_that_took_too_long_are_left_out(study: Path) -> None:
    status = pq.read_table(study / "results.parquet")["status"].to_pylist()
    stored(study, with_column("status", ["timeout", *status[1:]]))
    verdict = reproduce(study, workers=1)
    assert verdict.grade == "identical" and "5 of 6 runs" in verdict.checked
    assert any("1 of 6 planned runs were killed, took too long or are missing" in note for note in verdict.notes)


def test_what_it_says_meanwhile_is_no_word_of_a_sweep(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The runs lie in a passing folder, which nobody can go on with."""
    assert main(["reproduce", str(study), "workers=1"]) == 0
    err = capsys.readouterr().err
    assert "running 6 of 6 runs" in err and "6 runs planned" in err
    assert "same command" not in err and "marchland-" not in err and "finished" not in err


@pytest.mark.parametrize("which", [1, 2])
def test_an_interrupted_second_sweep_gives_no_verdict(
    which: int, study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C during the runs, or during the other replicates: some of them say nothing."""
    spoilt(study, 2, "deaths", lambda value: value + 1000.0)
    calls: list[int] = []

    def stopped(*given: object, **named: object) -> Swept:
        calls.append(1)
        return replace(sweep(*given, **named), interrupted=len(calls) == which)  # type: ignore[arg-type]

    monkeypatch.setattr(module_of_studies, "sweep", stopped)
    assert main(["reproduce", str(study), "workers=1", "replicates=2"]) == 130
    assert len(calls) == which and "different" not in capsys.readouterr().out and not (study / "reproduction.json").exists()


def about(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    """Return what changes the description in a plan."""

    def spoil(folder: Path) -> None:
        table = pq.read_table(folder / "plan.parquet")
        said = json.loads(table.schema.metadata[b"marchland"])
        said = change(said) or said
        pq.write_table(table.replace_schema_metadata({b"marchland": json.dumps(said).encode()}), folder / "plan.parquet")

    return spoil


def put(name: str, content: str) -> Callable[[Path], object]:
    """Return what writes a file."""
    return lambda folder: (folder / name).write_bytes(content.encode())


def without(column: str) -> Callable[[Path], object]:
    """Return what drops a column of the results."""
    return lambda folder: stored(folder, lambda table: table.drop_columns([column]))


def series_of(folder: Path) -> Path:
    """Return the part with the daily series."""
    return next((folder / "series").glob("part*.parquet"))


def keyless(folder: Path) -> None:
    """Drop the ids of the daily series."""
    path = series_of(folder)
    pq.write_table(pq.read_table(path).drop_columns(["run_id"]), path)


def no_ids(folder: Path) -> None:
    """Drop the ids of the plan."""
    table = pq.read_table(folder / "plan.parquet")
    pq.write_table(table.drop_columns(["run_id"]).replace_schema_metadata(table.schema.metadata), folder / "plan.parquet")


SPOILT: tuple[tuple[str, Callable[[Path], object]], ...] = (
    ("no factors", about(lambda said: {key: value for key, value in said.items() if key != "factors"})), ("a list", about(lambda said: [1])),
    ("no replicates", about(lambda said: said.update(replicates=0))), ("replicates as text", about(lambda said: said.update(replicates="x"))),
    ("config as text", about(lambda said: said.update(base="x"))), ("no config", about(lambda said: said.update(base={}))),
    ("unknown factor", about(lambda said: said["factors"].__setitem__(0, ["nokey", "float", 0, 1, []]))),
    ("malformed factors", about(lambda said: said.update(factors=[1]))), ("plan without ids", no_ids),
    ("no status", without("status")), ("no error", without("error")), ("no ids", without("run_id")),
    ("doubled", lambda folder: stored(folder, lambda table: pa.concat_tables([table, table]))),
    ("text", lambda folder: stored(folder, with_column("attacks", ["x"] * 6))),
    ("cut results", lambda folder: os.truncate(folder / "results.parquet", 200)),
    ("cut series", lambda folder: os.truncate(series_of(folder), 200)), ("series without ids", keyless),
    ("claim is a list", put("study.json", "[1]")), ("claim is junk", put("study.json", "{")),
    ("manifest is a list", put("manifest.json", "[1]")), ("manifest is junk", put("manifest.json", "{")),
    ("a table is gone", lambda folder: (folder / "scenario" / "places.csv").unlink()),
)  # fmt: skip


@pytest.mark.parametrize("spoil", [pytest.param(spoil, id=name) for name, spoil in SPOILT])
def test_a_spoilt_study_is_one_line(spoil: Callable[[Path], object], study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a folder holds: one line and exit code 2, no traceback and no verdict."""
    spoil(study)
    assert main(["reproduce", str(study), "workers=1", "sample=1"]) == 2
    said = capsys.readouterr()
    errors = [line for line in said.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and str(study) in errors[0] and ";" in errors[0] and not said.out


def test_a_strange_manifest_and_lost_series_are_told(study: Path) -> None:
    rewritten(study, "manifest.json", lambda content: content.update(packages="x", outputs=5, code=[1], results_hash=3))
    for path in (study / "series").glob("part*.parquet"):
        path.unlink()
    verdict = reproduce(study, workers=1)
    assert verdict.grade == "identical" and any("6 runs have no daily series in the folder" in note for note in verdict.notes)


GRID = (*SWEEP[:4], "design=grid")
LEVEL = "parameters.violence.branching"


def test_rows_of_a_former_plan_are_no_change(tmp_path: Path) -> None:
    """The parts keep what a former plan of the folder made; without results.parquet they are read, this plan's rows only."""
    out = tmp_path / "out"
    for levels in ("0.2,0.4", "0.3,0.4"):
        assert main([*GRID, f"{LEVEL}={levels}", f"output={out}"]) == 0
    (out / "results.parquet").unlink()
    verdict = reproduce(out, workers=1)
    assert (verdict.grade, verdict.notes) == ("identical", ())


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


def test_a_study_is_archived_only_finished_and_of_its_plan(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An archive is what others build on: what does not fit together is refused, with what to do."""

    def told(change: Callable[[Path], object]) -> str:
        copy = Path(shutil.copytree(study, tmp_path / "copy"))
        change(copy)
        assert main(["archive", str(copy), f"output={tmp_path / 'out.zip'}"]) == 2 and not (tmp_path / "out.zip").exists()
        err = capsys.readouterr().err
        assert "give the sweep again, with the same words and output, then archive" in err and err.count("\n") == 1
        shutil.rmtree(copy)
        return err

    assert "manifest.json: no such file" in told(lambda copy: (copy / "manifest.json").unlink())
    assert "results.parquet: no such file" in told(lambda copy: (copy / "results.parquet").unlink())
    assert "1 of 6 planned runs have no row" in told(lambda copy: stored(copy, lambda table: table.slice(1)))
    assert "changed after the sweep" in told(lambda copy: stored(copy, with_column("attacks", [1.0] * 6)))
    plan = load_study(study).plan
    larger = make_plan(plan.design, plan.base, study / "scenario", replicates=3, seed=plan.seed)
    assert "is of another plan than plan.parquet" in told(lambda copy: write_plan(larger, copy / "plan.parquet"))


def test_what_is_not_finished_is_not_archived(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["archive", str(tmp_path)]) == 2
    assert "give the folder of a finished run" in capsys.readouterr().err
    assert main(["archive", str(tmp_path), "outptu=x"]) == 2 and main(["archive"]) == 2
