"""A run of a conflict folder as a user meets it: tables, summary, figures, copies, overrides and one line for what is wrong."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conflict_folders import LOCATIONS, write_conflict
from matplotlib.image import imread

from agents.errors import InputError
from experiments import cli
from experiments.conflict_summary import CAPACITIES, RULES, conflict_title
from experiments.figures import draw_all
from experiments.figures.folder import load_run
from experiments.figures.people import draw_people
from sim import Scenario
from sim.displacement.read import read_conflict
from sim.model import MarchlandModel
from sim.outcomes import relative_difference
from sim.settings import ScenarioSettings

CAMPS = ["Shelter", "East_Camp", "Far_Camp", "South_Camp"]
#: Outcomes and words that mean nothing where nobody governs and no group fights.
MEANINGLESS = ("stability", "attack", "death", "hostility", "legitimacy", "rupture", "truce", "collapse", "talks", "deport")
Out = tuple[Path, str]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run in this process and return what it prints."""
    assert cli.main(["run", *words]) == 0
    return capsys.readouterr().out


def wrong(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run in this process, expect exit code 2, and return the one line."""
    assert cli.main(["run", *words]) == cli.WRONG_INPUT
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert captured.out == "" and len(lines) == 1, captured.err
    return lines[0]


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return found


def play(folder: Path, *overrides: str) -> MarchlandModel:
    return Scenario.load(path=folder, overrides=list(overrides)).build().run()


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_conflict(tmp_path / "little2020")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Out:
    """A run with figures, its folder and its summary; no test may change it."""
    place = tmp_path_factory.mktemp("finished")
    folder, out = write_conflict(place / "little2020"), place / "out"
    with contextlib.redirect_stdout(io.StringIO()) as text:
        assert cli.main(["run", f"scenario.path={folder}", f"hydra.run.dir={out}"]) == 0
    return out, text.getvalue()


# -- tables --------------------------------------------------------------------------------------------------


def test_camps_table_holds_what_was_simulated_and_counted(finished: Out, folder: Path) -> None:
    out, text = finished
    table = pd.read_parquet(out / "camps.parquet")
    assert list(table.columns) == ["day", "date", "camp", "simulated", "counted"]
    assert len(table) == 40 * len(CAMPS) and list(dict.fromkeys(table["camp"])) == CAMPS
    counted = table["counted"].to_numpy().reshape(40, len(CAMPS))
    assert np.array_equal(counted, read_conflict(folder).counts)
    places = pd.read_parquet(out / "places.parquet").set_index(["day", "place"])["displaced"]
    wide = table.set_index(["day", "camp"])["simulated"]
    assert all(wide[day, camp] == places[day, camp] for day in (0, 7, 39) for camp in CAMPS)
    assert np.array_equal(table["simulated"].to_numpy()[:4], counted[0]), "camps start with their counts"
    assert manifest(out)["outputs"]["camps"]["rows"] == len(table)
    assert "camps.parquet" in text


def test_scaled_people_are_held_against_scaled_counts(folder: Path) -> None:
    plain, large = (play(folder, f"scenario.people_scale={scale}") for scale in (1, 1000))
    assert np.array_equal(large.record.counted, 1000 * plain.record.counted)
    assert large.outcomes["ard_mean"] == pytest.approx(plain.outcomes["ard_mean"], abs=0.1)
    assert large.outcomes["entered"] == 1000 * plain.outcomes["entered"]


def test_other_scenarios_have_no_camps_table() -> None:
    model = Scenario.load("two_states", overrides=["scenario.end=2001-01-10"]).build().run()
    assert model.record.camps.empty and model.record.counted.shape == (10, 0)
    assert "ard_mean" not in model.outcomes and "entered" not in model.outcomes
    assert {"stability", "attacks", "ruptures", "normalised_hostility"} <= model.outcomes.keys()
    assert "entered" not in set(model.record.daily["variable"])


# -- outcomes and summary ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["gravity", "flee"])
def test_everybody_who_was_let_in_is_somewhere(folder: Path, rule: str) -> None:
    model = play(folder, f"scenario.rule={rule}")
    row = model.outcomes
    assert row["entered"] == 12000.0, "the last day's counts together"
    parts = ("in_camps", "at_stops", "in_fighting", "on_the_way", "waiting")
    assert sum(row[name] for name in parts) == row["entered"]
    assert row["idps"] + row["refugees"] == row["displaced"] == sum(row[name] for name in parts[:3])
    daily = relative_difference(model.record.camps["simulated"].to_numpy().reshape(-1, 4), model.record.counted)
    assert row["ard_mean"] == daily.mean() and row["ard_final"] == daily[-1]


def test_relative_difference_by_hand() -> None:
    simulated, counted = np.array([[3, 1], [0, 0], [5, 5]]), np.array([[1, 3], [0, 0], [10, 10]])
    assert relative_difference(simulated, counted).tolist() == [1.0, 0.0, 0.5]


@pytest.mark.parametrize("rule", ["gravity", "flee"])
def test_nothing_is_said_about_what_is_not_there(folder: Path, rule: str) -> None:
    model = play(folder, f"scenario.rule={rule}")
    names = {*model.outcomes, *model.record.daily["variable"]}
    assert not [name for name in names if any(word in name for word in MEANINGLESS) and name != "returns_deportation"]
    assert ("flights" in model.outcomes) == (rule == "gravity"), "flee books no trips by reason"


def test_governments_bring_their_outcomes_with_them(folder: Path) -> None:
    model = play(folder, "+governments.host.country=Away", "+governments.origin.country=Home_Land")
    assert {"stability", "legitimacy_host", "ruptures", "ard_mean"} <= model.outcomes.keys()
    assert not {"attacks", "escalations", "truces"} & model.outcomes.keys(), "there is no group"


def test_summary_says_who_is_where_and_how_far_from_the_counts(finished: Out) -> None:
    out, text = finished
    row = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert text.startswith("Home Land 2020 (little2020): 1 Jan 2020 to 9 Feb 2020, 40 days, seed 1")
    for words in ("12,000 let in", "in camps", "on the way", "at stops", "waiting at camp gates", "(IDPs)", "refugees abroad"):
        assert words in text, words
    assert f"{row['ard_mean']:.3f} (mean over days), {row['ard_final']:.3f} on the last day" in text
    worst = [line for line in text.splitlines() if "simulated," in line and "counted at the end" in line]
    assert len(worst) == 3
    assert RULES["gravity"] in text and CAPACITIES["limits"] in text
    assert not [word for word in ("tability", "Violence", "attacks", "ostility") if word in text]


def test_summary_names_unused_files_and_remarks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    routes = write_conflict(tmp_path / "a") / "input_csv" / "routes.csv"
    twice = routes.read_text(encoding="utf-8") + "Crossroads,Battle_Town,61,0\n"
    folder = write_conflict(tmp_path / "b", {"input_csv/agents.csv": "x\n", "input_csv/routes.csv": twice})
    text = run(capsys, f"scenario.path={folder}", "figures=false", "hydra.run.dir=out")
    assert "Not used of the folder: " in text and "agents.csv" in text
    assert "Remarks on the folder:" in text and "stands already" in text


def test_every_mode_and_rule_is_explained() -> None:
    hints = ScenarioSettings.__annotations__
    assert all(repr(mode) in hints["capacities"] or mode in hints["capacities"] for mode in CAPACITIES)
    assert all(rule in hints["rule"] for rule in RULES)


def test_title_is_readable_unless_the_user_gives_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert conflict_title(read_conflict(folder)) == "Home Land 2020"
    assert cli.main(["run", f"scenario.path={folder}", "figures=false", "hydra.run.dir=one"]) == 0
    assert "running Home Land 2020 (little2020), seed 1" in capsys.readouterr().err
    text = run(capsys, f"scenario.path={folder}", "figures=false", "hydra.run.dir=two", "scenario.title=Mine")
    assert text.startswith("Mine: 1 Jan 2020")


# -- figures -------------------------------------------------------------------------------------------------


def drawn(folder: Path) -> dict[str, str]:
    """Names of the figures with their descriptions; none of them blank."""
    from PIL import Image

    found = {}
    for file in sorted((folder / "figures").iterdir()):
        assert imread(file)[..., :3].std() > 0.02, file.name
        with Image.open(file) as image:
            found[file.stem] = str(image.info["Description"])
    return found


def test_figures_of_a_conflict_run(finished: Out) -> None:
    found = drawn(finished[0])
    assert set(found) == {"map", "camps", "people"}
    short = str(manifest(finished[0])["config_hash"])[:12]
    for text in found.values():
        assert "seed 1" in text and short in text and "not a forecast" in text


def test_governments_bring_their_figures_with_them(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "governed"
    words = ("+governments.host.country=Away", "+governments.origin.country=Home_Land", "scenario.end=2020-01-20")
    run(capsys, f"scenario.path={folder}", f"hydra.run.dir={out}", *words)
    assert set(drawn(out)) == {"map", "camps", "people", "timeline", "actors"}


def test_figures_show_names_and_places_without_coordinates_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = LOCATIONS.replace("Far_Camp,Inland,Away,2.2,12.0", "Far_Camp,Inland,Away,,")
    folder = write_conflict(tmp_path / "bare", {"input_csv/locations.csv": bare})
    out = tmp_path / "out"
    run(capsys, f"scenario.path={folder}", f"hydra.run.dir={out}", "scenario.rule=flee", "scenario.capacities=withheld")
    stored = load_run(out)
    texts = [t.get_text() for axes in draw_people(stored).axes for t in axes.texts]
    assert "In Home Land" in texts and "Where displaced people are" in texts
    assert "map" in drawn(out)
    nowhere = "\n".join(
        ",".join([*line.split(",")[:3], "", "", *line.split(",")[5:]]) if not line.startswith("#") else line
        for line in LOCATIONS.splitlines()
    )
    (out / "scenario" / "input_csv" / "locations.csv").write_text(nowhere + "\n", encoding="utf-8")
    shutil.rmtree(out / "figures")
    draw_all(out)
    assert set(drawn(out)) == {"camps", "people"}, "no map without coordinates"


def test_a_broken_camps_table_is_one_line(finished: Out, tmp_path: Path) -> None:
    out = Path(shutil.copytree(finished[0], tmp_path / "broken"))
    pd.read_parquet(out / "camps.parquet").drop(columns="counted").to_parquet(out / "camps.parquet")
    with pytest.raises(InputError, match="column counted is missing"):
        load_run(out)


# -- folders and overrides -----------------------------------------------------------------------------------


def test_the_copy_in_a_run_folder_is_a_scenario_again(finished: Out, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = finished
    text = run(capsys, f"scenario.path={out / 'scenario'}", "figures=false", f"hydra.run.dir={tmp_path / 'again'}")
    assert manifest(out)["outputs_hash"] == manifest(tmp_path / "again")["outputs_hash"]
    assert text.startswith("Home Land 2020: ")


def test_rules_and_modes_in_one_multirun(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = write_conflict(tmp_path / "other")
    words = ("-m", "figures=false", f"hydra.sweep.dir={tmp_path / 'sweep'}")
    run(capsys, *words, f"scenario.path={folder},{other}", "scenario.rule=gravity,flee", "scenario.capacities=limits,withheld")
    rows = [json.loads(file.read_text(encoding="utf-8")) for file in sorted((tmp_path / "sweep").glob("*/summary.json"))]
    assert len(rows) == 8 and {row["scenario"] for row in rows} == {"little2020", "other"}
    hashes = {(row["scenario"], manifest(tmp_path / "sweep" / str(k))["outputs_hash"]) for k, row in enumerate(rows)}
    assert len(hashes) == 8 and len({found for _, found in hashes}) == 4, "a folder's name changes nothing"


@pytest.mark.parametrize(("words", "says"), [
    (("scenario.capacities=withhold",), "'limits', 'withheld' or 'attraction'"),
    (("scenario.rule=fle",), "'gravity' or 'flee'"),
    (("scenario.rule=flee", "scenario.capacities=attraction"), "limits and withheld"),
    (("scenario.rule=flee", "scenario.returns=true"), "no returns"),
    (("scenario.end=2021-01-01",), "2020-02-09"),
    (("parameters.gravity.powr=2",), "parameters.gravity.power"),
    (("+governments.host.country=Nowhere",), "unknown country 'Nowhere'"),
    (("-m", "scenario.capacities=limits,foo"), "scenario.capacities=foo"),
])  # fmt: skip
def test_wrong_input_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    assert says in wrong(capsys, f"scenario.path={folder}", "figures=false", *words)
    assert not Path("outputs").exists() and not Path("multirun").exists(), "nothing is left behind"
