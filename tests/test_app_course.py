"""The course behind a page: forth and back exactly, interventions, run until, faults; no browser is needed."""

from __future__ import annotations

import dataclasses
import threading
import time

import numpy as np
import pytest
from conftest import scenario

from agents.decisions import GovernmentDecision
from agents.errors import InputError
from agents.policies import GovernmentPolicy, Memory, NoParameters
from agents.situations import GovernmentSituation
from experiments.app.course import KEPT_EVERY, LATELY, Course, StepError
from experiments.app.desk import Choices, Desk
from experiments.app.frame import frame, world
from experiments.app.paired import more_pairs, pair_rows, plan_pairs
from experiments.app.running import Running
from experiments.app.until import Until, met
from experiments.runner import result_tables
from sim.fingerprint import table_hash
from sim.state import State

SCENARIOS = ("two_states", "pakistan_afghanistan")


def same(a: State, b: State) -> bool:
    for field in dataclasses.fields(State):
        x, y = getattr(a, field.name), getattr(b, field.name)
        if isinstance(x, np.ndarray):
            if not np.array_equal(x, y):
                return False
        elif field.name not in ("campaigns", "walkers") and x != y:
            return False
    return True


def hashes(course: Course) -> dict[str, str]:
    return {name: table_hash(table) for name, table in result_tables(course.model).items()}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_course_is_an_ordinary_run(name: str) -> None:
    course = Course(scenario(name, "scenario.end=2001-05-31" if name == "two_states" else "scenario.end=2021-05-31"))
    course.go_to(course.days)
    model = course.scenario.build().run()
    assert same(course.model.state, model.state)
    assert hashes(course) == {name: table_hash(table) for name, table in result_tables(model).items()}
    assert course.model.steps == model.steps == course.days


@pytest.mark.parametrize("name", SCENARIOS)
def test_going_back_two_hundred_days_is_exact(name: str) -> None:
    course = Course(scenario(name))
    seen: dict[int, State] = {}
    frames = {}
    for day in range(1, 251):
        course.step()
        if day in (3, 49, 50, 51, 249):
            seen[day], frames[day] = course.model.state.copy(), frame(course)
    whys = {agent: course.why(agent) for agent in course.model.policies}
    final = course.model.state.copy()
    turning = [course.turning(), [str(row) for row in course.events()]]
    for day in (249, 51, 50, 49, 3):
        course.go_to(day)
        assert course.day == day and course.model.record.length == day
        assert same(course.model.state, seen[day]), day
        assert frame(course) == frames[day], day
        assert course.model.steps == day
        assert all(event.day < day for event in course.turning())
        assert all(why.day < day for agent in course.model.policies if (why := course.why(agent)))
    course.go_to(250)
    assert same(course.model.state, final)
    assert [course.turning(), [str(row) for row in course.events()]] == turning
    assert {agent: course.why(agent) for agent in course.model.policies} == whys


def test_what_everybody_said_is_the_same_after_going_back() -> None:
    plain, moved = Course(scenario("two_states")), Course(scenario("two_states"))
    moved.go_to(60)
    for day in (4, 30, 11, 45, 3):
        moved.go_to(day)
        plain = Course(scenario("two_states"))
        plain.go_to(day)
        names = [agent.name for agent in (*plain.model.populations, *plain.model.governments, *plain.model.militant_groups, *plain.model.mediators)]
        assert {name: moved.why(name) for name in names} == {name: plain.why(name) for name in names}, day


def test_turning_points_are_those_of_the_run_on_the_screen() -> None:
    course = Course(scenario("two_states", "parameters.outcomes.rupture=0.1", "parameters.diplomacy.reaction=0.09"))
    course.go_to(120)
    course.turning()
    course.go_to(5)
    course.take_over("north", {"denounce/south": 1.0, "sanctions/south": 1.0, "transit/south": 1.0, "demand/south": 1.0})
    course.go_to(120)
    fresh = Course(scenario("two_states", "parameters.outcomes.rupture=0.1", "parameters.diplomacy.reaction=0.09"))
    fresh.go_to(5)
    fresh.take_over("north", {"denounce/south": 1.0, "sanctions/south": 1.0, "transit/south": 1.0, "demand/south": 1.0})
    fresh.go_to(120)
    assert course.turning() == fresh.turning() and any(event.kind == "rupture" for event in course.turning())


