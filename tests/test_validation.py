"""Validation: the scores by hand, the baselines against known numbers, the files, the figures, the command line."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from conflicts import DATA
from matplotlib.image import imread
from numpy.typing import NDArray
from rich.console import Console

from agents.errors import InputError
from experiments import cli
from experiments.validate import KEYS, Request, main, parse, validate
from experiments.validation import baselines, suite
from experiments.validation.scores import ard, camp_errors, rescaled_ard
from experiments.validation.table import explanation, score_tables
from sim.displacement.conflict import Conflict
from sim.displacement.read import read_conflict
from sim.settings import Parameters

ROOT = Path(__file__).parent.parent
NAMES = ("burundi2015", "car2013", "mali2012", "ssudan2013", "syria2013")
MODES = ["withheld", "limits", "attraction"]
needs_data = pytest.mark.skipif(
    not all((DATA / name).is_dir() for name in NAMES),
    reason="no conflict folders; set MARCHLAND_DISPLACEMENT_DATA to the folder that holds them",
)
IntArray = NDArray[np.int64]


def write_conflict(folder: Path, *, closures: str = "", near: int = 1, days: int = 40, capacities: tuple[int, int] = (600, 200)) -> Path:
    """Two zones, two camps in two countries: 400 people come by day 10, 800 by day 39, three quarters to Uno."""
    inputs, source = folder / "input_csv", folder / "source_data"
    inputs.mkdir(parents=True)
    source.mkdir()
    (inputs / "locations.csv").write_text(
        "#name,region,country,lat,lon,location_type,conflict_date,population\n"
        "Ax,r,Home,1.0,1.0,conflict_zone,0,3000\n"
        "Bo,r,Home,2.0,1.0,conflict_zone,20,1000\n"
        "Mid,r,Home,1.5,1.0,town,,500\n"
        f"Uno,r,East,1.0,2.0,camp,,{capacities[0]}\n"
        f"Duo,r,West,1.0,0.0,camp,,{capacities[1]}\n"
    )
    (inputs / "routes.csv").write_text(
        f"#name1,name2,distance,forced_redirection\nAx,Mid,10,\nBo,Mid,10,\nMid,Uno,{50 * near},\nMid,Duo,{150 - 50 * near},\nBo,Duo,70,\n"
    )
    (inputs / "conflicts.csv").write_text(
        "#Day,Ax,Bo\n" + "".join(f"{day},1,{int(day >= 20)}\n" for day in range(days))
    )
    (inputs / "closures.csv").write_text(f"#closure_type,name1,name2,closure_start,closure_end\n{closures}")
    (inputs / "registration_corrections.csv").write_text("")
    (inputs / "sim_period.csv").write_text(f"StartDate,2020-01-01\nLength,{days}\n")
    (source / "data_layout.csv").write_text("total,all.csv\nUno,uno.csv\nDuo,duo.csv\n")
    (source / "all.csv").write_text("2020-01-01,0\n2020-01-11,400\n2020-02-09,800\n")
    (source / "uno.csv").write_text("2020-01-01,0\n2020-01-11,300\n2020-02-09,600\n")
    (source / "duo.csv").write_text("2020-01-01,0\n2020-01-11,100\n2020-02-09,200\n")
    return folder


@pytest.fixture
def conflicts(tmp_path: Path) -> Path:
    """A folder with two conflicts and things that are none."""
    folder = tmp_path / "conflicts"
    write_conflict(folder / "first")
    write_conflict(folder / "second", near=2, days=25, capacities=(600, 900))
    (folder / "README.md").write_text("about\n")
    (folder / "other").mkdir()
    return folder


def pretend(conflict: Conflict, *, capacities: str, rule: str, seed: int, parameters: Parameters | None) -> IntArray:
    """A model that knows the data: off by 1 % for every seed, more without capacities."""
    off = {"withheld": 0.3, "limits": 0.2, "attraction": 0.1}[capacities] + 0.01 * seed
    return np.asarray(np.floor(conflict.counts * (1.0 + off)), dtype=np.int64)


# ------------------------------------------------------------------ the scores


def test_ard_by_hand() -> None:
    data = [[10, 30], [20, 20], [0, 0]]
    simulated = [[20, 30], [0, 20], [3, 4]]
    assert ard(simulated, data).tolist() == [10 / 40, 20 / 40, 7.0]
    assert ard(data, data).tolist() == [0.0, 0.0, 0.0]


def test_rescaled_ard_by_hand() -> None:
    data = [[10, 30], [20, 20], [5, 5], [0, 0]]
    simulated = [[5, 15], [30, 10], [0, 0], [3, 4]]
    assert rescaled_ard(simulated, data) == pytest.approx([0.0, 20 / 40, 1.0, 0.0])


def test_camp_errors_by_hand() -> None:
    one, two = camp_errors([[10, 0], [30, 4]], [[20, 0], [20, 0]])
    assert (one.mean_absolute_error, one.simulated, one.data) == (10.0, 30.0, 20.0)
    assert one.relative_error == pytest.approx(0.5)
    assert (two.mean_absolute_error, two.relative_error) == (2.0, 0.0)  # nobody registered: 0 by convention


def test_scores_refuse_other_shapes() -> None:
    with pytest.raises(ValueError, match="must be"):
        ard(np.zeros((3, 2)), np.zeros((3, 1)))


# ------------------------------------------------------------------ the baselines


def test_inflow_pays_off_falls(tmp_path: Path) -> None:
    folder = write_conflict(tmp_path / "one", days=6)
    (folder / "source_data" / "uno.csv").write_text("2020-01-01,100\n2020-01-02,150\n2020-01-03,120\n2020-01-04,140\n2020-01-05,170\n")
    (folder / "source_data" / "duo.csv").write_text("2020-01-01,0\n")
    assert baselines.inflow(read_conflict(folder)).tolist() == [0.0, 50.0, 0.0, 0.0, 20.0, 0.0]


def test_shares_by_hand(tmp_path: Path) -> None:
    conflict = read_conflict(write_conflict(tmp_path / "one"))
    assert baselines.equal_shares(conflict)[-1].tolist() == [400.0, 400.0]
    assert baselines.frozen_shares(conflict)[-1] == pytest.approx([600.0, 200.0], abs=1.0)
    assert baselines.capacity_shares(conflict)[-1].tolist() == [600.0, 200.0]
    assert baselines.remaining_capacity(conflict)[-1] == pytest.approx([600.0, 200.0])


def test_remaining_capacity_waits_for_camps_and_borders(tmp_path: Path) -> None:
    camp = baselines.remaining_capacity(read_conflict(write_conflict(tmp_path / "camp", closures="camp,Uno,,0,11\n")))
    assert camp[10].tolist() == [0.0, 400.0]
    assert camp[-1] == pytest.approx([400.0, 400.0])  # Duo is over its capacity by then, so all go to Uno
    border = read_conflict(write_conflict(tmp_path / "border", closures="country,Home,East,0,11\n"))
    assert baselines.remaining_capacity(border)[10].tolist() == [0.0, 400.0]
    assert baselines.remaining_capacity_any_border(border)[10] == pytest.approx([300.0, 100.0])


def test_an_unlimited_camp_counts_as_the_largest(tmp_path: Path) -> None:
    conflict = read_conflict(write_conflict(tmp_path / "one", capacities=(0, 200)))
    assert baselines.capacity_shares(conflict)[-1].tolist() == [400.0, 400.0]
    neither = read_conflict(write_conflict(tmp_path / "two", capacities=(0, 0)))
    assert baselines.capacity_shares(neither)[-1].tolist() == [400.0, 400.0]


def test_nearest_camp_by_hand(tmp_path: Path) -> None:
    counts = baselines.nearest_camp(read_conflict(write_conflict(tmp_path / "one")))
    assert counts[10].tolist() == [400.0, 0.0]  # only Ax is in conflict; Uno is nearest to both zones
    assert counts[-1] == pytest.approx([800.0, 0.0])
    shut = read_conflict(write_conflict(tmp_path / "two", closures="location,Mid,Uno,0,5\nlocation,Ax,Mid,0,3\n"))
    counts = baselines.nearest_camp(shut)
    assert counts[2].tolist() == [0.0, 0.0]  # no way out of Ax: they wait
    assert counts[4, 0] == 0.0 and counts[4, 1] == pytest.approx(160.0)
    assert counts[6, 0] == pytest.approx(80.0)


@needs_data
@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("equal_shares", (0.749, 0.783, 1.075, 0.741, 0.487)),
        ("frozen_day_30", (0.342, 0.893, 0.376, 0.798, 0.601)),
        ("capacity_share", (0.337, 0.372, 0.168, 0.424, 0.467)),
    ],
)
def test_baselines_give_the_known_numbers(name: str, published: tuple[float, ...]) -> None:
    for conflict, number in zip(map(read_conflict, (DATA / name for name in NAMES)), published, strict=True):
        assert ard(baselines.BASELINES[name].counts(conflict), conflict.counts).mean() == pytest.approx(number, abs=0.0011)


@needs_data
def test_remaining_capacity_gives_the_known_mean() -> None:
    found = [read_conflict(DATA / name) for name in NAMES]
    means = {
        name: np.mean([ard(line.counts(c), c.counts).mean() for c in found]) for name, line in baselines.BASELINES.items()
    }
    assert means["remaining_capacity"] == pytest.approx(0.296, abs=0.001)
    assert means["equal_shares"] == pytest.approx(0.77, abs=0.005)
    assert means["remaining_capacity_any_border"] == pytest.approx(0.2705, abs=0.001)


def test_baselines_keep_everybody(tmp_path: Path) -> None:
    conflict = read_conflict(write_conflict(tmp_path / "one", closures="country,Home,East,0,11\ncamp,Duo,,5,20\n"))
    for name, line in baselines.BASELINES.items():
        counts = line.counts(conflict)
        assert counts.shape == conflict.counts.shape and (counts >= 0.0).all(), name
        assert counts[-1].sum() == pytest.approx(800.0), name


# ------------------------------------------------------------------ the suite


def request(folder: Path, output: Path, *more: str) -> Request:
    return parse([f"suite.folder={folder}", f"output={output}", "seeds=3", *more])


def test_scores_json_has_the_agreed_shape(conflicts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    validate(request(conflicts, tmp_path / "out", "figures=false"), pretend)
    found = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert list(found["modes"]) == MODES
    for mode in found["modes"].values():
        assert [row["conflict"] for row in mode["conflicts"]] == ["first", "second"]
        assert mode["ard_mean"] == pytest.approx(np.mean([row["ard_mean"] for row in mode["conflicts"]]))
        for row in mode["conflicts"]:
            for key in ("ard_mean", "ard_final", "ard_rescaled_mean", "cpu_seconds"):
                assert isinstance(row[key], float)
            assert set(row["baselines"]) == set(baselines.BASELINES)
            low, high = row["intervals"]["ard_mean"]
            assert low < row["ard_mean"] < high
            assert row["seeds"] == 3 and row["people"] in (800, 592)
        assert mode["conflicts"][0]["days"] == 40
    first = found["modes"]["withheld"]["conflicts"][0]
    assert first["ard_mean"] == pytest.approx(0.312, abs=0.005)  # nobody on day 0, then 30 % and one of 1, 2, 3 %
    assert first["camps"][0]["capacity"] == first["camps"][0]["data_peak"] == 600
    assert first["camps"][0]["simulated"] == pytest.approx(600 * 1.32)
    assert first["camps"][0]["relative_error"] == pytest.approx(0.32)
    out, err = capsys.readouterr()
    assert "skipped in" in err and "README.md, other" in err
    assert "Files in" in out


def test_scores_csv_and_tables_agree_with_scores_json(conflicts: Path, tmp_path: Path) -> None:
    validate(request(conflicts, tmp_path / "out", "figures=false"), pretend)
    tree = json.loads((tmp_path / "out" / "scores.json").read_text())
    table = pd.read_csv(tmp_path / "out" / "scores.csv")
    assert list(table) == ["mode", "conflict", "camp", "source", "measure", "value", "low", "high", "seeds"]
    row = table[(table["mode"] == "limits") & (table["conflict"] == "second") & (table["measure"] == "ard_mean")]
    model = row[row["source"] == "model"]["value"].item()
    assert model == pytest.approx(tree["modes"]["limits"]["conflicts"][1]["ard_mean"])
    assert set(row["source"]) == {"model", *baselines.BASELINES}
    daily = pq.read_table(tmp_path / "out" / "daily.parquet").to_pandas()
    of = daily[(daily["mode"] == "limits") & (daily["conflict"] == "second")]
    assert of["ard"].mean() == pytest.approx(model) and len(of) == 25
    camps = pq.read_table(tmp_path / "out" / "camps.parquet").to_pandas()
    assert len(camps) == 3 * 2 * (40 + 25)
    assert (camps["low"] <= camps["simulated"]).all() and (camps["simulated"] <= camps["high"]).all()


def test_the_manifest_names_all_files_and_hashes(conflicts: Path, tmp_path: Path) -> None:
    validate(request(conflicts, tmp_path / "out", "figures=false"), pretend, command=["marchland", "validate"])
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    names = {row["name"] for row in manifest["inputs"]}
    assert {"first/input_csv/locations.csv", "second/source_data/uno.csv"} <= names
    assert manifest["seeds"] == {"first": 1, "last": 3}
    assert set(manifest["outputs"]) == {"scores", "daily", "camps"}
    tree = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert manifest["config_hash"] == tree["config_hash"] and len(tree["parameters_hash"]) == 64
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]


def test_the_same_seeds_give_the_same_scores(conflicts: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        validate(request(conflicts, tmp_path / name, "figures=false"), pretend)
    one, two = ((tmp_path / name) for name in ("one", "two"))
    assert (one / "scores.csv").read_bytes() == (two / "scores.csv").read_bytes()
    hashes = [json.loads((folder / "manifest.json").read_text())["outputs_hash"] for folder in (one, two)]
    assert hashes[0] == hashes[1]


def test_one_conflict_one_mode_one_seed(conflicts: Path, tmp_path: Path) -> None:
    asked = parse([f"suite.folder={conflicts / 'first'}", f"output={tmp_path / 'out'}", "seeds=1", "suite.modes=[limits]"])
    result, complete = validate(asked, pretend)
    assert complete
    assert [mode.mode for mode in result.modes] == ["limits"]
    tree = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert tree["modes"]["limits"]["conflicts"][0]["intervals"]["ard_mean"] is None
    assert tree["interval"] == "none (one seed)"
    assert {path.name for path in (tmp_path / "out" / "figures").iterdir()} == {"scores.png", "first.png"}


def test_a_parameter_reaches_the_model_and_the_hash(conflicts: Path, tmp_path: Path) -> None:
    seen: list[Parameters | None] = []

    def look(conflict: Conflict, *, capacities: str, rule: str, seed: int, parameters: Parameters | None) -> IntArray:
        seen.append(parameters)
        return conflict.counts

    few = ("figures=false", "seeds=1", "suite.modes=[limits]", "suite.conflicts=[first]")
    for name, *more in (("one",), ("two", "parameters.violence.branching=0.4")):
        validate(parse([f"suite.folder={conflicts}", f"output={tmp_path / name}", *few, *more]), look)
    assert seen[0] is None and seen[1] is not None and seen[1].violence.branching == 0.4
    hashes = [json.loads((tmp_path / name / "scores.json").read_text()) for name in ("one", "two")]
    assert hashes[0]["parameters_hash"] != hashes[1]["parameters_hash"]
    assert hashes[0]["config_hash"] != hashes[1]["config_hash"]


def test_cpu_seconds_hold_loading_and_running(conflicts: Path) -> None:
    def slow(conflict: Conflict, *, capacities: str, rule: str, seed: int, parameters: Parameters | None) -> IntArray:
        end = time.process_time() + 0.02
        while time.process_time() < end:
            pass
        return conflict.counts

    loaded, _ = suite.load_conflicts([conflicts / "first"])
    result = suite.run_suite(loaded, slow, modes=["limits"], seeds=3)
    assert loaded[0].cpu_seconds + 0.02 <= result.modes[0].conflicts[0].cpu_seconds < 1.0


# ------------------------------------------------------------------ the table


def test_the_table_shows_modes_and_baselines_and_says_what_they_mean(conflicts: Path) -> None:
    loaded, _ = suite.load_conflicts(suite.find_conflicts(conflicts)[0])
    result = suite.run_suite(loaded, pretend, seeds=3)
    console = Console(width=150, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    (table,) = score_tables(result, 150)
    console.print(table)
    text = console.export_text()
    assert len(score_tables(result, 80)) == 2
    for word in ("first", "second", "mean", "rescaled", "withheld", "limits", "attraction", "3 seeds", "rule gravity"):
        assert word in text
    lines = "\n".join(explanation(result))
    assert all(suite.MODES[mode] in lines for mode in MODES)
    assert all(line.does in lines for line in baselines.BASELINES.values())
    assert "2 of 4 capacities lie within 3 %" in lines
    assert "equal shares on 2" in lines


# ------------------------------------------------------------------ figures


def test_figures_are_drawn_and_stamped(conflicts: Path, tmp_path: Path) -> None:
    validate(request(conflicts, tmp_path / "out"), pretend)
    tree = json.loads((tmp_path / "out" / "scores.json").read_text())
    files = sorted((tmp_path / "out" / "figures").iterdir())
    assert [file.name for file in files] == ["first.png", "scores.png", "second.png"]
    for file in files:
        pixels = imread(file)[:, :, :3]
        assert pixels.std() > 0.05, f"{file.name} is blank"
        text = file.read_bytes()
        assert f"n = 3 seeds · bands: 5-95 % of seeds · rule gravity · config {tree['config_hash'][:12]}".encode("latin-1") in text


# ------------------------------------------------------------------ beside Flee


def test_the_benchmark_runs_a_checkout_of_flee_by_its_own_script(conflicts: Path, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("side_by_side", ROOT / "benchmarks" / "displacement.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["side_by_side"] = module  # its dataclasses look themselves up
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules["side_by_side"]
    checkout = tmp_path / "checkout"
    for name in ("flee/__init__.py", "flee/flee.py", "flee/spawning.py", "flee/InputGeography.py"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).touch()
    assert isinstance(module.find_flee(str(checkout), sys.executable), str)  # it lacks a part
    for name in ("flee/datamanager/__init__.py", "flee/datamanager/handle_refugee_data.py"):
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).touch()
    (checkout / "runscripts").mkdir()
    (checkout / "runscripts" / "run.py").write_text(
        "import pathlib, sys\n"
        "inputs, source, days, settings = sys.argv[1:]\n"
        "assert pathlib.Path(inputs, 'routes.csv').is_file() and pathlib.Path(source, 'data_layout.csv').is_file() and days == '0'\n"
        "assert 'hasten: 7' in pathlib.Path(settings).read_text()\n"
        "print('a word of its own')\n"
        "print('Day,Date,Uno sim,Uno data,Uno error,Duo sim,Duo data,Duo error,Total error')\n"
        "print('0,2020-01-01,10,10,0.0,40,30,0.3,0.2')\n"
        "print('1,2020-01-02,20,10,1.0,30,30,0.0,0.2')\n"
    )
    found = module.find_flee(str(checkout), sys.executable)
    settings = module.SIMSETTING.format(hasten=7)
    usage, imports, score = module.run_flee(conflicts / "first", found, sys.executable, settings, 60.0)
    assert usage.code == 0, usage.message
    assert score == pytest.approx(10 / 40) and imports.code == 0 and usage.memory > 0.0
    with pytest.raises(InputError, match=r"--flee: .* is no checkout of Flee"):
        module.find_flee(str(tmp_path), sys.executable)


# ------------------------------------------------------------------ what is wrong


def wrong(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run the verb, expect exit code 2, and return the one line."""
    assert cli.main(["validate", *words]) == cli.WRONG_INPUT
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert captured.out == "" and len(lines) == 1, captured.err
    return lines[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["suite=displacement"], "suite.folder: missing; give"),
        (["suite=displacment", "suite.folder=."], "suite: 'displacment' is not known (did you mean 'displacement'?)"),
        (["suite.folder=nowhere"], "suite.folder: no folder 'nowhere'"),
        (["suite.folder=."], "holds no conflict; a conflict is a folder with input_csv/"),
        (["suite.folder=.", "seed=3"], "seed: unknown key (did you mean 'seeds'?)"),
        (["suite.folder=.", "seeds=0"], "seeds: '0' is no number of seeds; give a whole number"),
        (["suite.folder=.", "seeds=some"], "seeds: 'some' is no number of seeds"),
        (["suite.folder=.", "suite.modes=[limit]"], "suite.modes: 'limit' is not known (did you mean 'limits'?)"),
        (["suite.folder=.", "suite.modes=[]"], "suite.modes: '' is not known"),
        (["suite.folder=.", "rule=gravty"], "rule: 'gravty' is not known (did you mean 'gravity'?)"),
        (["suite.folder=.", "rule=flee", "suite.modes=[attraction]"], "the rule flee knows no attraction; give withheld or limits"),
        (["suite.folder=.", "figures=perhaps"], "figures: 'perhaps' is not known; give true or false"),
        (["suite.folder=.", "output="], "output=: is empty"),
        (["suite.folder=.", "seeds=1", "seeds=2"], "seeds is given twice"),
        (["suite.folder=.", "--forced"], "--forced: unknown option (did you mean '--force'?)"),
        (["seeds"], "seeds: cannot be read; write KEY=VALUE"),
        (["suite.folder=.", "parameters.violence.branchin=0.4"], "(did you mean 'parameters.violence.branching'?)"),
        (["suite.folder=.", "parameters.violence=0.4"], "unknown key"),
        (["suite.folder=.", "parameters.violence.branching=often"], "parameters.violence.branching=often: 'often' is not right"),
        (["suite.folder=.", "parameters.violence.branching=99"], "parameters.violence.branching=99: 99 is not right"),
    ],
)
def test_wrong_words_are_one_line(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in wrong(capsys, *words)
    assert not list(tmp_path.iterdir())


def test_an_unknown_conflict_is_named(conflicts: Path) -> None:
    with pytest.raises(InputError, match=r"no conflict 'frist' \(did you mean 'first'\?\); it has first, second"):
        validate(request(conflicts, conflicts.parent / "out", "suite.conflicts=[frist]"), pretend)


def test_a_broken_conflict_is_told_before_anything_runs_and_left_out(
    conflicts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line for it, scores for the others, and an exit code that says that it is not all."""
    (conflicts / "second" / "input_csv" / "routes.csv").write_text("#name1,name2,distance\nAx,Nowhere,10\n")
    said: list[str] = []

    def listening(conflict: Conflict, *, capacities: str, rule: str, seed: int, parameters: Parameters | None) -> IntArray:
        said.append(capsys.readouterr().err)
        return pretend(conflict, capacities=capacities, rule=rule, seed=seed, parameters=parameters)

    result, complete = validate(request(conflicts, tmp_path / "out", "figures=false"), listening)
    assert not complete and [c.conflict.name for c in result.modes[0].conflicts] == ["first"]
    assert "routes.csv" in said[0] and said[0].count("error: ") == 1 and "left out" in said[0]
    assert main([f"suite.folder={conflicts}", f"output={tmp_path / 'again'}", "figures=false", "seeds=1", "suite.modes=[limits]"]) == 2


def test_with_no_conflict_that_can_be_read_nothing_is_written(conflicts: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        (conflicts / name / "input_csv" / "routes.csv").write_text("#name1,name2,distance\nAx,Nowhere,10\n")
    with pytest.raises(InputError, match=r"routes\.csv") as caught:
        validate(request(conflicts, tmp_path / "out"), pretend)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_results_are_not_overwritten_without_force(conflicts: Path, tmp_path: Path) -> None:
    asked = ("figures=false", "seeds=1", "suite.modes=[limits]")
    validate(parse([f"suite.folder={conflicts}", f"output={tmp_path / 'out'}", *asked]), pretend)
    with pytest.raises(InputError, match=r"^output: .* holds a finished run"):
        validate(parse([f"suite.folder={conflicts}", f"output={tmp_path / 'out'}", *asked]), pretend)
    validate(parse([f"suite.folder={conflicts}", f"output={tmp_path / 'out'}", *asked, "--force"]), pretend)


def test_a_run_that_is_cut_off_leaves_nothing(conflicts: Path, tmp_path: Path) -> None:
    def stopped(conflict: Conflict, *, capacities: str, rule: str, seed: int, parameters: Parameters | None) -> IntArray:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        validate(request(conflicts, tmp_path / "deep" / "out"), stopped)
    assert not (tmp_path / "deep").exists()


def test_flee_is_run_in_the_modes_that_it_knows(tmp_path: Path) -> None:
    assert parse([f"suite.folder={tmp_path}", "rule=flee"]).modes == ("withheld", "limits")
    assert parse([f"suite.folder={tmp_path}", "suite.modes=limits,withheld"]).modes == ("withheld", "limits")


def test_help_names_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["validate", "--help"]) == 0
    text = capsys.readouterr().out
    assert all(key in text for key, _ in KEYS)
