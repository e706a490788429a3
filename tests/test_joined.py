"""Results belong to the plan: whatever a folder has seen before, the same plan gives the same content."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from agents.errors import InputError
from experiments.analysis.study import load_study
from experiments.cli import main
from experiments.study import parts, runner
from experiments.study.daily_parts import ids_of
from experiments.study.parts import Parts, list_parts, series
from experiments.study.plan import read_plan
from experiments.study.runner import Swept, results, sweep
from experiments.study.task import Payload, Row

ROOT = Path(__file__).parent.parent
SHORT = ("design=grid", "scenario=two_states", "scenario.end=2001-01-20", "executor=serial")
X, Y = "parameters.violence.branching", "parameters.violence.reach"
DAILY = Payload(base={}, model="trivial", series=True)
PLAIN = Payload(base={}, model="trivial")


def study(folder: Path, *words: str) -> str:
    """Sweep, and return the hash of the content."""
    assert main(["sweep", *SHORT, *words, f"output={folder}"]) == 0
    return str(json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["results_hash"])


def trivial(count: int, base: Payload, folder: Path, said: io.StringIO | None = None) -> Swept:
    plan: list[Row] = [(f"id{index:04}", index, 0, index, {"x": float(index)}) for index in range(count)]
    return sweep(plan, base, folder, executor="serial", console=Console(file=said or io.StringIO()))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((f"{X}=0.2,0.4",), (f"{X}=0.1,0.2,0.4",)),  # the same runs are other points
        ((f"{X}=0,0.5",), (f"{X}=0.25,0,0.5",)),
        (("parameters.fighters.infiltration=0,1",), ("parameters.fighters.infiltration=0,0.5,1",)),  # whole numbers, then not
        ((f"{X}=0.2,0.4",), (f"{Y}=0.4,0.5", f"{X}=0.2,0.4")),  # another factor, in front
        ((f"{X}=0.2,0.4", "replicates=3"), (f"{X}=0.4,0.2", "replicates=2")),
    ],
)
def test_an_extended_plan_gives_what_a_new_folder_gives(before: tuple[str, ...], after: tuple[str, ...], tmp_path: Path) -> None:
    study(tmp_path / "s", *before)
    assert study(tmp_path / "s", *after) == study(tmp_path / "new", *after)
    grown, fresh = load_study(tmp_path / "s"), load_study(tmp_path / "new")
    assert grown.outcomes == fresh.outcomes and grown.results_hash == fresh.results_hash
    for name in fresh.outcomes:
        assert np.array_equal(grown.values(name), fresh.values(name), equal_nan=True)
    columns = pq.read_schema(tmp_path / "s" / "results.parquet").names
    factors = [factor.key for factor in fresh.plan.design.factors]
    assert columns == ["run_id", "point", "replicate", "seed", *factors, *sorted(columns[4 + len(factors) : -3]), "status", "error", "seconds"]


def test_an_interrupted_extension_is_not_the_former_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the results nor the manifest of the former plan stay beside the new plan."""
    out = tmp_path / "s"
    study(out, f"{X}=0.2,0.4")

    def stopped(work: object, deliver: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "find_executor", lambda name: stopped)
    assert main(["sweep", *SHORT, f"{X}=0.1,0.2,0.4", "replicates=2", f"output={out}"]) == 130
    monkeypatch.undo()
    assert not (out / "results.parquet").exists() and not (out / "manifest.json").exists()
    now = load_study(out)
    assert now.plan.replicates == 2 and sorted(zip(now.results["point"], now.results["replicate"], strict=True)) == [(1, 0), (2, 0)]
    assert main(["archive", str(out), f"output={tmp_path / 'a.zip'}"]) == 2 and not (tmp_path / "a.zip").exists()


def test_stale_results_beside_a_new_plan_are_not_read(tmp_path: Path) -> None:
    """A folder as a former version left it: the plan is new, results and manifest are not."""
    out = tmp_path / "s"
    study(out, f"{X}=0.2,0.4")
    stale = {name: (out / name).read_bytes() for name in ("results.parquet", "manifest.json")}
    study(out, f"{X}=0.1,0.2,0.4")
    for name, content in stale.items():
        (out / name).write_bytes(content)
    assert load_study(out).results["point"].tolist() == [0, 1, 2]