def test_few_states_are_kept() -> None:
    course = Course(scenario("two_states"))
    course.go_to(300)
    assert len(course._kept) <= 300 / KEPT_EVERY + LATELY + 3


def test_days_outside_the_scenario_are_refused() -> None:
    course = Course(scenario("two_states", "scenario.end=2001-01-31"))
    with pytest.raises(InputError, match="days 0 to 31"):
        course.go_to(32)
    course.go_to(31)
    course.step()
    assert course.day == 31 and course.done
    with pytest.raises(InputError, match="go back a day"):
        course.take_over("north", {"operations": 0.5})


def test_a_lever_acts_from_the_next_day_and_control_goes_back() -> None:
    course, other = Course(scenario("two_states")), Course(scenario("two_states"))
    for each in (course, other):
        each.go_to(40)
    course.take_over("north", {"operations": 0.9})
    assert same(course.model.state, other.model.state)  # nothing is reset
    course.step()
    other.step()
    i = course.setting.cast.government_index("north")
    assert course.setting.cast.level(course.model.state, i, "operations") == pytest.approx(0.9)
    assert course.setting.cast.level(other.model.state, i, "operations") != pytest.approx(0.9)
    course.go_to(60)
    why = course.why("north")
    assert why is not None and "0.90" in " ".join(why.reasons)
    course.hand_over("north", "tit_for_tat")
    course.go_to(70)
    why = course.why("north")
    assert why is not None and "hand" not in " ".join(why.reasons)
    # going back before the intervention and on again comes to the same
    late = course.model.state.copy()
    course.go_to(10)
    course.go_to(70)
    assert same(course.model.state, late)


@pytest.mark.parametrize("kind", ["event", "ceasefire", "deaths", "date", "end"])
def test_run_until(kind: str) -> None:
    course = Course(scenario("pakistan_afghanistan", "scenario.end=2021-12-31"))
    until = Until(kind, day=100, deaths=8)  # type: ignore[arg-type]
    while not (why := met(course, until)):
        course.step()
    last = course.day - 1
    today = [event.kind for event in course.model.record.raw_events if event.day == last]
    if kind == "ceasefire":
        assert str(course.date) == "2021-11-09" and "truce" in today and "ttp" in why
    elif kind == "event":
        assert set(today) & {"act", "exogenous", "closure"}
    elif kind == "deaths":
        assert course.today.worst > 8 and "more than 8" in why
        assert not met(course, Until("deaths", deaths=course.today.worst))
        assert max(course.log(day).worst for day in range(last)) <= 8
    elif kind == "date":
        assert course.day == 100
    else:
        assert course.done and "ends" in why


class Fragile(GovernmentPolicy[NoParameters]):
    """Breaks in the third week."""

    name = "fragile"
    theory = "for a test"
    looks_at = ()
    parameters = NoParameters

    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        if situation.day >= 14:
            raise ZeroDivisionError("a bug of the user")
        return GovernmentDecision(reasons=("quiet",)), memory


def test_an_error_in_a_day_leaves_the_evening_before() -> None:
    course = Course(scenario("two_states"))
    course.model.replace_policy("north", Fragile(NoParameters()))
    course.go_to(14)
    before = course.model.state.copy()
    for _ in range(2):
        with pytest.raises(StepError, match=r"day 15 .2001-01-15. could not be played: ZeroDivisionError: a bug of the user .test_app_course.py, line [0-9]+, in decide."):
            course.step()
        assert course.day == 14 and same(course.model.state, before)


def test_a_desk_says_what_is_wrong_and_keeps_its_model() -> None:
    desk = Desk(Choices(("scenario=two_states",)))
    assert not desk.error and desk.course is not None
    desk.step(3)
    course = desk.course
    assert not desk.start(Choices(("scenario=two_states", "parameters.violence.branching=7")))
    assert "parameters.violence.branching" in desk.error and "\n" not in desk.error
    assert desk.course is course and course.day == 3
    assert desk.step(1) and not desk.error
    desk.close()
    assert desk.course is None and not desk.courses


