"""Saving what is on the screen, and opening a finished run: both come out digit for digit."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from agents.errors import InputError
from experiments import cli
from experiments.app import levers, openrun, save, setup
from experiments.app.course import Course
from experiments.app.desk import Choices, Desk
from experiments.app.paperwork import Paperwork, begin_export, begin_saving, paperwork
from experiments.app.unsaved import by_hand, unsaved
from experiments.runner import result_tables
from sim.fingerprint import canonical, digest, table_hash

QUIET = ("figures=false", "hydra.run.dir=run")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def opened(*words: str, **options: object) -> Desk:
    """Return a desk without errors."""
    desk = Desk(Choices(words, **options))  # type: ignore[arg-type]
    assert not desk.error
    return desk


def shown(desk: Desk) -> Course:
    """Return the course on the screen."""
    assert desk.course is not None
    return desk.course


def outputs_hash(course: Course) -> str:
    """Return the hash of the days on the screen, as a manifest has it."""
    return digest(canonical({name: table_hash(table) for name, table in result_tables(course.model).items()}))


def saved(desk: Desk, *, to_end: bool = False) -> Path:
    """Save what is on the screen."""
    made = save.saved(shown(desk), to_end=to_end, corner=setup.corner_of(desk.choices) or "default")
    return save.write(made)


def run(path: Path, *words: str) -> dict[str, object]:
    """Run a saved file with the command line and return its manifest."""
    assert cli.main(["run", str(path), *QUIET, *words]) == 0
    found = json.loads(Path("run/manifest.json").read_text())
    assert isinstance(found, dict)
    return found


def play(desk: Desk, host: str, origin: str) -> None:
    """Lead both governments, go back and forth, and hand one back."""
    desk.step(12)
    assert desk.change(lambda course: levers.set_level(course, host, "close_people/*", 1.0))
    assert desk.change(lambda course: levers.set_level(course, host, "operations", 0.85))
    desk.step(9)
    desk.back(6)
    assert desk.change(lambda course: levers.set_level(course, origin, f"cooperation/{host}", 0.123))
    desk.step(8)
    assert desk.change(lambda course: levers.hand_over(course, host, levers.original(course, host).name))
    desk.step(10)
    desk.back(2)
    assert not desk.error


CASES = {
    "two_states": (("scenario=two_states", "corner=spiral", "policy@policies.north=hardline", "policies.north.params.level=0.3", "seed=7"), "north", "south"),
    "flagship": (("parameters.violence.branching=0.4", "seed=3"), "pakistan", "afghanistan"),
    "study": (("scenario=two_states", "experiment=deportation_sweep", "~mediators.international", "replicate=2"), "north", "south"),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(CASES))
def test_a_saved_file_plays_what_was_on_the_screen(case: str) -> None:
    words, host, origin = CASES[case]
    desk = opened(*words)
    play(desk, host, origin)
    course = shown(desk)
    assert course.day == 31
    path = saved(desk)
    manifest = run(path)
    assert manifest["outputs_hash"] == outputs_hash(course)
    assert str(manifest["config_hash"])[:12] in path.read_text()
    assert len(pq.read_table("run/daily.parquet", columns=["day"]).to_pandas()["day"].unique()) == course.day


def test_the_file_is_short_and_says_what_to_type() -> None:
    desk = opened(*CASES["two_states"][0])
    desk.step(3)
    desk.change(lambda course: levers.set_level(course, "north", "operations", 0.85))
    desk.step(1)
    path = saved(desk)
    assert path == Path("saved/two_states-seed7-2001-01-04.yaml")
    text = path.read_text()
    assert text.startswith("# Two states (fictional): saved from the page of marchland app.\n# Run it:")
    tree = yaml.safe_load(text)
    assert tree["defaults"] == [
        "config", {"override scenario": "two_states"}, {"override corner": "spiral"}, {"override policy@policies.north": "hardline"}, "_self_",
    ]  # fmt: skip
    assert {key: value for key, value in tree.items() if key not in ("defaults", "scenario", "interventions")} == {
        "seed": 7, "policies": {"north": {"params": {"level": 0.3}}},
    }  # fmt: skip
    assert len(tree["interventions"]) == 1
    assert save.command(path, ()) == "marchland run saved/two_states-seed7-2001-01-04.yaml"
    assert save.command(Path("saved/a b.yaml"), ("policy@policies.north=m:P",)) == "marchland run 'saved/a b.yaml' policy@policies.north=m:P"


def test_nothing_is_overwritten() -> None:
    desk = opened("scenario=two_states")
    desk.step(2)
    names = [saved(desk).name for _ in range(3)]
    stem = "two_states-seed1-2001-01-02"
    assert names == [f"{stem}.yaml", f"{stem}-2.yaml", f"{stem}-3.yaml"]


def test_what_is_to_come_is_saved_only_to_the_end() -> None:
    desk = opened("scenario=two_states", "scenario.end=2001-01-20")
    desk.step(8)
    desk.change(lambda course: levers.set_level(course, "north", "operations", 0.85))
    desk.step(4)
    desk.back(7)
    text = saved(desk).read_text()
    assert "interventions:" not in text
    assert "1 intervention after the last day is left out" in text
    path = saved(desk, to_end=True)
    assert len(yaml.safe_load(path.read_text())["interventions"]) == 1
    desk.go_to(20)
    assert run(path)["outputs_hash"] == outputs_hash(shown(desk))


def test_what_acts_on_the_last_day_is_saved_and_what_would_act_on_the_next_is_not() -> None:
    desk = opened("scenario=two_states")
    desk.step(5)
    desk.change(lambda course: levers.set_level(course, "north", "operations", 0.85))  # acts on day 6, 2001-01-06
    desk.step(1)
    last = saved(desk)
    assert [str(change["date"]) for change in yaml.safe_load(last.read_text())["interventions"]] == ["2001-01-06"]
    assert run(last)["outputs_hash"] == outputs_hash(shown(desk))
    desk.change(lambda course: levers.set_level(course, "south", "operations", 0.85))  # would act on 2001-01-07
    assert [change["actor"] for change in yaml.safe_load(saved(desk).read_text())["interventions"]] == ["north"]
    assert saved(desk).read_text().count("1 intervention after the last day is left out") == 1


def test_the_first_evening_can_only_be_saved_to_the_end() -> None:
    desk = opened("scenario=two_states")
    with pytest.raises(InputError, match="no day has been played"):
        save.saved(shown(desk))


def test_a_scenario_folder_of_the_user_s_own(tmp_path: Path) -> None:
    assert cli.main(["new-scenario", "my_border"]) == 0
    desk = opened(f"scenario.path={tmp_path / 'my_border'}", "policy@policies.upland=hardline", "seed=5")
    desk.step(9)
    desk.change(lambda course: levers.set_level(course, "upland", "aid", 0.5))
    desk.step(3)
    path = saved(desk)
    assert yaml.safe_load(path.read_text())["scenario"]["path"] == "my_border"
    assert run(path)["outputs_hash"] == outputs_hash(shown(desk))


def test_a_policy_class_is_named_in_the_command_not_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_for_save.py").write_text(
        "from agents.policies.status_quo import StatusQuo\n\n\nclass Mine(StatusQuo):\n    name = 'mine'\n    theory = 'none'\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    word = "policy@policies.north=own_for_save:Mine"
    desk = opened("scenario=two_states", word)
    desk.step(9)
    made = save.saved(shown(desk))
    assert made.words == (word,)
    path = save.write(made)
    assert "own_for_save" not in "".join(line for line in path.read_text().splitlines(keepends=True) if not line.startswith("#"))
    assert run(path, *made.words)["outputs_hash"] == outputs_hash(shown(desk))


def test_a_saved_file_is_gone_on_with_in_the_app() -> None:
    desk = opened("scenario=two_states", "seed=9")
    play(desk, "north", "south")
    path = saved(desk, to_end=True)
    again = opened(config_dir=path.parent.absolute(), config_name=path.stem)
    again.go_to(shown(desk).day)
    assert outputs_hash(shown(again)) == outputs_hash(shown(desk))
    assert save.saved(shown(again)).text == save.saved(shown(desk)).text


def test_an_opened_run_is_as_recorded_until_somebody_meddles() -> None:
    desk = opened("scenario=two_states", "seed=7")
    play(desk, "north", "south")
    run(saved(desk))
    replay = opened(folder=Path("run").absolute())
    course, recorded = shown(replay), replay.recorded
    assert recorded is not None
    assert recorded.verdict(course) == "recorded run run"
    for _ in range(course.days):
        replay.step()
        assert recorded.verdict(course) == "as recorded"
    assert course.done
    assert outputs_hash(course) == outputs_hash(shown(desk))
    assert course.why("north") is not None
    replay.back(5)
    replay.change(lambda now: levers.set_level(now, "south", "aid", 0.7))
    replay.step(3)
    assert recorded.verdict(course) == "differs from the record since 2001-01-27: who decides was changed here"
    replay.back(3)
    assert recorded.verdict(course) == "as recorded"
    assert replay.reset()
    assert replay.recorded is not None
    replay.step(31)
    assert replay.recorded.verdict(shown(replay)) == "as recorded"


def test_another_model_is_told_from_the_record() -> None:
    desk = opened("scenario=two_states", "scenario.end=2001-01-20")
    run(saved(desk, to_end=True))
    config = Path("run/config.yaml")
    tree = yaml.safe_load(config.read_text())
    tree["parameters"]["violence"]["branching"] = 0.1
    config.write_text(yaml.safe_dump(tree))
    replay = opened(folder=Path("run").absolute())
    replay.go_to(20)
    assert replay.recorded is not None
    assert re.fullmatch(r"differs from the record since 2001-01-\d\d \(both version .*\)", replay.recorded.verdict(shown(replay)))


def test_a_run_is_gone_on_with_from_its_folder() -> None:
    desk = opened("scenario=two_states", "parameters.violence.branching=0.4", "scenario.end=2001-01-20")
    run(saved(desk, to_end=True))
    replay = opened(folder=Path("run").absolute())
    replay.step(10)
    replay.change(lambda course: levers.set_level(course, "north", "operations", 0.85))
    replay.step(3)
    path = saved(replay)
    expected = outputs_hash(shown(replay))
    assert cli.main(["run", str(path), "figures=false", "hydra.run.dir=second"]) == 0
    assert json.loads(Path("second/manifest.json").read_text())["outputs_hash"] == expected
    other = replay.choices
    assert openrun.open_run(Path("run"), {"north": "hardline"}).config.policies["north"].name == "hardline"
    assert replay.choices == other


def test_a_stranger_s_folder_runs_no_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trap.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    run(saved(opened("scenario=two_states", "scenario.end=2001-01-05"), to_end=True))
    config = Path("run/config.yaml")
    tree = yaml.safe_load(config.read_text())
    tree["policies"]["north"] = {"name": "trap:Trap", "params": {}}
    config.write_text(yaml.safe_dump(tree))
    desk = opened("scenario=two_states")
    assert not desk.start(Choices(folder=Path("run").absolute()))
    assert "command line only" in desk.error
    assert shown(desk).scenario.config.policies["north"].name == "tit_for_tat", "the old model stays"
    assert desk.recorded is None


@pytest.mark.parametrize(
    ("broken", "said"),
    [("no_such", "no such folder"), ("empty", "finished run"), ("cut", "daily.parquet"), ("file", "a file, and no folder"), ("x" * 300, "too long")],
    ids=lambda text: text[:12],
)
def test_what_is_no_finished_run_is_said_in_one_line(broken: str, said: str) -> None:
    Path("empty").mkdir()
    Path("file").touch()
    if broken == "cut":
        run(saved(opened("scenario=two_states", "scenario.end=2001-01-05"), to_end=True))
        shutil.copytree("run", "cut")
        Path("cut/daily.parquet").unlink()
    desk = opened("scenario=two_states")
    assert not desk.start(Choices(folder=Path(broken).absolute()))
    assert said in desk.error
    assert "\n" not in desk.error


def test_finished_runs_are_listed_latest_first() -> None:
    for name in ("b", "a"):
        folder = Path("outputs") / name
        folder.mkdir(parents=True)
        (folder / "config.yaml").touch()
        (folder / "manifest.json").touch()
    Path("outputs/half").mkdir()
    os.utime("outputs/b/manifest.json", (2e9, 2e9))
    assert [path.name for path in openrun.finished_runs()] == ["b", "a"]
    assert openrun.finished_runs(Path("nowhere")) == []


# -- beside the page --------------------------------------------------------------------------------------


def wait_until(done: Callable[[], bool]) -> None:
    """Wait for a thread."""
    deadline = time.monotonic() + 60.0
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_second_click_while_saving_writes_no_second_file() -> None:
    desk = opened("scenario=two_states")
    desk.step(3)
    assert desk.guard(lambda: begin_saving(desk, to_end=False))
    assert paperwork(desk).saving.running
    assert desk.guard(lambda: begin_saving(desk, to_end=False))
    desk.step(2)  # the file is of the evening of the click
    wait_until(lambda: not paperwork(desk).saving.running)
    assert [path.name for path in Path("saved").iterdir()] == ["two_states-seed1-2001-01-03.yaml"]
    assert paperwork(desk).saving.path == Path("saved/two_states-seed1-2001-01-03.yaml")
    assert not desk.error


def test_what_cannot_be_saved_or_exported_is_said() -> None:
    Path("saved").write_text("a file where the folder should be")
    desk = opened("scenario=two_states")
    desk.step(2)
    assert desk.guard(lambda: begin_saving(desk, to_end=False))
    wait_until(lambda: not paperwork(desk).saving.running)
    assert desk.error.startswith("saved: cannot be written")
    assert paperwork(desk).saving.found is None
    assert desk.guard(lambda: begin_export(desk))
    export = paperwork(desk).export
    wait_until(lambda: not export.running)
    assert export.error.startswith("saved: cannot be written")
    assert export.path is None


def test_an_export_is_of_the_evening_of_the_click_and_its_file_can_go() -> None:
    desk = opened("scenario=two_states")
    desk.step(5)
    begin_export(desk)
    export = paperwork(desk).export
    desk.step(5)
    wait_until(lambda: not export.running)
    assert (export.done, export.total, export.error) == (5, 5, "")
    assert export.path == Path("saved/two_states-seed1-2001-01-05-replay.html")
    assert export.read() == export.path.read_bytes()
    export.path.unlink()
    assert export.megabytes is None
    assert export.read() == b""
    assert "export it again" in export.error


def test_closing_the_window_gives_an_export_up() -> None:
    desk = opened("scenario=two_states")
    desk.step(40)
    begin_export(desk)
    work = desk.export
    assert isinstance(work, Paperwork)
    desk.close()
    wait_until(lambda: not work.export.running)
    assert work.export.error == "The export was cancelled; nothing was written."
    assert not list(Path("saved").iterdir())
    assert desk.export is None


def test_the_last_day_of_an_opened_run_is_kept_by_start() -> None:
    assert cli.main(["run", "scenario=two_states", "scenario.end=2001-01-10", *QUIET]) == 0
    desk = Desk(Choices(folder=Path("run")))
    scenario = shown(desk).scenario
    form = setup.form_of(desk.choices, scenario)
    assert form.end == "2001-01-10"
    assert str(setup.choices_from(form, form, desk.choices).load().config.scenario.end) == "2001-01-10"


# -- what would be lost -----------------------------------------------------------------------------------


def test_whatever_differs_from_the_config_is_unsaved_until_it_is_saved() -> None:
    desk = opened("scenario=two_states", "interventions=[{date: 2001-01-05, actor: north, policy: hardline}]")
    desk.step(2)
    assert (by_hand(desk), unsaved(desk)) == (0, False)
    given = shown(desk).interventions[0]
    desk.change(lambda course: course.model.withdraw(given.date, "north"))
    assert (by_hand(desk), unsaved(desk)) == (1, True), "withdrawing is something done by hand"
    desk.change(lambda course: course.model.intervene(given))
    assert (by_hand(desk), unsaved(desk)) == (0, False)
    desk.change(lambda course: course.take_over("south", {"aid": 0.5}))
    assert (by_hand(desk), unsaved(desk)) == (1, True)
    desk.step(1)
    begin_saving(desk, to_end=True)
    desk.split(True)  # beside the same course: what is saved is still that course
    wait_until(lambda: not paperwork(desk).saving.running)
    assert not unsaved(desk) and paperwork(desk).saving.built == desk.built
    desk.change(lambda course: course.model.withdraw(given.date, "north"))
    assert unsaved(desk), "the file says otherwise"
    assert desk.reset() and not unsaved(desk) and paperwork(desk).saving.built != desk.built


def test_a_file_to_this_evening_holds_nothing_that_is_to_come() -> None:
    desk = opened("scenario=two_states")
    desk.step(2)
    desk.change(lambda course: course.take_over("south", {"aid": 0.5}))  # acts tomorrow
    begin_saving(desk, to_end=False)
    wait_until(lambda: not paperwork(desk).saving.running)
    assert unsaved(desk)
