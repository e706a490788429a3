"""The event log and the family that is followed: what they tell is what happened; no browser is needed."""

from __future__ import annotations

import pytest
from conftest import scenario

from agents.errors import InputError
from experiments.app import following, story
from experiments.app.course import Course
from experiments.app.inspect import card
from experiments.app.panels.context import Pick
from experiments.app.panels.events import _list
from experiments.app.story import BY_DAY, FILTERS, Line, Wanted, log
from sim.buckets import Kind
from sim.today import Event

ALL = Wanted(frozenset(FILTERS))


@pytest.fixture(scope="module")
def course() -> Course:
    """The flagship scenario after the first truce, closures and turning points."""
    made = Course(scenario("pakistan_afghanistan"))
    made.go_to(480)
    return made


def test_the_log_has_every_event_newest_first_in_its_filter(course: Course) -> None:
    lines, older = log(course, Wanted(), most=10_000)
    assert not older
    events = course.events()
    assert sorted((line.day, line.kind) for line in lines) == sorted((event.day, event.kind) for event in events)
    assert [line.day for line in lines] == sorted((line.day for line in lines), reverse=True)
    assert {event.kind for event in events} <= set(story._KINDS)
    assert {line.filter for line in lines} >= {"politics", "violence", "borders", "talks", "turning"}
    for name in set(FILTERS) - {BY_DAY}:
        chosen = log(course, Wanted(frozenset({name})), most=10_000)[0]
        assert chosen == [line for line in lines if line.filter == name]
    assert log(course, Wanted(frozenset()))[0] == []


def test_every_kind_of_event_that_the_model_writes_has_a_filter() -> None:
    written = {
        "act", "exogenous", "attack", "strike", "splinter", "merger", "closure", "opening", "announcement", "deadline", "talks",
        "truce", "truce_end", "rupture", "escalation", "collapse", "intervention",
    }  # fmt: skip
    assert set(story._KINDS) == written | {BY_DAY}
    assert {which for which, _, _ in story._KINDS.values()} == set(FILTERS)


def test_days_of_attacks_sum_up_the_record(course: Course) -> None:
    record = course.model.record
    lines, _ = log(course, Wanted(frozenset({BY_DAY})), most=10_000)
    attacks, deaths = record.series("region", "region", "attacks"), record.series("region", "region", "deaths")
    assert [line.day for line in lines] == [day for day in range(479, -1, -1) if attacks[day]]
    for line in lines:
        assert line.text.startswith(f"{attacks[line.day]:.0f} attack")
        assert f", {deaths[line.day]:.0f} killed" in line.text
    assert any("worst at" in line.text for line in lines)
    group, place = Pick("group", "ttp"), Pick("place", "North Waziristan")
    by_group = log(course, Wanted(frozenset({BY_DAY}), only=True), group, most=10_000)[0]
    assert len(by_group) == (record.series("group", "ttp", "attacks") > 0).sum() < len(lines)
    here = log(course, Wanted(frozenset({BY_DAY}), only=True), place, most=10_000)[0]
    table = record.places
    assert len(here) == ((table["place"] == place.name) & (table["attacks"] > 0)).sum() > 0
    assert {line.pick for line in here} == {place}


def test_only_what_is_picked_and_only_lines_with_the_words(course: Course) -> None:
    everything = log(course, Wanted(), most=10_000)[0]
    crossing = Pick("crossing", "Chaman-Spin Boldak crossing")
    here = log(course, Wanted(only=True), crossing)[0]
    assert here
    assert {line.pick for line in here} == {crossing}
    assert log(course, Wanted(), crossing, most=10_000)[0] == everything
    words = log(course, Wanted(text="CHAMAN trade"))[0]
    assert words
    assert words == [line for line in everything if "chaman" in line.text.lower() and "trade" in line.text.lower()]
    talks = Event(3, "talks", "international", "pakistan-afghanistan", "", 0.0, "declined")
    assert [story.concerns(talks, Pick("government", name)) for name in ("pakistan", "afghanistan", "stan")] == [True, True, False]


def test_the_latest_lines_come_first_and_the_rest_on_demand(course: Course) -> None:
    few, older = log(course, ALL, most=20)
    more, _ = log(course, ALL, most=40)
    assert older
    assert len(few) == 20
    assert more[:20] == few


def test_lines_lead_to_a_place_or_an_actor(course: Course) -> None:
    for line in log(course, Wanted(), most=10_000)[0]:
        assert line.pick is not None or line.filter in ("turning", "politics"), line
    attack = next(line for line in log(course, Wanted(frozenset({"violence"})))[0] if line.kind == "attack")
    assert attack.pick is not None
    assert attack.pick.name in attack.text


def test_levers_are_told_in_words() -> None:
    course = Course(scenario("two_states"))
    raised = Event(0, "act", "north", "south", "", 0.5, "engagement/south raised by 0.50")
    assert story.told(raised, course) == 'north raises "Talks with Southland" by 0.50'
    assert story.told(Event(0, "act", "north", "", "", -0.3, "operations lowered by 0.30"), course) == 'north lowers "Operations against groups at home" by 0.30'
    assert story.told(Event(0, "act", "a", "b", "", 0.0, "Torkham closed after a clash"), course) == "Torkham closed after a clash"