def test_a_split_screen_has_the_same_luck() -> None:
    desk = Desk(Choices(("scenario=two_states",)))
    desk.step(60)
    desk.split(True)
    assert desk.other is not None and desk.course is not None
    assert same(desk.course.model.state, desk.other.model.state)  # the same policies: no difference at all
    assert all(row.difference == 0.0 for row in pair_rows(desk.course, desk.other))
    desk.choose_other({"north": "hardline"})
    desk.split(True)
    assert desk.other.day == 60 and desk.other.scenario.config.seed == desk.course.scenario.config.seed
    desk.step(5)
    assert desk.course.day == desk.other.day == 65
    rows = {row.outcome: row for row in pair_rows(desk.course, desk.other)}
    assert rows["attacks"].left == desk.course.model.outcomes["attacks"] and any(row.difference for row in rows.values())
    desk.close()


def test_interventions_on_the_left_happen_on_the_right_where_it_follows() -> None:
    desk = Desk(Choices(("scenario=two_states",)))
    desk.step(10)
    desk.split(True)
    assert desk.course is not None and desk.other is not None
    desk.change(lambda course: course.take_over("north", {"operations": 0.9}))
    assert not desk.other.interventions  # the right side shows what would have been
    desk.set_other_follows(True)
    assert desk.other.interventions == desk.course.interventions
    desk.step(5)
    assert all(row.difference == 0.0 for row in pair_rows(desk.course, desk.other))
    desk.change(lambda course: course.hand_over("north", "hardline"))
    desk.change(lambda course: course.model.withdraw(course.date_of(course.day), "north"))
    assert desk.other.interventions == desk.course.interventions and len(desk.other.interventions) == 1
    assert desk.start(Choices(("scenario=pakistan_afghanistan",))) and desk.other is None
    desk.close()


def test_a_running_desk_can_be_reset_split_and_sent_back() -> None:
    desk = Desk(Choices(("scenario=two_states",)))
    changes: list[int] = []

    def changed() -> None:
        changes.append(1)
        desk.shown()

    desk.changed = changed
    for act in (lambda: desk.reset(), lambda: desk.split(True), lambda: desk.back(3), lambda: desk.go_to(20)):
        desk.speed = 1000.0
        desk.run()
        while len(changes) < 20:
            time.sleep(0.01)
        changes.clear()
        act()
        assert not desk.running and not desk.error
    assert [course.day for course in desk.courses] == [20, 20]
    desk.close()


def test_a_long_act_in_one_window_does_not_hold_up_another_that_runs() -> None:
    busy, other = Desk(Choices(("scenario=two_states",))), Desk(Choices(("scenario=two_states",)))
    for desk in (busy, other):
        desk.changed = desk.shown
        desk.run()
    try:
        assert busy.course is not None and other.course is not None
        with busy.lock:  # as an act does that takes its time
            stood, began = busy.course.day, other.course.day
            deadline = time.monotonic() + 30.0
            while other.course.day < began + 20:
                assert time.monotonic() < deadline, "the other window stands still"
                time.sleep(0.01)
            assert busy.course.day == stood and busy.running
        while busy.course.day < stood + 5:
            assert time.monotonic() < deadline + 30.0, "it does not go on"
            time.sleep(0.01)
    finally:
        busy.close()
        other.close()


def test_a_run_keeps_its_pace_after_its_courses_were_busy() -> None:
    """Waiting for them is not counted as days: at 20 a second each of a hundred looks would cost a twentieth of a second more."""
    lock, days = threading.RLock(), []
    running = Running(lock, lambda: 20.0, lambda: running.shown())

    def day() -> bool:
        days.append(time.monotonic())
        return True

    running.start(day)
    while not days:
        time.sleep(0.01)
    with lock:
        time.sleep(0.5)
        free, before = time.monotonic(), len(days)
    while len(days) < before + 5:
        assert time.monotonic() < free + 4.0, "it stands still although nothing is in its way"
        time.sleep(0.01)
    running.halt()


