"""Hashes hold the content and nothing else; a run's folder is whole or not there."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import shutil
import socket
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import InputError
from experiments.analysis.study import load_study
from experiments.cli import main
from experiments.manifest import git_state, make_manifest, package_versions, without_home, without_paths, write_json
from experiments.runfolder import check_output, discard_empty, scratch_folder
from experiments.runner import arrow
from experiments.study.claim import Claim
from experiments.study.inputs import keep_tables
from experiments.study.parts import content_hash
from experiments.study.task import Payload, _one_line
from experiments.summary import number, people, plain_summary
from sim.compose import compose
from sim.fingerprint import canonical, digest, table_hash
from sim.scenario import Scenario

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "day": np.array([0, 1, 2], dtype=np.int32),
            "date": [dt.date(2021, 1, day) for day in (1, 2, 3)],
            "actor": ["a", "", "bä"],
            "value": [1.5, np.nan, -0.0],
        }
    )


def manifest(tables: dict[str, pa.Table], folder: Path, **changes: object) -> dict[str, object]:
    given: dict[str, object] = {
        "config_hash": "c" * 64, "seeds": {"seed": 1, "replicate": 0}, "inputs": [], "folder": folder, "tables": tables,
        "started": START, "finished": START + dt.timedelta(seconds=2), "command": ["marchland", "run"], **changes,
    }  # fmt: skip
    return make_manifest(**given)  # type: ignore[arg-type]


# ------------------------------------------------------------------ hashes


def test_table_hash_survives_parquet_chunks_and_dictionaries(tmp_path: Path) -> None:
    table = arrow(frame())
    pq.write_table(table, tmp_path / "t.parquet", compression="zstd", row_group_size=1)
    assert table_hash(pq.read_table(tmp_path / "t.parquet")) == table_hash(table)
    assert table_hash(pq.read_table(tmp_path / "t.parquet", read_dictionary=["actor"])) == table_hash(table)
    assert table_hash(pa.concat_tables([table.slice(0, 1), table.slice(1)])) == table_hash(table)
    assert table_hash(arrow(frame().astype({"day": np.int64}))) == table_hash(table)


@pytest.mark.parametrize(
    ("column", "row", "value"), [("value", 0, 1.5000001), ("value", 1, 0.0), ("actor", 1, "x"), ("actor", 0, ""), ("day", 0, 9)]
)
def test_table_hash_sees_every_value(column: str, row: int, value: object) -> None:
    changed = frame()
    changed.loc[row, column] = value
    assert table_hash(arrow(changed)) != table_hash(arrow(frame()))


def test_table_hash_sees_names_order_and_where_text_ends() -> None:
    table = arrow(frame())
    assert table_hash(table.rename_columns(["day", "date", "who", "value"])) != table_hash(table)
    assert table_hash(table.take([1, 0, 2])) != table_hash(table)
    one, other = pa.table({"t": ["ab", "c"]}), pa.table({"t": ["a", "bc"]})
    assert table_hash(one) != table_hash(other)
    assert table_hash(pa.table({"t": pa.array([None, "a"])})) != table_hash(pa.table({"t": ["", "a"]}))


def test_table_hash_takes_all_nan_and_both_zeros_as_one() -> None:
    odd = np.frombuffer(np.array([0x7FF8000000000001, 0x8000000000000000], dtype=np.uint64).tobytes())
    assert math.isnan(odd[0]) and odd[1] == 0
    assert table_hash(pa.table({"v": odd})) == table_hash(pa.table({"v": np.array([np.nan, 0.0])}))


@given(st.lists(st.floats(allow_nan=False), max_size=20), st.integers(0, 19))
def test_table_hash_of_any_numbers(values: list[float], cut: int) -> None:
    table = pa.table({"v": pa.array(values, pa.float64())})
    parts = pa.chunked_array([values[:cut], values[cut:]], pa.float64())
    assert table_hash(pa.table({"v": parts})) == table_hash(table)


def test_a_kind_of_column_without_a_rule_is_refused() -> None:
    with pytest.raises(TypeError, match="not list"):
        table_hash(pa.table({"v": [[1]]}))


def test_outputs_hash_has_no_time_host_or_command(tmp_path: Path) -> None:
    tables = {"daily": arrow(frame())}
    one = manifest(tables, tmp_path)
    other = manifest(tables, tmp_path, started=START - dt.timedelta(days=9), command=["other"])
    assert one["outputs_hash"] == other["outputs_hash"]
    assert one["duration_seconds"] != other["duration_seconds"]
    assert manifest({"daily": arrow(frame().iloc[:2])}, tmp_path)["outputs_hash"] != one["outputs_hash"]
    assert one["outputs"] == {"daily": {"rows": 3, "content_sha256": table_hash(tables["daily"])}}


def test_canonical_json_does_not_depend_on_the_order_of_keys() -> None:
    assert canonical({"b": 1, "a": dt.date(2021, 1, 1)}) == b'{"a":"2021-01-01","b":1}'


# ------------------------------------------------------------------ what it says


def test_inputs_are_named_relative_to_the_scenario(tmp_path: Path) -> None:
    folder = tmp_path / "scenario"
    (folder / "observed").mkdir(parents=True)
    inside, outside = folder / "observed" / "series.csv", tmp_path / "mine.csv"
    inside.write_text("x")
    outside.write_text("y")
    named = manifest({}, folder, inputs=[inside, outside])["inputs"]
    assert named == [
        {"name": "observed/series.csv", "sha256": digest(b"x")},
        {"name": "mine.csv", "sha256": digest(b"y")},
    ]


def test_a_command_says_nothing_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/srv/people/alice")
    monkeypatch.setenv("USER", "dora")
    for word, told in (
        ("hydra.run.dir=/srv/people/alice/x", "hydra.run.dir=x"), ("scenario.path=/home/bob/y", "scenario.path=y"), ("/Users/carol/z", "z"),
        ("output=/scratch/alice/a study (new)/x, y", "output=x, y"), ("output='/data/al ice/x y'", "output='x y'"), ("output=/home/bob/", "output=~"),
        ("output=/scratch/dora", "output=~"), ("output=/srv/people/alice", "output=~"), ("scenario.path=/a/b,/c/alice/d", "scenario.path=b,d"),
        ("hydra.searchpath=[file:///home/alice/mine]", "hydra.searchpath=[mine]"), (r"C:\Users\alice\x.csv", "x.csv"), ("~alice/x/y", "y"),
        ("output=//home/alice/x", "output=x"), ('file="/it\'s/alice/x"', 'file="x"'),
    ):  # fmt: skip
        assert without_home(word) == told
    for word in (
        "seed=7", "output=a/b", "output=../a", "output=~/x", "governments.north.baseline.sanctions/south=0..1", "scheduler=tcp://127.0.0.1:8786",
        "policy@policies.north=mymodule:MyPolicy", "scenario.exogenous={folder}/a.csv", "experiment=mine.yaml",
    ):  # fmt: skip
        assert without_home(word) == word, "what is no absolute path stays, so that the words go on with a study"


def test_an_error_says_nothing_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/srv/al ice")
    for text, told in (
        ("[Errno 2] No such file or directory: '/scratch/alice b/x y.csv'", "[Errno 2] No such file or directory: 'x y.csv'"),
        ("cannot open /scratch/alice/x.csv: 1/2 of a/b", "cannot open x.csv: 1/2 of a/b"), ("at /srv/al ice/b/x.py, line 3", "at x.py, line 3"),
        ("ValueError: (/scratch/alice/y)", "ValueError: (y)"), ("see https://example.org/a/b", "see https://example.org/a/b"),
    ):  # fmt: skip
        assert without_paths(text) == told
    row = _one_line(FileNotFoundError(2, "No such file", "/scratch/alice/x.csv"))
    assert row.endswith("No such file: 'x.csv'") and _one_line(InputError("/scratch/alice/x.csv: no such file")) == "x.csv: no such file"


def test_versions_and_commit() -> None:
    assert {"mesa", "numpy", "hydra-core"} <= package_versions().keys()
    commit, dirty = git_state()
    assert (commit is None) == (dirty is None)
    assert commit is None or len(commit) == 40


def test_json_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "m.json"
    write_json(file, {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(file, {"a": math.inf})
    assert json.loads(file.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [file]


# ------------------------------------------------------------------ the folder


def fill(scratch: Path, text: str, *, figures: bool = True) -> None:
    if figures:
        (scratch / "figures").mkdir()
        (scratch / "figures" / f"{text}.png").write_text(text)
        (scratch / "ensemble.parquet").write_text(text)
    (scratch / "config.yaml").write_text(text)
    (scratch / "manifest.json").write_text(json.dumps({"config_hash": text, "outputs_hash": text}))


def content(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with scratch_folder(folder, force=False) as scratch:
        fill(scratch, "one")
        assert not (folder / "manifest.json").exists()
    assert {path.name for path in folder.iterdir()} == {"figures", "manifest.json", "config.yaml", "ensemble.parquet"}
    with pytest.raises(InputError, match="finished run"), scratch_folder(folder, force=False):
        pass
    with scratch_folder(folder, force=True) as scratch:
        fill(scratch, "two")
    assert [path.name for path in (folder / "figures").iterdir()] == ["two.png"]


def test_force_leaves_nothing_of_the_former_run(tmp_path: Path) -> None:
    with scratch_folder(tmp_path, force=False) as scratch:
        fill(scratch, "one")
    (tmp_path / "notes.txt").write_text("mine")
    with scratch_folder(tmp_path, force=True) as scratch:
        fill(scratch, "two", figures=False)
    assert {path.name for path in tmp_path.iterdir()} == {"config.yaml", "manifest.json", "notes.txt"}
    assert content(tmp_path)["config.yaml"] == "two"


@pytest.mark.parametrize("at", range(9))
def test_a_replacement_cut_off_anywhere_leaves_a_whole_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    with scratch_folder(tmp_path, force=False) as scratch:
        fill(scratch, "one")
    before = content(tmp_path)
    moves = iter(range(1000))
    rename = os.rename

    def cut(source: Path, target: Path) -> None:
        if next(moves) == at:
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr("experiments.runfolder.os.rename", cut)
    try:
        with scratch_folder(tmp_path, force=True) as scratch:
            fill(scratch, "two")
    except KeyboardInterrupt:
        assert content(tmp_path) == before
    else:
        assert content(tmp_path)["figures/two.png"] == "two"
        assert at >= 7
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("foreign", ["figures/a.png", "scenario/a.txt", "config.yaml", "manifest.json", "notes.txt"])
def test_the_folder_of_somebody_else_is_refused_and_untouched(tmp_path: Path, foreign: str) -> None:
    file = tmp_path / foreign
    file.parent.mkdir(exist_ok=True)
    file.write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        check_output(tmp_path, force=False)
    with pytest.raises(InputError, match="holds other files"), scratch_folder(tmp_path, force=False):
        pass
    if foreign == "notes.txt":
        check_output(tmp_path, force=True)
    else:
        with pytest.raises(InputError, match="not overwritten"):
            check_output(tmp_path, force=True)
    assert content(tmp_path) == {foreign: "mine"}


def test_what_a_killed_run_left_is_no_content(tmp_path: Path) -> None:
    (tmp_path / ".partial-abc").mkdir()
    check_output(tmp_path, force=False)


def test_the_folder_of_several_runs(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"hydra\.sweep\.dir.*other files"):
        check_output(tmp_path, force=False, multirun=True)
    (tmp_path / "multirun.yaml").write_text("")
    check_output(tmp_path, force=False, multirun=True)


def test_an_interrupted_folder_is_as_before(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), scratch_folder(tmp_path / "new", force=False) as scratch:
        fill(scratch, "one")
        raise KeyboardInterrupt
    assert list((tmp_path / "new").iterdir()) == []


def test_a_folder_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        check_output(tmp_path / "file" / "x", force=False)


def test_checking_a_folder_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_output(tmp_path / "a" / "b", force=False)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("")
    discard_empty(tmp_path / "kept")
    assert (tmp_path / "kept" / "file").exists()


# ------------------------------------------------------------------ the summary


def test_summary_in_sentences() -> None:
    days = 60
    variables = {
        ("region", "region", "attacks"): 2.0, ("region", "region", "deaths"): 3.0, ("region", "region", "returns"): 100.0,
        ("region", "region", "returns_voluntary"): 60.0, ("region", "region", "returns_fear"): 30.0,
        ("region", "region", "returns_deportation"): 10.0, ("region", "region", "displaced"): 1000.0,
        ("region", "region", "stability"): 0.5, ("region", "region", "stability_trade"): 0.4,
        ("government", "north", "hostility/south"): 0.3, ("government", "north", "legitimacy"): 0.6,
        ("group", "front", "fighters"): 50.0,
    }  # fmt: skip
    daily = pd.DataFrame(
        [
            (day, dt.date(2021, 12, 1) + dt.timedelta(days=day), *key, value)
            for day in range(days)
            for key, value in variables.items()
        ],
        columns=["day", "date", "kind", "actor", "variable", "value"],
    )
    events = pd.DataFrame(
        [
            (5, dt.date(2021, 12, 6), "closure", "north", "", "Gate", 1.0, "closes Gate"),
            (9, dt.date(2021, 12, 10), "rupture", "north", "south", "", 0.0, ""),
        ],
        columns=["day", "date", "kind", "actor", "target", "place", "value", "text"],
    )
    text = "\n".join(plain_summary(daily, events, {"attacks": 120.0, "deaths_per_attack": 0.12345, "attacks_2021": 62.0}, title="T", seed=3))
    for words in (
        "T: 1 Dec 2021 to 29 Jan 2022, 60 days, seed 3",
        "120 attacks killed 180 people",
        "2021 62, 2022 58",
        "6,000 people went home, 3,600 by choice, 1,800 for fear of arrest, 600 deported",
        "most in December 2021: 3,100",
        "north towards south 0.30",
        "front 50 to 50",
        "0.50 at the start",
        "trade 0.40 to 0.40",
        "2021-12-06  closure: north: closes Gate",
        "2021-12-10  rupture: north south",
        "0.123",
        "(1 more in summary.json)",
    ):
        assert words in text, words


@pytest.mark.parametrize(("value", "text"), [(1_720_000, "1.72 million"), (405_321, "405,000"), (1234, "1,234"), (999_700, "1.00 million")])
def test_counts_in_words(value: float, text: str) -> None:
    assert people(value) == text


def test_numbers_in_tables() -> None:
    assert [number(value) for value in (12345.6, 3.0, 0.01234, math.nan)] == ["12,346", "3", "0.0123", "-"]


# ------------------------------------------------------------------ studies


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of somebody whose names and places must not be in it: started in a home, from a scenario on a disk for all."""
    home = tmp_path_factory.mktemp("people") / "alice-in-secret"
    mine = home.parent / "bob-elsewhere" / "my_border"
    shutil.copytree(compose(["scenario=two_states"]).folder, mine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("SECRET_TOKEN", "hunter2-in-the-environment")
        words = ["design=grid", f"scenario.path={mine}", "scenario.end=2001-01-10", "parameters.violence.branching=0.3,0.4", "replicates=2"]
        assert main(["sweep", *words, "executor=serial", f"scenario.history={mine / 'history.csv'}", f"output={home / 'study'}"]) == 0
    return home / "study"


def test_the_manifest_of_a_study_tells_all_of_it(study: Path) -> None:
    told = json.loads((study / "manifest.json").read_text())
    assert told["kind"] == "study" and len(told["study_id"]) == 16
    assert told["design"]["kind"] == "grid" and (told["design"]["n_points"], told["design"]["n_runs"]) == (2, 4)
    assert told["design"]["factors"] == [{"key": "parameters.violence.branching", "kind": "choice", "low": None, "high": None, "values": [0.3, 0.4]}]
    assert told["seeds"] == {"seed": 1, "replicates": 2, "scheme": "crn"}
    assert told["execution"]["counts"] == {"ok": 4} and told["execution"]["planned"] == 4 and told["execution"]["executor"] == "serial"
    assert {"python", "packages", "platform", "computing"} <= told.keys() and {"version", "commit", "dirty", "code_hash", "diff_sha256"} <= told["code"].keys()
    assert {"cpu", "simd", "blas", "libc", "PYTHONHASHSEED", "OMP_NUM_THREADS"} <= told["computing"].keys()
    table = pq.read_table(study / "results.parquet")
    assert told["outputs"]["results"]["rows"] == 4 and told["outputs"]["results"]["columns"] == table.column_names
    assert told["results_hash"] == content_hash(table) and told["outputs"]["plan"]["content_sha256"] == told["design"]["plan_sha256"]
    assert told["config"]["scenario"]["end"] == "2001-01-10"


def test_one_config_hash_everywhere(study: Path) -> None:
    """Manifest, claim, figures, and the config with its copied tables, hashed again."""
    told, claim, read = json.loads((study / "manifest.json").read_text()), json.loads((study / "study.json").read_text()), load_study(study)
    again = Claim.of(Payload(base=read.plan.base, folder=str(study / "scenario")))
    assert told["config_hash"] == claim["config_hash"] == read.config_hash == again.config_hash
    assert told["config_hash"][:12] in read.caption()


def test_inputs_are_copied_byte_by_byte(study: Path) -> None:
    told = json.loads((study / "manifest.json").read_text())
    copies = {path.relative_to(study / "scenario").as_posix(): path for path in (study / "scenario").rglob("*") if path.is_file()}
    assert {one["name"] for one in told["inputs"]} == set(copies) >= {"scenario.yaml", "places.csv", "history.csv"}
    for one in told["inputs"]:
        source = study.parents[1] / "bob-elsewhere" / "my_border" / one["name"]
        assert digest(source.read_bytes()) == one["sha256"] == digest(copies[one["name"]].read_bytes())
        assert one["bytes"] == source.stat().st_size


def test_nothing_in_a_study_names_its_user_or_machine(study: Path) -> None:
    for path in study.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            if path.suffix == ".parquet":  # packed, and its metadata written in another alphabet
                table = pq.read_table(path)
                content += repr((table.schema.metadata, table.to_pylist())).encode()
            for word in ("alice-in-secret", "bob-elsewhere", "hunter2", socket.gethostname(), str(study.parents[1])):
                assert word.encode() not in content, f"{path.name} holds {word}"
    words = json.loads((study / "sweep.json").read_text())["words"]
    assert "scenario.path=my_border" in words and "scenario.history=history.csv" in words and "output=study" in words
    assert json.loads((study / "manifest.json").read_text())["command"] == ["marchland", "sweep", *words]


def test_a_copy_that_differs_is_set_aside_and_one_that_does_not_stays(study: Path, tmp_path: Path) -> None:
    scenario = Scenario.load("two_states")
    target = tmp_path / "scenario"
    keep_tables(scenario.tables, {}, target)
    (target / "routes.csv").touch()
    before = (target / "places.csv").stat().st_ino
    keep_tables(scenario.tables, {}, target)
    assert (target / "places.csv").stat().st_ino == before
    (target / "places.csv").write_text("spoilt")
    (target / "stray.csv").write_text("of another scenario")
    keep_tables(scenario.tables, {}, target)
    assert not (target / "stray.csv").exists() and (target / "places.csv").read_bytes() == (scenario.tables.folder / "places.csv").read_bytes()
    assert (tmp_path / "scenario-before-1" / "stray.csv").read_text() == "of another scenario"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scenario", "scenario-before-1"]
