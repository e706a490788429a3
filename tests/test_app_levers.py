"""The levers of the app: taking over, setting levels, handing back, and what the page says of it."""

from __future__ import annotations

import datetime as dt

import pytest

from agents.policies.manual import named_slot
from experiments.app import levers
from experiments.app.course import Course
from experiments.app.desk import Choices, Desk
from sim import Scenario


@pytest.fixture
def course() -> Course:
    """Ten days of the fictional scenario."""
    found = Course(Scenario.load("two_states", seed=4))
    found.go_to(10)
    return found


def row_of(course: Course, government: str, key: str) -> levers.Row:
    """Return a lever as the page shows it."""
    return next(row for row in levers.rows(course, government) if row.key == key)


def test_taking_over_changes_nothing_by_itself(course: Course) -> None:
    before = {row.key: row.granted for row in levers.rows(course, "north")}
    levers.take_over(course, "north")
    assert levers.charge(course, "north").text == "Led by hand from 2001-01-11"
    course.step()
    assert {row.key: row.granted for row in levers.rows(course, "north")} == before
    assert levers.charge(course, "north").text == "Led by hand since 2001-01-11"


def test_a_level_acts_from_the_next_day_between_decision_days(course: Course) -> None:
    assert course.day % course.setting.config.scenario.decision_interval != 0
    levers.set_level(course, "north", "operations", 0.9)
    shown = row_of(course, "north", "operations")
    assert (shown.asked, shown.pending, shown.held) == (0.9, True, True)
    assert shown.granted == pytest.approx(0.3)
    course.step()
    assert course.day == 11  # no reset
    shown = row_of(course, "north", "operations")
    assert (shown.asked, shown.granted, shown.pending) == (0.9, 0.9, False)


def test_before_the_first_day_levers_of_a_config_s_own_hand_show_what_is_to_come() -> None:
    made = Course(Scenario.load("two_states", overrides=["policy@policies.north=manual", "policies.north.params.levels.operations=0.9"]))
    shown = row_of(made, "north", "operations")
    assert (shown.asked, shown.pending, shown.held) == (0.9, True, True)
    levers.set_level(made, "north", "operations", 0.0)  # what it says can be changed before anybody acts
    assert row_of(made, "north", "operations").asked == 0.0
    made.step()
    assert row_of(made, "north", "operations").granted == 0.0
    assert not row_of(made, "north", "operations").pending


def test_levels_add_up(course: Course) -> None:
    levers.set_level(course, "north", "operations", 0.9)
    levers.set_level(course, "north", "aid", 0.2)
    assert len(course.interventions) == 1, "of the same evening: one takes the place of the other"
    course.go_to(15)
    levers.set_level(course, "north", "aid", 0.1)
    assert levers.held_levels(course, "north") == {"operations": 0.9, "aid": 0.1}
    course.go_to(30)
    assert row_of(course, "north", "operations").asked == 0.9
    assert row_of(course, "north", "aid").asked == 0.1


def test_all_crossings_are_closed_at_once(course: Course) -> None:
    levers.set_level(course, "north", "close_people/*", 1.0)
    course.step()
    assert row_of(course, "north", "close_people/*").granted == 1.0
    singles = [row for row in levers.rows(course, "north") if row.single and row.key.startswith("close_people/")]
    assert [row.granted for row in singles] == [1.0, 1.0]
    levers.set_level(course, "north", singles[0].key, 0.0)
    assert row_of(course, "north", "close_people/*").asked == 0.5
    words = [text for _, text, _ in levers.listed(course)]
    assert words[0] == "north: by hand, close all crossings to people 1.00"


def test_less_is_granted_than_asked_when_money_is_short() -> None:
    course = Course(Scenario.load("two_states", overrides=["governments.north.money=100"]))
    for key in ("operations", "aid"):
        levers.set_level(course, "north", key, 1.0)
    course.step()
    shown = row_of(course, "north", "operations")
    assert shown.short
    assert shown.asked == 1.0
    assert shown.granted < 0.2
    assert not row_of(course, "north", "demand/south").short


