"""The inspector: every thing that can be picked has a card whose numbers are those of the run; no browser is needed."""

from __future__ import annotations

import math
from html.parser import HTMLParser

import numpy as np
import pytest
from conftest import scenario

from agents.vocabulary import ABROAD
from experiments.app.card import Card, Row, Said, Section, Spark, over, rate
from experiments.app.cardhtml import POINTS, card_html, spark_svg
from experiments.app.course import Course
from experiments.app.inspect import card, pickable, resolve
from experiments.app.leaving import expected
from experiments.app.panels.context import Pick
from sim import measures

SCENARIOS = ("two_states", "pakistan_afghanistan")
NASTY = "<img src=x onerror=\"alert('1')\">&amp;'"


@pytest.fixture(scope="module", params=SCENARIOS)
def course(request: pytest.FixtureRequest) -> Course:
    """A course on its 38th evening: after several decisions, between two of them."""
    made = Course(scenario(request.param))
    made.go_to(38)
    return made


def number(text: str) -> float:
    return float(text.replace(",", ""))


def shown(course: Course, kind: str) -> list[Card]:
    cards = [card(course, pick) for pick in pickable(course) if pick.kind == kind]
    assert cards
    return [found for found in cards if found is not None]


def section(found: Card, title: str) -> Section:
    return next(part for part in found.sections if part.title == title)


def test_everything_has_a_card_before_the_first_day_and_later(course: Course) -> None:
    picks = pickable(course)
    assert len(set(picks)) == len(picks)
    cast, world = course.setting.cast, course.setting.world
    assert {pick.name for pick in picks} == {
        *cast.governments, *cast.groups, *cast.mediators, *world.places, *(block.name for block in course.setting.populations.blocks)
    }  # fmt: skip
    fresh = Course(course.scenario)
    for where in (fresh, course):
        for pick in picks:
            found = card(where, pick)
            assert found is not None
            assert found.pick == pick
            assert found.title
            assert all(len(spark.values) == where.day for spark in found.sparks)


def test_what_is_no_longer_there_has_no_card(course: Course) -> None:
    assert card(course, Pick()) is None
    assert card(course, Pick("place", "Atlantis")) is None
    crossing = course.setting.world.crossings[0]
    assert resolve(course, Pick("place", crossing)) == Pick("crossing", crossing)
    country = course.setting.world.countries[course.setting.cast.country[0]]
    assert resolve(course, Pick("government", country)) == Pick("government", course.setting.cast.governments[0])


def test_places_show_the_numbers_of_the_record_and_the_state(course: Course) -> None:
    table = course.model.record.places
    state, world, cast = course.model.state, course.setting.world, course.setting.cast
    for found in shown(course, "place"):
        place = world.place_index(found.pick.name)
        rows = table[table["place"] == found.pick.name]
        assert number(found.row("Displaced people here").value) == rows["displaced"].iloc[-1]
        assert number(found.row("Attacks, last 28 days").value) == rows["attacks"].iloc[-28:].sum()
        assert number(found.row("Killed, last 30 days").value) == rows["deaths"].iloc[-30:].sum()
        people = section(found, "People here").rows
        assert sum(number(row.value) for row in people) == state.people[:, place].sum()
        fighters = {row.label: number(row.value) for row in section(found, "Fighters here").rows}
        assert fighters == {name: n for name, n in zip(cast.groups, state.fighters[:, place].tolist(), strict=True) if n}
        violence = measures.deaths_per_100k(state, course.setting)[place]
        assert (found.row("Chance to flee").value == "nobody: no deaths lately") == (violence == 0.0)


def test_places_list_who_set_out_today(course: Course) -> None:
    assert course.book is not None
    trips = course.book.trips(course.setting)
    assert trips
    for found in shown(course, "place"):
        place = course.setting.world.place_index(found.pick.name)
        for title, end in (("Set out from here today", "origin"), ("Set out for here today", "target")):
            rows = section(found, title).rows
            assert sum(number(row.value.split(",")[0]) if "more" not in row.label else number(row.value) for row in rows) == sum(
                trip.people for trip in trips if getattr(trip, end) == place
            )