def test_going_back_takes_events_back_and_rows_are_escaped() -> None:
    course = Course(scenario("pakistan_afghanistan"))
    course.go_to(60)
    then = log(course, ALL)[0]
    course.go_to(90)
    assert log(course, ALL)[0] != then
    course.go_to(60)
    assert log(course, ALL)[0] == then
    nasty = "<b>&'\""
    html = _list([Line(1, course.date, nasty, nasty, nasty, nasty, nasty, Pick(nasty, nasty))], False)
    assert "<b>" not in html
    assert "&lt;b&gt;" in html


# -- a family -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=("two_states", "pakistan_afghanistan"))
def followed(request: pytest.FixtureRequest) -> Course:
    """A course that follows a family that set out on its 30th day, on its 120th evening."""
    made = Course(scenario(request.param))
    made.go_to(30)
    following.choose(made, population=following.SET_OUT, number=2)
    made.go_to(120)
    return made


def test_a_family_of_today_left_its_place_and_arrives(followed: Course) -> None:
    family = followed.family
    assert family is not None
    first = family.path[0]
    assert first.day == 29
    assert family.layout.bucket(first.source).kind is Kind.PLACE
    assert 0 < first.moved <= first.alike
    assert family.day == 120
    assert len(family.path) >= 2
    data = following.path_data(followed)
    assert data is not None
    assert len(data["path"]) >= 2
    assert data["at"] == data["path"][-1]["place"]
    assert [point["day"] for point in data["path"]] == sorted(point["day"] for point in data["path"])
    moments = following.story(followed)
    assert len(moments) == len(family.path) + 1
    assert [moment.date for moment in moments] == sorted((moment.date for moment in moments), reverse=True)
    assert moments[-1].date == followed.date_of(29)
    assert moments[-1].text.startswith("a family from ")
    assert "leaves " in moments[-2].text
    assert following.now(followed)


def test_going_back_cuts_the_path_and_playing_again_gives_the_same(followed: Course) -> None:
    family = followed.family
    assert family is not None
    path = family.path
    for day in (119, 60, 31, 30):  # 60 and 31 are reached from a state kept before the family was followed
        followed.go_to(day)
        assert followed.family is family
        assert family.day == day
        assert family.path == tuple(step for step in path if step.day < day)
        followed.go_to(120)
        assert family.path == path
    another = Course(followed.scenario)
    another.go_to(30)
    following.choose(another, population=following.SET_OUT, number=2)
    another.go_to(120)
    assert another.family is not None
    assert another.family.path == path


def test_before_its_first_evening_no_family_is_followed() -> None:
    course = Course(scenario("two_states"))
    course.go_to(20)
    following.choose(course)
    assert course.family is not None
    course.back(1)
    assert course.family is None
    assert following.path_data(course) is None
    assert following.story(course) == []
    assert following.now(course) == ""


def test_a_family_of_a_population_stands_where_it_was_chosen() -> None:
    course = Course(scenario("two_states"))
    course.go_to(3)
    following.choose(course, population="Southland undocumented", place="North Capital")
    data = following.path_data(course)
    assert data is not None
    assert data["at"] == course.setting.world.place_index("North Capital")
    assert "Southland" in following.now(course)
    found, elsewhere = (card(course, Pick("place", name)) for name in ("North Capital", "North Plains"))
    assert found is not None and elsewhere is not None
    assert found.row("The family that is followed").value == following.now(course)
    assert len(found.rows) == len(elsewhere.rows) + 1
    with pytest.raises(InputError, match="there are no"):
        following.choose(course, population="Northland returnee", place="South Capital")
    fresh = Course(course.scenario)
    with pytest.raises(InputError, match="nobody set out"):
        following.choose(fresh, population=following.SET_OUT)


def test_following_a_family_changes_nothing_in_the_run(followed: Course) -> None:
    alone = Course(followed.scenario)
    alone.go_to(120)
    followed.go_to(120)
    assert (alone.model.state.people == followed.model.state.people).all()
    assert alone.model.record.daily.equals(followed.model.record.daily)


def test_families_that_set_out_are_drawn_by_their_number(followed: Course) -> None:
    """Of many families, the shares of the directions are those of the people who set out."""
    course = Course(followed.scenario)
    course.go_to(30)
    note = following.departures(course)
    assert note is not None
    chosen: dict[int, int] = {}
    draws = 400
    for number in range(draws):
        following.choose(course, population=following.SET_OUT, number=number)
        assert course.family is not None
        chosen[course.family.path[0].source] = chosen.get(course.family.path[0].source, 0) + 1
    people: dict[int, int] = {}
    for source, n in zip(note.source.tolist(), note.number.tolist(), strict=True):
        people[source] = people.get(source, 0) + n
    total = sum(people.values())
    for source, n in people.items():
        share = n / total
        assert abs(chosen.get(source, 0) - draws * share) <= 5.0 * (draws * share * (1.0 - share)) ** 0.5 + 1.0