def test_handing_back_gives_the_config_s_own_policy_and_parameters() -> None:
    course = Course(Scenario.load("two_states", overrides=["policy@policies.north=hardline", "policies.north.params.level=0.3"]))
    course.go_to(5)
    levers.set_level(course, "north", "operations", 0.9)
    course.go_to(9)
    levers.hand_over(course, "north", "hardline")
    assert levers.charge(course, "north").text == "Led by its policy hardline from 2001-01-10"
    assert course.interventions[-1].params["level"] == 0.3
    course.step()
    assert course.model.policies["north"].name == "hardline"
    assert levers.held_levels(course, "north") == {}


def test_taking_over_and_back_on_one_evening_leaves_nothing(course: Course) -> None:
    levers.take_over(course, "north")
    levers.hand_over(course, "north", "tit_for_tat")
    assert course.interventions == ()
    levers.set_level(course, "north", "aid", 0.4)
    course.go_to(12)
    levers.hand_over(course, "north", "tit_for_tat")
    levers.take_over(course, "north")
    assert levers.charge(course, "north").text == "Led by hand since 2001-01-11"


def test_another_policy_and_a_group(course: Course) -> None:
    assert "manual" not in levers.policies_for(course, "north")
    levers.hand_over(course, "north", "hardline")
    levers.hand_over(course, "north_front", "scripted")
    course.step()
    assert levers.charge(course, "north").text == "Led by hardline since 2001-01-11"
    assert course.model.policies["north_front"].name == "scripted"
    assert [text for _, text, _ in levers.listed(course)] == ["north: led by hardline", "north_front: led by scripted"]


def test_what_is_to_come_can_be_withdrawn_after_going_back(course: Course) -> None:
    levers.set_level(course, "north", "operations", 0.9)
    course.go_to(14)
    assert [coming for _, _, coming in levers.listed(course)] == [False]
    course.go_to(8)
    change, _, coming = levers.listed(course)[0]
    assert coming
    assert levers.charge(course, "north").text == "Led by its policy tit_for_tat"
    course.model.withdraw(change.date, change.actor)
    course.go_to(14)
    assert not course.interventions
    assert course.model.policies["north"].name == "tit_for_tat"


@pytest.mark.parametrize("scenario", ["two_states", "pakistan_afghanistan"])
def test_every_slot_of_a_government_has_one_row_and_plain_words(scenario: str) -> None:
    course = Course(Scenario.load(scenario))
    cast = course.setting.cast
    for i, government in enumerate(cast.governments):
        rows = levers.rows(course, government)
        keys = [row.key for row in rows if not row.key.endswith("/*")]
        assert sorted(keys) == sorted(str(slot) for slot in cast.slots_of[i][1])
        assert len(keys) == len(set(keys))
        assert all(row.group in levers.GROUPS and row.label and "At level 1" in row.hint for row in rows)
        top = [row for row in rows if not row.single]
        assert len(top) <= 24, "crossings must not drown the rest"
        assert all(named_slot(row.key).lever in ("close_people", "close_trade") for row in rows if row.single)


def test_a_desk_says_what_is_wrong_and_goes_on() -> None:
    desk = Desk(Choices(("scenario=two_states", "scenario.end=2001-01-05")))
    desk.step(5)
    assert not desk.change(lambda course: levers.set_level(course, "north", "operations", 0.5))
    assert "over" in desk.error
    desk.back(1)
    assert not desk.change(lambda course: levers.set_level(course, "north", "operations", 1.5))
    assert "[0, 1]" in desk.error
    assert desk.course is not None
    assert desk.course.interventions == ()
    assert desk.change(lambda course: levers.set_level(course, "north", "operations", 0.5))
    assert desk.course.interventions[0].date == dt.date(2001, 1, 5)


def test_the_cost_of_all_crossings_is_that_of_all_of_them() -> None:
    """The hint says what the budget then shows: five million in the two states."""
    course = Course(Scenario.load("two_states"))
    assert "At level 1: 5 million US$ a year, 3.0 thousand personnel" in row_of(course, "north", "close_people/*").hint
    money = float((course.setting.cost_weights * course.setting.money_cost)[[k for k, slot in enumerate(course.setting.cast.slots) if slot.lever == "close_people"]].sum())
    assert money == pytest.approx(5.0)