def test_the_same_plan_again_keeps_its_results(tmp_path: Path) -> None:
    before = study(tmp_path / "s", f"{X}=0.2,0.4")
    whole = (tmp_path / "s" / "results.parquet").read_bytes()
    assert study(tmp_path / "s", f"{X}=0.2,0.4") == before and (tmp_path / "s" / "results.parquet").read_bytes() == whole


def test_parts_of_a_former_version_are_read(tmp_path: Path) -> None:
    """With factors before the outcomes, and no hash in their names."""
    old = pa.table(
        {
            "run_id": ["b", "a"], "point": pa.array([1, 0], pa.int32()), "replicate": pa.array([0, 0], pa.int32()), "seed": [1, 1],
            "x": [1, 2], "total": [0.5, None], "status": ["ok", "failed"], "error": ["", "odd"], "seconds": [0.0, 0.0],
        },
        metadata={b"columns_before_outcomes": b"5"},
    )  # fmt: skip
    parts.write_table(old, tmp_path / "part-00000000-0.parquet")
    assert Parts(tmp_path).scan() == ({"b": "ok", "a": "failed"}, [])
    assert parts.results(tmp_path).drop_columns(["point", "replicate", "seed"]).to_pylist() == [
        {"run_id": "a", "total": None, "status": "failed", "error": "odd", "seconds": 0.0},
        {"run_id": "b", "total": 0.5, "status": "ok", "error": "", "seconds": 0.0},
    ]


def test_a_damaged_series_part_is_run_again(tmp_path: Path) -> None:
    trivial(40, DAILY, tmp_path)
    broken = list_parts(tmp_path / "series")[1].path
    lost = ids_of(broken)
    broken.write_bytes(broken.read_bytes()[:-30])
    said = io.StringIO()
    again = trivial(40, DAILY, tmp_path, said)
    assert again.planned - again.reused == len(lost) > 0 and "its runs are run again" in said.getvalue()
    assert Counter(series(tmp_path / "series")["run_id"].to_pylist()) == Counter(f"id{index:04}" for index in range(40))
    assert results(tmp_path).num_rows == 40 and trivial(40, DAILY, tmp_path).reused == 40


def test_series_asked_for_later_are_made(tmp_path: Path) -> None:
    trivial(20, PLAIN, tmp_path)
    assert trivial(20, DAILY, tmp_path).counts == {"ok": 20}
    assert series(tmp_path / "series").num_rows == 20
    assert trivial(20, DAILY, tmp_path).reused == trivial(20, PLAIN, tmp_path).reused == 20


def test_each_run_has_its_series_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a lost part of results the series come a second time; merging and reading keep the first."""
    monkeypatch.setattr(parts, "MERGE", 6)
    trivial(30, DAILY, tmp_path)
    for part in list_parts(tmp_path / "parts")[:2]:
        part.path.unlink()
    assert trivial(30, DAILY, tmp_path).counts == {"ok": 30}
    for extra in range(8):
        trivial(31 + extra, DAILY, tmp_path)
    found = list_parts(tmp_path / "series")
    assert any(part.tier for part in found)
    assert Counter(series(tmp_path / "series")["run_id"].to_pylist()) == Counter(f"id{index:04}" for index in range(38))
    for part in found:
        assert set(Counter(pq.read_table(part.path)["run_id"].to_pylist()).values()) == {1}


def test_a_run_that_comes_twice_in_one_part_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from experiments.study import daily_parts

    monkeypatch.setattr(daily_parts, "ROWS", 3)  # runs go on from one piece to the next
    ids = ["a"] * 4 + ["b"] * 4 + ["a"] * 4 + ["c"] * 2
    Parts(tmp_path, daily=True).write(pa.table({"run_id": ids, "day": list(range(14))}))
    Parts(tmp_path, daily=True).write(pa.table({"run_id": ["c", "d"], "day": [100, 101]}))
    assert series(tmp_path)["day"].to_pylist() == [0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 101]
    assert series(tmp_path, ["b", "d"])["day"].to_pylist() == [4, 5, 6, 7, 101]


MERGING = """
import shutil
import sys
from pathlib import Path
import numpy as np
import pyarrow as pa
from experiments.study import parts
parts.MERGE = 40
kept = parts.Parts(Path(sys.argv[1]), daily=True)
for part in range(40):
    luck = np.random.Generator(np.random.Philox(part))
    kept.write(pa.table({"run_id": [f"run-{part}"] * 200_000, "value": luck.random(200_000)}))
    if part == 38:
        before = pa.default_memory_pool().max_memory()