def test_crossings_show_who_passed_and_who_keeps_them_closed(course: Course) -> None:
    record = course.model.record
    passed = 0.0
    for found in shown(course, "crossing"):
        name = found.pick.name
        assert number(found.row("Passed today").value) == record.latest("crossing", name, "passed")
        by_reason = sum(number(row.value) for row in section(found, "Passed today, by reason").rows)
        assert by_reason == record.latest("crossing", name, "passed")
        passed += by_reason
        assert number(found.row("Waiting now").value) == record.latest("crossing", name, "queue")
    assert passed > 0
    other = Course(course.scenario)
    crossing, government = other.setting.world.crossings[0], other.setting.cast.rivals_of_crossing[0][0]
    name = other.setting.cast.governments[government]
    other.take_over(name, {f"close_people/{crossing}": 1.0, f"close_trade/{crossing}": 0.5})
    other.go_to(3)
    found = card(other, Pick("crossing", crossing))
    assert found is not None
    assert found.row("For people").value == "closed"
    assert found.row("For trade").value == "50 % open"
    assert {row.label: row.value for row in section(found, "Who keeps it closed").rows} == {f"{name}, to people": "1.00", f"{name}, to trade": "0.50"}
    waiting = section(found, "Waiting, by direction").rows
    assert sum(number(row.value) for row in waiting) == other.model.state.queue[:, :, :2].sum() > 0


def test_governments_show_the_numbers_of_the_state_and_only_levers_in_use(course: Course) -> None:
    state, record, cast = course.model.state, course.model.record, course.setting.cast
    for found in shown(course, "government"):
        name = found.pick.name
        i = cast.government_index(name)
        for label, variable in (("Legitimacy", "legitimacy"), ("Tension with foreigners", "tension"), ("Economy", "economy"), ("Standing", "standing")):
            assert number(found.row(label).value) == pytest.approx(record.latest("government", name, variable), abs=0.0051)
        assert number(found.row("Attacks, last 28 days").value) == record.series("government", name, "attacks")[-28:].sum()
        assert found.row("Who leads").value == course.model.policies[name].name
        used = cast.owned[i] & ((state.asked[i] != 0.0) | (state.granted[i] != 0.0))
        assert len(section(found, "Levers in force").rows) == used.sum() > 0
        assert [row.label for row in section(found, "Rivals").rows] == [rival for rival in cast.governments if rival != name]
        stock = measures.foreigners_by_status(measures.people_by_country(state, course.setting), course.setting)[i]
        assert [number(row.value) for row in section(found, "Foreigners in the country").rows] == [n for n in stock if n]
        assert len(stock) == len(ABROAD)


def test_a_government_led_by_hand_says_so_and_what_money_did_not_suffice_for() -> None:
    course = Course(scenario("two_states", "governments.north.money=600"))
    course.go_to(5)
    course.take_over("north", {"operations": 1.0, "aid": 1.0, "integration": 1.0, "regularisation": 1.0, "registration": 1.0})
    before = card(course, Pick("government", "north"))
    assert before is not None
    assert before.row("Who leads").value == f"{course.model.policies['north'].name}; from tomorrow by hand"
    course.step()
    found = card(course, Pick("government", "north"))
    assert found is not None
    assert found.row("Who leads").value == f"led by hand since {course.date_of(5)}"
    assert found.why[0].when == f"decided on {course.date_of(5)} (day 6)"
    assert "of 1.00 asked" in found.row("Aid for refugees and hosts").value
    spent, of = found.row("Money").value.split(" of ")
    assert number(spent) == number(of)
    course.back(1)
    assert _html(course, Pick("government", "north")) == card_html(before)


def test_groups_populations_and_mediators_show_the_numbers_of_the_record(course: Course) -> None:
    state, record, world = course.model.state, course.model.record, course.setting.world
    for found in shown(course, "group"):
        for label, variable in (("Fighters", "fighters"), ("Deployed", "deployed")):
            assert number(found.row(label).value) == record.latest("group", found.pick.name, variable)
        assert number(found.row("Attacks, last 28 days").value) == record.series("group", found.pick.name, "attacks")[-28:].sum()
    for found in shown(course, "population"):
        assert number(found.row("People at places").value) == record.latest("population", found.pick.name, "people")
        here = {row.label: number(row.value) for row in section(found, "By country").rows}
        seen = {country: record.latest("population", found.pick.name, f"people/{country}") for country in world.countries}
        assert here == {country: n for country, n in seen.items() if n}
    travelling = sum(number(found.row("On the way or waiting").value) for found in shown(course, "population"))
    assert travelling == state.travelling().sum()
    for found in shown(course, "mediator"):
        assert number(found.row("Attention").value) == pytest.approx(record.latest("mediator", found.pick.name, "attention"), abs=0.0051)


