"""What the page promises, item by item, in both scenarios: a person clicks, and a course in the test gives the numbers."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import ROOT, Server, choose, chromium, look_at, page, page_factory, press, start_ready  # noqa: F401  # fixtures
from conftest import scenario

from experiments.app import charts, following, inspect, levers
from experiments.app.course import Course
from experiments.app.observed import observed
from experiments.app.paired import pair_rows
from experiments.app.panels.context import Pick
from experiments.app.panels.paired import number
from experiments.app.panels.transport import SPEEDS
from experiments.app.story import BY_DAY, Wanted, log
from experiments.app.until import Until, met
from experiments.geography import short_place
from experiments.runner import result_tables
from sim import measures
from sim.borders import closure
from sim.fingerprint import canonical, digest, table_hash

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: Words of the command line. The flagship begins just before Pakistan closes Torkham, on 6 September 2023.
WORDS = {
    "two_states": ("scenario=two_states",),
    "pakistan_afghanistan": ("scenario=pakistan_afghanistan", "scenario.start=2023-09-01", "scenario.end=2023-10-31"),
}
both = pytest.mark.parametrize("name", sorted(WORDS))
#: A government, a crossing that it can close, a group with another policy for it, a policy for the right side, a population.
CAST = {
    "two_states": ("north", "West Gate", "north_front", "scripted", "hardline", "Southland registered"),
    "pakistan_afghanistan": ("pakistan", "Chaman-Spin Boldak crossing", "ttp", "steady", "threshold", "Afghanistan undocumented"),
}
#: Trips, signs of a group and rings that the map shows at most, and the share of a group's fighters that is worth a sign.
TRIPS, GLYPHS, RINGS, LEAST = 15, 7, 9, 0.025
#: What a half of the screen draws of one kind: its data, its title, and the size and colour of a place's circle.
MARKS = """([at, kind]) => [...document.querySelectorAll('[data-testid=map]')[at].querySelectorAll(`[data-kind=${kind}]`)]
  .filter(g => g.getAttribute('display') !== 'none')
  .map(g => { const dot = g.querySelector('.mm-dot'), title = g.querySelector('title');
    return {...g.dataset, says: title ? title.textContent : '', r: dot ? +dot.getAttribute('r') : 0, fill: dot ? dot.getAttribute('fill') : ''}; })"""
#: A point on the screen at which what a person would click is one of some elements, with no other mark nearby.
FREE = """selector => {
  const marks = [...document.querySelectorAll('[data-testid=map] .mm-mark')].filter(m => m.getAttribute('display') !== 'none');
  for (const found of document.querySelectorAll(selector)) {
    const box = found.getBoundingClientRect(), own = found.closest('.mm-mark');
    for (let i = 1; i < 30; i++) for (let j = 1; j < 30; j++) {
      const n = own ? 15 : 0, x = box.x + box.width * (n || i) / 30, y = box.y + box.height * (n || j) / 30;
      const hit = document.elementFromPoint(x, y);
      if (!hit || hit.closest(selector) !== found) continue;
      const near = marks.filter(m => m !== own).map(m => m.getBoundingClientRect())
        .some(b => x > b.x - 12 && x < b.x + b.width + 12 && y > b.y - 12 && y < b.y + b.height + 12);
      if (own || !near) return [x, y];
    }
  }
  return null;
}"""
CHIPS = "() => [...document.querySelectorAll('[data-testid=charts] .mch-chip[data-series]')].map(c => [c.dataset.chart, c.dataset.series, c.dataset.value])"
EVENTS = """() => [...document.querySelectorAll('[data-testid=events] .mi-event')].map(row =>
  [row.dataset.event, row.children[1].childNodes[0].textContent, row.querySelector('.mi-date').textContent])"""
WHY = """() => { const why = document.querySelector('[data-testid=why]');
  return why && [document.querySelector('[data-testid=card]').dataset.of, why.querySelector('.mi-when')?.textContent.trim(),
    [...why.querySelectorAll('li')].map(li => li.textContent)]; }"""
FAMILY = "() => [...document.querySelectorAll('[data-testid=family-path] li')].map(li => li.childNodes[li.childNodes.length - 1].textContent)"
OBSERVED = """() => [...document.querySelectorAll('[data-testid=charts] .mch-axes')].flatMap(axes =>
  window.marchland.echarts.getInstanceByDom(axes).getOption().series.filter(s => /^(months|years)/.test(s.id)).flatMap(s => s.data.map(d => d.value[1])))"""


@dataclass(frozen=True)
class Site:
    """A server, the scenario that it shows, and the folder in which it was started."""

    server: Server
    name: str
    folder: Path

    def course(self, *words: str) -> Course:
        """Return what a window shows at first, with further words."""
        return Course(scenario(self.name, *WORDS[self.name][1:], *words))


Sites = Callable[[str], Site]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    """Start a server a scenario, each in an empty folder."""
    known: dict[str, Site] = {}

    def give(name: str) -> Site:
        if name not in known:
            folder = tmp_path_factory.mktemp(name)
            known[name] = Site(start_ready(*WORDS[name], cwd=folder), name, folder)
        return known[name]

    yield give
    for site in known.values():
        site.server.stop()


# -- hands and eyes ---------------------------------------------------------------------------------------


def opened(page: Page, site: Site) -> Course:
    """Open the page, and return the course that it should show."""
    page.goto(site.server.url)
    wait_day(page, 0)
    return site.course()


def wait_day(page: Page, day: int) -> None:
    """Wait until every map and the charts show an evening."""
    page.wait_for_function(
        "day => { const all = [...document.querySelectorAll('[data-testid=map], [data-testid=charts]')];"
        " return all.length > 1 && all.every(one => one.dataset.day === String(day)); }",
        arg=day, timeout=30_000,
    )  # fmt: skip


def forth(page: Page, course: Course, *buttons: str) -> None:
    """Press buttons that move the clock; the course goes along."""
    days = {"Step": 1, "Step 7": 7, "Back": -1, "Back 30": -30}
    for button in buttons:
        press(page, button)
        course.go_to(max(course.day + days[button], 0))
        wait_day(page, course.day)


def tab(page: Page, name: str) -> None:
    page.locator(".mar-tab", has_text=name).click()


def click_at(page: Page, selector: str) -> None:
    """Click what is drawn on the map, where nothing else lies."""
    point = page.evaluate(FREE, selector)
    assert point is not None, f"nobody could click {selector}"
    page.mouse.click(*point)


def marks(page: Page, kind: str, at: int = 0) -> list[dict[str, str]]:
    found = page.evaluate(MARKS, [at, kind])
    assert isinstance(found, list)
    return found


def whole(number: float) -> int:
    """Round as a browser does."""
    return math.floor(number + 0.5)


def check_header(page: Page, course: Course) -> None:
    when = f"evening of {course.date}" if course.day else "before the first day"
    page.get_by_text(f"Day {course.day} of {course.days}, {when}", exact=True).wait_for()


def check_places(page: Page, course: Course, at: int = 0) -> None:
    """The numbers of people and the circles of the places, and who waits where, are those of the course."""
    setting, state = course.setting, course.model.state
    people = dict(zip(setting.world.places, measures.displaced_at(state, setting).tolist(), strict=True))
    killed = dict(zip(setting.world.places, (30.0 * state.death_memory).tolist(), strict=True))
    shown = {mark["name"]: mark for mark in marks(page, "place", at)}
    assert shown.keys() == people.keys() - set(setting.world.crossings)
    for name, mark in shown.items():
        assert f": {people[name]:,} displaced or foreign people; " in mark["says"], mark["says"]
        assert (mark["fill"] == "rgb(255,247,214)") is (killed[name] < 0.005) or killed[name] < 0.1
    most = max(shown, key=people.__getitem__)
    large = [name for name in shown if people[name] >= 0.1 * people[most]]
    for name in large:  # the others have the least size
        area = (float(shown[name]["r"]) / float(shown[most]["r"])) ** 2
        assert area == pytest.approx(people[name] / people[most], rel=0.01)
    assert len({people[name] for name in large}) > 2
    opening = (1.0 - closure(state, setting, "close_people")).tolist()
    gates = {mark["name"]: float(mark["open"]) for mark in marks(page, "crossing", at)}
    assert gates == pytest.approx(dict(zip(setting.world.crossings, opening, strict=True)), abs=0.0005)


def check_chips(page: Page, course: Course, other: Course | None = None) -> None:
    """The numbers on the charts are those of the course, or the differences of two."""
    keys = [[chart.key, series.key] for chart in charts.charts(course) for series in chart.series]
    last = course.day - 1
    if not course.day:
        expected: list[object] = [""] * len(keys)
    else:
        expected = list((charts.rows(course, last, last + 1) if other is None else charts.differences(course, other, last, last + 1))[0])
    shown = page.evaluate(CHIPS)
    assert [chip[:2] for chip in shown] == keys
    assert [float(chip[2]) if course.day else chip[2] for chip in shown] == expected


def check(page: Page, course: Course) -> None:
    check_header(page, course)
    check_places(page, course)
    check_chips(page, course)


def check_groups(page: Page, course: Course) -> int:
    """Signs stand where most fighters are, rings where they shelter; the number of rings is returned."""
    setting, state = course.setting, course.model.state
    names, signs, rings = setting.world.places, set(), set()
    for group, settings, fighters in zip(setting.cast.groups, setting.cast.group_settings, state.fighters.tolist(), strict=True):
        order = sorted((place for place, n in enumerate(fighters) if n), key=lambda place: (-fighters[place], place))
        total = sum(fighters)
        assert total > 0
        for place in [place for place in order if fighters[place] >= LEAST * total][:GLYPHS]:
            signs.add((group, names[place], f"{group}: {fighters[place]:,} of {total:,} fighters at {short_place(names[place])}"))
        if settings.sanctuary is None:
            continue
        country = setting.world.countries.index(settings.sanctuary)
        shelter, target = int(setting.cast.of_country[country]), settings.target
        left_alone = round(1.0 - setting.cast.level(state, shelter, "cooperation", target), 3)
        for place in [place for place in order if setting.world.country[place] == country][:RINGS]:
            rings.add(f"Sanctuary of {group} at {short_place(names[place])}: {fighters[place]:,} fighters, left alone by {whole(100 * left_alone)}%")
    assert {(mark["name"], mark["place"], mark["says"]) for mark in marks(page, "group")} == signs
    assert {mark["says"] for mark in marks(page, "sanctuary")} == rings
    return len(rings)


def check_card(page: Page, course: Course, pick: Pick) -> None:
    """The card tells about what is picked, and why with the very words and numbers of the course."""
    why = course.why(pick.name)
    assert why is not None
    assert any(any(letter.isdigit() for letter in reason) for reason in why.reasons)
    day = course.day - 1 if pick.kind == "population" else why.day
    expected = [pick.name, f"decided on {course.date_of(day)} (day {day + 1})", list(why.reasons)]
    page.wait_for_function(f"wanted => JSON.stringify(({WHY})()) === JSON.stringify(wanted)", arg=expected)
    made = inspect.card(course, pick)
    assert made is not None
    rows = page.locator("[data-testid=card] > .mi-rows .mi-row")
    shown = {row.locator("dt").inner_text(): row.locator("dd").inner_text() for row in rows.all()}
    assert shown == {row.label: row.value for row in made.rows}


def check_log(page: Page, course: Course, wanted: Wanted, picked: Pick | None = None) -> None:
    """The event log holds the lines of the course, newest first."""
    lines, older = log(course, wanted, picked)
    assert not older
    expected = [[line.kind, line.text, f"{line.date}, {line.label}"] for line in lines]
    page.wait_for_function(f"wanted => JSON.stringify(({EVENTS})()) === JSON.stringify(wanted)", arg=expected)


# -- 1 the map --------------------------------------------------------------------------------------------


@both
def test_1_the_map_shows_the_evening(page: Page, sites: Sites, name: str) -> None:
    course = opened(page, sites(name))
    check_places(page, course)
    gates: list[dict[str, str]] = []
    for _ in range(6):
        forth(page, course, "Step")
        gates.append({mark["name"]: mark["open"] for mark in marks(page, "crossing")})
        names = course.setting.world.places
        expected = [(f"{names[trip.origin]} > {names[trip.target]}", trip.people, trip.reason) for trip in course.today.trips[:TRIPS]]
        assert [(mark["name"], int(mark["people"]), mark["reason"]) for mark in marks(page, "trip")] == expected
        assert len(expected) == TRIPS
        assert expected[0][1] == max(trip.people for trip in course.today.trips)
    check_places(page, course)
    assert check_groups(page, course) >= 2
    if name == "pakistan_afghanistan":  # on 6 September 2023 the history closes Torkham, and no other crossing
        assert [crossing for crossing in gates[5] if gates[4][crossing] != gates[5][crossing]] == ["Torkham crossing"]
        assert [day["Torkham crossing"] for day in gates] == ["1", "1", "1", "1", "1", "0"]
        assert page.locator("[data-kind=crossing][data-name='Torkham crossing']").get_attribute("data-state") == "closed"


# -- 2 transport ------------------------------------------------------------------------------------------


@both
def test_2_steps_forth_and_back_show_the_same_numbers(page: Page, sites: Sites, name: str) -> None:
    course = opened(page, sites(name))
    check(page, course)
    for button in ("Step", "Step 7", "Step", "Back", "Back", "Step 7", "Back 30"):
        forth(page, course, button)
        check(page, course)
    assert course.day == 0
    assert page.get_by_role("button", name="Back", exact=True).is_disabled()


def test_2_the_speed_is_chosen(page: Page, sites: Sites) -> None:
    course = opened(page, sites("pakistan_afghanistan"))
    choose(page, "until", "the date")
    seconds = {}
    for speed, days in (("1 day/s", 3), ("fastest", 16)):
        choose(page, "speed", speed)
        page.locator(".mar-speed .v-select__selection", has_text=speed).wait_for()
        page.wait_for_selector(f".mar-speed-{dict(SPEEDS)[speed]:g}")  # the server has it: a click may overtake a choice just made
        forth(page, course, "Step")
        target = course.date_of(course.day + days - 1)
        page.get_by_label("YYYY-MM-DD").fill(str(target))
        page.get_by_label("YYYY-MM-DD").press("Tab")
        assert page.inner_text(".mar-speed .v-select__selection") == speed, "the choice holds"
        start = time.monotonic()
        press(page, "Run")
        page.get_by_text(f"Stopped: the date is reached: {target}", exact=True).wait_for()
        seconds[speed] = time.monotonic() - start
        course.go_to(course.day + days)
        wait_day(page, course.day)
        check(page, course)
    assert seconds["1 day/s"] >= 1.9, "between three days lie two pauses"
    assert seconds["fastest"] < 0.9 * 16


def play_until(page: Page, course: Course, until: Until) -> str:
    """Press Run; where and why the course stops, the page stops too."""
    course.step()
    while not (why := met(course, until)):
        course.step()
    press(page, "Run")
    page.get_by_text(f"Stopped: {why}", exact=True).wait_for()
    wait_day(page, course.day)
    page.get_by_role("button", name="Run", exact=True).wait_for()
    check(page, course)
    return why


@both
def test_2_runs_until_something_happens(page: Page, sites: Sites, name: str) -> None:
    course = opened(page, sites(name))
    choose(page, "until", "the next dated event")
    for day in (1, 15) if name == "two_states" else (1, 6, 15):
        play_until(page, course, Until("event"))
        assert course.day == day
    choose(page, "until", "an attack with more deaths than")
    page.get_by_label("deaths", exact=True).fill("1")
    page.get_by_label("deaths", exact=True).press("Tab")
    why = play_until(page, course, Until("deaths", deaths=1))
    assert "(more than 1)" in why
    assert course.day < 40


def test_2_runs_until_a_rupture(page: Page, sites: Sites) -> None:
    site = sites("two_states")
    first = opened(page, site)
    tab(page, "Setup")
    for actor in ("north", "south"):
        choose(page, f"policy of {actor}", "richardson")
    choose(page, "contested signs", "spiral")
    forth(page, first, "Step")
    press(page, "Start")
    wait_day(page, 0)
    course = site.course("corner=spiral", "policy@policies.north=richardson", "policy@policies.south=richardson")
    forth(page, course, *["Step 7"] * 13)
    choose(page, "until", "a rupture")
    assert play_until(page, course, Until("rupture")).startswith("rupture: normalised hostility above")
    forth(page, course, "Step")


def test_2_runs_until_the_end(page: Page, sites: Sites) -> None:
    course = opened(page, sites("pakistan_afghanistan"))
    forth(page, course, *["Step 7"] * 8)
    choose(page, "until", "a rupture")  # there is none
    assert play_until(page, course, Until("rupture")) == "the scenario ends on 2023-10-31"
    for button in ("Step", "Step 7", "Run"):
        assert page.get_by_role("button", name=button, exact=True).is_disabled()
    forth(page, course, "Back")
    check(page, course)


# -- 3 levers ---------------------------------------------------------------------------------------------


def led(page: Page, course: Course, actor: str) -> None:
    """Who leads, and what was changed when, stands on the page as the course has it."""
    page.get_by_text(levers.charge(course, actor).text, exact=True).wait_for()
    expected = [f"{words} (to come)" if coming else words for _, words, coming in reversed(levers.listed(course))]
    page.wait_for_function("wanted => JSON.stringify([...document.querySelectorAll('.mar-change-text')].map(e => e.innerText)) === JSON.stringify(wanted)", arg=expected)


@both
def test_3_one_crossing_is_closed_by_hand_and_handed_back(page: Page, sites: Sites, name: str) -> None:
    course = opened(page, sites(name))
    government, crossing, group, policy = CAST[name][:4]
    forth(page, course, "Step", "Step")
    tab(page, "Levers")
    choose(page, "government or group", government)
    press(page, "Take over")
    levers.take_over(course, government)
    led(page, course, government)
    page.locator("[data-key='close_people/*'] button").click()
    slider = page.locator(f"[data-key='close_people/{crossing}'] input")
    slider.press("End")  # a key moves a slider as a hand does
    levers.set_level(course, government, f"close_people/{crossing}", 1.0)
    led(page, course, government)
    before = {mark["name"]: mark["open"] for mark in marks(page, "crossing")}
    assert set(before.values()) == {"1"}, "it acts from the coming day"
    forth(page, course, "Step")
    after = {mark["name"]: mark for mark in marks(page, "crossing")}
    assert [at for at, mark in after.items() if mark["open"] != "1"] == [crossing]
    assert after[crossing]["state"] == "closed"
    led(page, course, government)
    check(page, course)
    own = levers.original(course, government).name
    press(page, f"Hand back to {own}")
    levers.hand_over(course, government, own)
    led(page, course, government)
    forth(page, course, "Step")
    led(page, course, government)
    assert slider.is_disabled()
    check(page, course)
    choose(page, "government or group", group)
    choose(page, "another policy", policy)
    press(page, "Hand over")
    levers.hand_over(course, group, policy)
    led(page, course, group)
    forth(page, course, "Step 7")
    led(page, course, group)
    check(page, course)
    check_groups(page, course)
    page.locator(f".mar-charge:text-is('{levers.charge(course, group).text}')").wait_for()
    assert levers.charge(course, group).policy == policy


# -- 4 the inspector --------------------------------------------------------------------------------------


@both
def test_4_a_click_says_what_it_is_and_why(page: Page, sites: Sites, name: str) -> None:
    course = opened(page, sites(name))
    governments = course.setting.cast.governments
    group, population = CAST[name][2], CAST[name][5]
    forth(page, course, "Step 7", "Step")
    named = [mark["name"] for mark in marks(page, "government")]
    assert named, "the name of at least one country has room"
    click_at(page, f"[data-testid=map] [data-kind=government][data-name='{named[0]}']")
    check_card(page, course, Pick("government", named[0]))
    for government in governments:
        click_at(page, f"[data-testid=map] path[data-government='{government}']")
        check_card(page, course, Pick("government", government))
    whys = [course.why(governments[1])]
    forth(page, course, "Back")  # to what it said a week before
    check_card(page, course, Pick("government", governments[1]))
    assert course.why(governments[1]) not in whys
    forth(page, course, "Step")
    click_at(page, f"[data-testid=map] [data-kind=group][data-name='{group}'] .mm-glyph")
    check_card(page, course, Pick("group", group))
    assert page.locator(f"[data-kind=group][data-name='{group}'][data-selected=true]").count() >= 1
    look_at(page, f"{population} (population)", population)
    check_card(page, course, Pick("population", population))
    forth(page, course, "Step")
    check_card(page, course, Pick("population", population))


# -- 5 events and a family --------------------------------------------------------------------------------


def toggle(page: Page, label: str) -> None:
    page.locator("[data-testid=filters]").get_by_role("button", name=label, exact=True).click()


def test_5_the_log_is_filtered(page: Page, sites: Sites) -> None:
    course = opened(page, sites("two_states"))
    forth(page, course, "Step 7", "Step 7", "Step 7")
    click_at(page, "[data-testid=map] [data-kind=group][data-name=north_front] .mm-glyph")
    page.wait_for_selector("[data-testid=card][data-of=north_front]")
    tab(page, "Events")
    picked, every = Pick("group", "north_front"), Wanted().filters
    check_log(page, course, Wanted())
    toggle(page, "all attacks by day")
    check_log(page, course, Wanted(every | {BY_DAY}))
    toggle(page, "politics")
    without = every - {"politics"} | {BY_DAY}
    check_log(page, course, Wanted(without))
    numbers = [len(log(course, Wanted(which))[0]) for which in (every, every | {BY_DAY}, without)]
    assert numbers[1] > max(numbers[0], numbers[2]) > 0, "each filter says something"
    toggle(page, "only north_front")
    check_log(page, course, Wanted(without, only=True), picked)
    assert 0 < len(log(course, Wanted(without, only=True), picked)[0]) < numbers[2]
    toggle(page, "only north_front")
    page.get_by_label("Search the log").fill("plains 2")
    check_log(page, course, Wanted(without, "plains 2"))
    first = log(course, Wanted(without, "plains 2"))[0][0]
    assert first.day < 20
    page.locator(".mi-goto").first.click()
    course.go_to(first.day + 1)
    wait_day(page, course.day)
    check(page, course)
    check_log(page, course, Wanted(without, "plains 2"))


def test_5_a_family_is_followed(page: Page, sites: Sites) -> None:
    course = opened(page, sites("two_states"))
    forth(page, course, "Step 7")
    tab(page, "Family")
    place = next(at for at in course.setting.world.places if at not in course.setting.world.crossings and following.departures(course, at) is not None)
    click_at(page, f"[data-testid=map] [data-kind=place][data-name='{place}'] .mm-dot")
    page.wait_for_function("place => [...document.querySelectorAll('.mar-panel input')].some(input => input.value === place)", arg=place)
    told = []
    for which, button in enumerate(("Follow a family", "Follow another family")):
        press(page, button)
        following.choose(course, population=following.SET_OUT, place=place, number=which)
        for evening in range(3):
            lines = [moment.text for moment in following.story(course)]
            page.wait_for_function(f"wanted => JSON.stringify(({FAMILY})()) === JSON.stringify(wanted)", arg=lines)
            page.locator(f"[data-testid=family-now]:text-is({json.dumps('Now: ' + following.now(course))})").wait_for()
            path = following.path_data(course)
            assert path is not None
            page.wait_for_selector(f"[data-kind=family][data-name='{course.setting.world.places[path['at']]}']", state="attached")
            if evening < 2:
                forth(page, course, "Step")
        assert place in lines[-1]
        told.append(lines)
        forth(page, course, "Back", "Back")
    assert len(told[0]) > 1


# -- 6 the split screen -----------------------------------------------------------------------------------


@both
def test_6_two_policies_with_the_same_luck(page: Page, sites: Sites, name: str) -> None:
    site = sites(name)
    left = opened(page, site)
    government, policy = CAST[name][0], CAST[name][4]
    right = site.course(f"policy@policies.{government}={policy}")
    tab(page, "Split")
    choose(page, f"{government} on the right", policy)
    forth(page, left, "Step")
    press(page, "Split the screen")
    page.locator("[data-testid=map]").nth(1).wait_for()
    wait_day(page, 1)
    assert page.locator(".mar-stage-name").all_inner_texts() == ["left: as it is", f"right: {government}: {policy}"]
    for button in ("Step 7", "Step 7", "Step 7", "Back"):
        forth(page, left, button)
        right.go_to(left.day)
        rows = pair_rows(left, right)
        expected = [[row.outcome, number(row.left, row.decimals), number(row.right, row.decimals), number(row.difference, row.decimals, sign=True)] for row in rows]
        page.wait_for_function(
            "wanted => JSON.stringify([...document.querySelectorAll('tr[data-outcome]')].map(row =>"
            " [row.dataset.outcome, ...[...row.children].slice(1, 4).map(cell => cell.textContent)])) === JSON.stringify(wanted)",
            arg=expected,
        )
        page.get_by_text(f"by the evening of day {left.day}", exact=True).wait_for()
        for at, course in enumerate((left, right)):
            check_places(page, course, at)
        check_chips(page, left, right)
    assert sum(row.difference != 0.0 for row in rows) >= 2, "the policies differ, so outcomes must"
    press(page, "One screen")
    page.locator("[data-testid=map]").nth(1).wait_for(state="detached")
    wait_day(page, left.day)
    check(page, left)


# -- 7 charts ---------------------------------------------------------------------------------------------


@both
def test_7_charts_in_the_app(page: Page, sites: Sites, name: str) -> None:
    site = sites(name)
    course = opened(page, site)
    check_chips(page, course)
    past = []
    for button in ("Step 7", "Step 7", "Step", "Step"):
        forth(page, course, button)
        check_chips(page, course)
        past.append(page.inner_text("[data-testid=charts]"))
    assert len(set(past)) == 4
    forth(page, course, "Back")
    check_chips(page, course)
    assert page.inner_text("[data-testid=charts]") == past[2]
    forth(page, course, "Back")
    assert page.inner_text("[data-testid=charts]") == past[1]
    seen = [point for one in observed(course.scenario) for point in one.points]
    assert bool(seen) is (name == "pakistan_afghanistan")
    assert sorted(page.evaluate(OBSERVED)) == sorted(point.value for point in seen)
    assert bool(page.locator("[data-testid=charts] .mch-key").count()) is bool(seen)
    press(page, "Reset")
    course.go_to(0)
    wait_day(page, 0)
    check_chips(page, course)


# -- 8 save and open --------------------------------------------------------------------------------------


def test_8_what_is_saved_runs_to_the_same_outputs_and_opens_as_recorded(page: Page, sites: Sites) -> None:
    name = "pakistan_afghanistan"  # tests/test_app_setup.py does the like in the other scenario
    site = sites(name)
    course = opened(page, site)
    government, crossing = CAST[name][:2]
    forth(page, course, "Step 7")
    tab(page, "Levers")
    choose(page, "government or group", government)
    press(page, "Take over")
    levers.take_over(course, government)
    led(page, course, government)  # until then nothing can be moved
    page.locator("[data-key='close_people/*'] button").click()
    page.locator(f"[data-key='close_people/{crossing}'] input").press("End")
    levers.set_level(course, government, f"close_people/{crossing}", 1.0)
    led(page, course, government)
    forth(page, course, "Step", "Step", "Step", "Back")
    tab(page, "Files")
    press(page, "Save config")
    words = page.locator(".mar-saved .mar-command").inner_text().split()
    assert words[:2] == ["marchland", "run"]
    done = subprocess.run(
        [sys.executable, "-m", "experiments", *words[1:], "figures=false", "hydra.run.dir=outputs/mine"],
        cwd=site.folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    manifest = json.loads((site.folder / "outputs/mine/manifest.json").read_text())
    assert manifest["outputs_hash"] == digest(canonical({key: table_hash(table) for key, table in result_tables(course.model).items()}))
    page.get_by_label("folder of a run", exact=True).fill("outputs/mine")
    press(page, "Open")
    page.get_by_text("recorded run mine", exact=True).wait_for()
    again = Course(scenario(name, *WORDS[name][1:], f"scenario.end={course.date}"))
    forth(page, again, "Step 7")
    page.get_by_text("as recorded", exact=True).wait_for()
    for day in (8, 9):
        press(page, "Step")
        wait_day(page, day)
        page.get_by_text("as recorded", exact=True).wait_for()
    page.get_by_text(f"Day 9 of 9, evening of {course.date}", exact=True).wait_for()
    check_places(page, course)
    check_chips(page, course)
    assert page.get_by_role("button", name="Step", exact=True).is_disabled()