print((pa.default_memory_pool().max_memory() - before) / 1e6, [part.tier for part in parts.list_parts(Path(sys.argv[1]))])
"""


def test_series_are_merged_a_piece_at_a_time(tmp_path: Path) -> None:
    """40 parts that hold 64 MB of numbers (and more of names) need a few MB."""
    words = [sys.executable, "-c", MERGING, str(tmp_path)]
    done = subprocess.run(words, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    more, tiers = done.stdout.split(maxsplit=1)
    assert tiers.strip() == "[1]" and float(more) < 40.0


def about(folder: Path, change: Callable[[dict[str, object]], object]) -> None:
    """Change what a plan says of itself."""
    table = pq.read_table(folder / "plan.parquet")
    told = json.loads(table.schema.metadata[b"marchland"])
    told = change(told) or told
    pq.write_table(table.replace_schema_metadata({b"marchland": json.dumps(told).encode()}), folder / "plan.parquet")


def rewritten(folder: Path, name: str, change: Callable[[pa.Table], pa.Table]) -> None:
    table = pq.read_table(folder / name)
    pq.write_table(change(table).replace_schema_metadata(table.schema.metadata), folder / name)


PLANS: tuple[Callable[[dict[str, object]], object], ...] = (
    lambda told: told.pop("factors") and None,
    lambda told: [1],
    lambda told: told.update(replicates=0),
    lambda told: told.update(replicates="x"),
    lambda told: told.update(replicates=4),
    lambda told: told.update(base="text"),
    lambda told: told.update(seed="x"),
    lambda told: told.update(seeds="odd"),
    lambda told: told.update(extra=[]),
    lambda told: told.update(trusted=5),
    lambda told: told.update(factors=[["no.such", "float", 0.0, 1.0, []]]),
    lambda told: told.update(factors=[[X, "float"]]),
    lambda told: told.update(factors=[[X, "odd", 0.0, 1.0, []]]),
    lambda told: told.update(factors=5),
    lambda told: told.update(json=[X]),
)
TABLES: tuple[tuple[str, Callable[[pa.Table], pa.Table]], ...] = (
    ("plan.parquet", lambda table: table.drop_columns(["run_id"])),
    ("plan.parquet", lambda table: table.take([0, 0])),
    ("plan.parquet", lambda table: table.slice(0, 0)),
    ("plan.parquet", lambda table: table.take([1, 0])),
    ("plan.parquet", lambda table: table.set_column(4, X, pa.array(["a", "b"]))),
    ("results.parquet", lambda table: table.drop_columns(["run_id"])),
    ("results.parquet", lambda table: table.drop_columns(["status"])),
    ("results.parquet", lambda table: table.drop_columns(["error"])),
    ("results.parquet", lambda table: pa.concat_tables([table, table])),
    ("results.parquet", lambda table: table.set_column(5, table.column_names[5], pa.array(["a", "b"]))),
    ("results.parquet", lambda table: table.slice(0, 0)),
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "s"
    study(folder, f"{X}=0.2,0.4")
    return folder


def refused(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_study(folder)
    assert "\n" not in str(caught.value) and str(folder) in str(caught.value)


@pytest.mark.parametrize("number", range(len(PLANS) + len(TABLES)))
def test_a_spoilt_study_is_one_line(number: int, finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "s")
    assert len(load_study(tmp_path / "s").results) == 2
    if number < len(PLANS):
        about(tmp_path / "s", PLANS[number])
    else:
        name, change = TABLES[number - len(PLANS)]
        rewritten(tmp_path / "s", name, change)
    refused(tmp_path / "s")


def test_other_spoilt_files_are_one_line(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "s")
    (tmp_path / "s" / "study.json").write_text("[1]")
    refused(tmp_path / "s")
    shutil.copytree(finished, tmp_path / "t")
    (tmp_path / "t" / "results.parquet").unlink()
    part = list_parts(tmp_path / "t" / "parts")[0].path
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    refused(tmp_path / "t")
    assert read_plan(tmp_path / "t" / "plan.parquet").replicates == 1