def test_everybody_who_decides_says_why_after_the_first_week(course: Course) -> None:
    model = course.model
    for kind, agents in (("government", model.governments), ("group", model.militant_groups), ("mediator", model.mediators)):
        for agent in agents:
            found = card(course, Pick(kind, agent.name))
            assert found is not None
            assert [said.sentences for said in found.why] == [agent.last_reasons]
            assert found.why[0].sentences
            assert str(course.date_of(35)) in found.why[0].when
    for agent in model.populations:
        found = card(course, Pick("population", agent.name))
        assert found is not None
        if agent.people:
            assert found.why[0].sentences
            assert str(course.date) in found.why[0].when
    assert all(found.why for found in shown(course, "crossing"))


def test_a_card_after_going_back_is_the_card_of_that_day(course: Course) -> None:
    """Also what was said, who set out, and what is said on the day after, between two decisions."""
    other = Course(course.scenario)
    other.go_to(52)
    other.go_to(37)
    other.step()
    for pick in pickable(course):
        assert _html(other, pick) == _html(course, pick), pick
    other.back(1)
    other.step()
    other.go_to(45)
    other.back(7)
    for pick in pickable(course):
        assert _html(other, pick) == _html(course, pick), pick


def _html(course: Course, pick: Pick) -> str:
    found = card(course, pick)
    assert found is not None
    return card_html(found)


def test_expected_departures_are_close_to_those_that_happen() -> None:
    course = Course(scenario("pakistan_afghanistan"))
    course.go_to(100)
    foreseen = math.fsum(float(item.people.sum()) for item in expected(course))
    before = course.model.state.copy()
    course.step()
    assert course.book is not None
    first = course.book.layout.firsts[1] if course.book.layout else 0
    left = sum(int(n) for note in course.book.notes for s, n, w in zip(note.source, note.number, note.word, strict=True) if s < first and w < 7 and w != 5)
    assert before.day == 100
    assert left == pytest.approx(foreseen, abs=5.0 * math.sqrt(foreseen))


# -- how it is written --------------------------------------------------------------------------------


class _Tags(HTMLParser):
    """Collects tags and attributes, and fails on tags that do not close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_every_text_of_a_card_is_escaped() -> None:
    pick = Pick(NASTY, NASTY)
    made = Card(
        pick, NASTY, NASTY, (Row(NASTY, NASTY, NASTY, pick), Row(NASTY, "1", NASTY, pick)),
        (Section(NASTY, (Row(NASTY, NASTY, NASTY),)), Section(NASTY, (), NASTY)),
        (Spark(NASTY, np.arange(4.0), NASTY, NASTY),), (Said(pick, NASTY, (NASTY,)), Said(pick, NASTY, (NASTY,))), NASTY,
    )  # fmt: skip
    parser = _Tags()
    parser.feed(card_html(made))
    assert not parser.open
    assert "img" not in parser.tags
    assert "onerror" not in parser.attributes
    assert parser.tags <= {"div", "span", "dl", "dt", "dd", "h4", "ul", "li", "p", "button", "svg", "title", "polyline", "circle"}
    assert parser.text.count(NASTY) >= 18


def test_sparklines_keep_their_ends_and_stay_small() -> None:
    assert "no day yet" in spark_svg(np.zeros(0))
    long = spark_svg(np.linspace(0.0, 5.0, 1461))
    assert len(long) < 1500
    assert "0 to 5 over 1461 days" in long
    points = long.split('points="')[1].split('"')[0].split()
    assert len(points) == POINTS
    heights = [float(point.split(",")[1]) for point in points]
    assert heights == sorted(heights, reverse=True)
    assert spark_svg(np.full(3, 2.0)).count("13.0") == 4  # a constant series is a line in the middle


def test_sums_over_days_and_chances_in_words() -> None:
    series = np.arange(10.0)
    assert over(series, 3).tolist() == [series[max(0, day - 2) : day + 1].sum() for day in range(10)]
    assert rate(0.0, 1000.0) == "nobody"
    assert rate(-math.log1p(-0.001), 5000.0) == "1 in 1,000 a day (about 5.0 people)"