def test_a_right_side_that_could_not_be_built_again_keeps_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(Choices(("scenario=two_states",)))
    desk.choose_other({"north": "hardline"})
    assert desk.split(True) and desk.built_policies == {"north": "hardline"}
    before = desk.other
    desk.choose_other({"north": "tit_for_tat"})

    def broken(course: Course, day: int) -> None:
        raise InputError("a day that is not there")

    monkeypatch.setattr(Course, "go_to", broken)
    assert not desk.split(True)
    assert desk.other is before and desk.built_policies == {"north": "hardline"}
    desk.close()


def test_what_fails_on_the_right_half_is_said_to() -> None:
    desk = Desk(Choices(("scenario=two_states",)))
    desk.split(True)
    assert desk.other is not None
    desk.other.model.replace_policy("north", Fragile(NoParameters()))
    assert desk.step(14) and not desk.step(1)
    assert desk.error.startswith("right half (One screen takes it away): day 15 ") and not desk.failed, "the left half needs no reset"
    desk.split(False)
    assert desk.course is not None
    desk.course.model.replace_policy("north", Fragile(NoParameters()))
    assert not desk.step(1)
    assert desk.error.startswith("day 15 ") and desk.failed
    desk.close()


def test_both_halves_stay_on_one_evening_when_one_cannot_go_on() -> None:
    desk = Desk(Choices(("scenario=two_states",)))
    desk.split(True)
    assert desk.course is not None and desk.other is not None
    desk.other.model.replace_policy("north", Fragile(NoParameters()))
    assert desk.step(14)
    for act in (lambda: desk.step(1), lambda: desk.step(7), lambda: desk.go_to(20)):
        assert not act()
        assert desk.course.day == desk.other.day == 14 and "ZeroDivisionError" in desk.error
    desk.close()


def test_an_error_stays_on_the_page_while_the_course_runs() -> None:
    desk = Desk(Choices(("scenario=two_states",)))
    desk.changed = desk.shown
    desk.run()
    desk.say("folder: empty")
    started = desk.course.day if desk.course is not None else 0
    while desk.course is not None and desk.course.day < started + 5:
        time.sleep(0.01)
    desk.pause()
    assert desk.error == "folder: empty"
    desk.close()


def test_more_pairs_give_an_interval() -> None:
    desk = Desk(Choices(("scenario=two_states",)))
    desk.choose_other({"north": "hardline"})
    desk.split(True)
    desk.step(30)
    assert desk.course is not None and desk.other is not None
    done: list[int] = []
    plan = plan_pairs(desk.course, desk.other, "now")
    pairs = more_pairs(plan, 3, threading.Event(), lambda k, n: done.append(k))
    assert pairs is not None and pairs.number == 4 and pairs.key == "now" and done == [1, 2, 3]
    row = next(row for row in pairs.rows if row.outcome == "attacks")
    others = [desk.other.scenario.build(replicate=k).run_for(30).outcomes["attacks"] for k in range(4)]
    assert row.right == pytest.approx(np.mean(others)), "replicates 0 to 3, each once"
    assert row.low is not None and row.mean is not None and row.high is not None and row.low <= row.mean <= row.high
    stop = threading.Event()
    stop.set()
    assert more_pairs(plan, 3, stop) is None
    assert desk.course.day == 30  # the courses on the screen are untouched
    desk.close()


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_frame_tells_the_evening(name: str) -> None:
    course = Course(scenario(name))
    course.go_to(30)
    shown, fixed, state = frame(course), world(course), course.model.state
    assert shown["day"] == 30 and shown["date"] == str(course.date)
    assert shown["displaced"] == course.model.record.displaced[-1].tolist()
    assert len(fixed["places"]) == len(shown["killed"]) == len(shown["attacks"])
    assert sum(shown["attacks"]) == course.model.record.series("region", "region", "attacks")[-1]
    assert np.array(shown["fighters"]).sum() == state.fighters.sum()
    assert shown["trips"] and all(people > 0 for _, _, people, _ in shown["trips"])
    assert bool(fixed["land"]) == (name == "pakistan_afghanistan")
