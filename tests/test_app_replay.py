"""The exported replay: one file, opened with no server and no network, that shows the evenings of the run."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from browser import PageFactory, chromium, page_factory  # noqa: F401  (fixtures)
from conftest import scenario

from agents.errors import InputError
from experiments.app import charts, replay
from experiments.app.course import Course
from experiments.app.frame import FrameData, frame
from experiments.app.story import told

if TYPE_CHECKING:
    from playwright.sync_api import Page

DAYS = {"two_states": 60, "pakistan_afghanistan": 35}
NAMES = tuple(sorted(DAYS))


def led(name: str) -> Course:
    """A course in which a student led the first government from day 20 on and gave it back."""
    course = Course(scenario(name))
    actor, other = course.setting.cast.governments
    course.go_to(20)
    course.take_over(actor, {"operations": 0.9, f"cooperation/{other}": 0.0})
    course.go_to(30)
    course.hand_over(actor, course.scenario.policies[actor].name)
    course.go_to(DAYS[name])
    return course


@functools.cache
def evenings(name: str) -> tuple[FrameData, ...]:
    """What the page showed on each evening of that course."""
    course, found = led(name), []
    for day in range(DAYS[name] + 1):
        course.go_to(0) if day == 0 else course.step()
        evening = frame(course)
        evening["trips"] = evening["trips"][: replay.MOST_TRIPS]
        found.append(evening)
    return tuple(found)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    folder = tmp_path_factory.mktemp("replays")
    yield {name: replay.export_replay(led(name), folder / f"{name}.html") for name in NAMES}


def opened(page_factory: PageFactory, path: Path, day: int | None = None) -> Page:
    """Open a file with all network switched off."""
    page: Page = page_factory(width=1366, height=768, offline=True)
    page.goto(path.as_uri() + (f"#day={day}" if day is not None else ""))
    page.wait_for_function("() => window.replay && document.body.dataset.day !== undefined")
    return page


def slide(page: Page, day: int) -> None:
    page.locator("#slider").fill(str(day))
    page.wait_for_function("day => document.body.dataset.day === String(day)", arg=day)


def same(shown: dict[str, Any], wanted: FrameData) -> None:
    """A frame of the page is that of the course, but for the date of no day."""
    for key, value in wanted.items():
        assert shown[key] == pytest.approx(value) if key in ("killed", "open", "tolerance") else shown[key] == value, key


# -- without a browser ------------------------------------------------------------------------------------


def unpacked(packed: Sequence[replay.Packed], length: int, steps: int) -> np.ndarray[Any, Any]:
    rows = [np.full(length, item) if isinstance(item, int) else np.cumsum(item) for item in packed]
    return np.array(rows).T / steps


def test_packing_keeps_numbers() -> None:
    values = [[5.0, 0.25, 0.0], [5.0, 0.5, 3.01], [5.0, 0.0, 2.99]]
    packed = replay.pack(values, 100)
    assert packed[0] == 500 and packed[1] == [25, 25, -50]
    assert unpacked(packed, 3, 100) == pytest.approx(np.array(values), abs=0)


def test_twin_plays_what_the_page_played() -> None:
    """Exporting leaves the course alone, plays its interventions and tells how far it is."""
    course = led("two_states")
    before, days = course.model.state.copy(), []
    found = replay.gather(course, progress=lambda done, every: days.append((done, every)))
    assert days == [(day, 60) for day in range(1, 61)]
    assert found.frames == list(evenings("two_states"))
    assert course.day == 60 and np.array_equal(course.model.state.people, before.people) and np.array_equal(course.model.state.asked, before.asked)
    assert [event.text for event in found.events] == [told(event, course) for event in course.events()] and found.rows == charts.rows(course, 0, 60)
    assert [words.split(" ")[1] for words in found.stamp.interventions] == ["north:", "north:"]
    assert "operations 0.9" in found.stamp.interventions[0] and "tit_for_tat" in found.stamp.interventions[1]
    assert found.stamp.hash != course.scenario.hash, "the hash is that of a config with the interventions"
    plain = replay.gather(Course(course.scenario))
    assert plain.stamp.hash == course.scenario.hash and len(plain.frames) == 1


def test_what_a_config_had_and_the_page_withdrew_is_not_played() -> None:
    words = "interventions=[{date: 2001-01-10, actor: north, policy: hardline}, {date: 2001-01-10, actor: south, policy: hardline}]"
    course = Course(scenario("two_states", words))
    course.model.withdraw(course.date_of(9), "north")
    course.go_to(30)
    found = replay.gather(course)
    assert found.stamp.interventions == ["2001-01-10 south: hardline"]
    assert found.rows == charts.rows(course, 0, 30) and [event.text for event in found.events] == [told(event, course) for event in course.events()]
    assert replay.gather(Course(scenario("two_states", words))).stamp.interventions == [], "the film ends before"
    untouched = Course(course.scenario)
    untouched.go_to(30)
    assert charts.rows(untouched, 0, 30) != found.rows, "the test can tell"


def test_giving_up_leaves_nothing(tmp_path: Path) -> None:
    course, asked = led("two_states"), []

    def enough() -> bool:
        asked.append(1)
        return len(asked) > 7

    with pytest.raises(replay.Cancelled):
        replay.export_replay(course, tmp_path / "run.html", cancelled=enough)
    assert len(asked) == 8 and not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("not a folder")
    with pytest.raises(InputError, match="cannot be written") as raised:
        replay.export_replay(Course(scenario("two_states")), tmp_path / "folder" / "run.html")
    assert "\n" not in str(raised.value)


def test_the_file_asks_for_nothing_and_is_small(files: dict[str, Path]) -> None:
    text = files["pakistan_afghanistan"].read_text(encoding="utf-8")
    plain = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert not re.search(r"(src|href|url)\s*[=(]", plain) and "@@" not in plain
    assert "default-src 'none'" in plain, "the page itself forbids the browser to load anything"
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert data is not None and "<" not in data[1]
    json.loads(data[1])
    # The world and the page are there once; 1,461 days of what a day takes here stay far below 8 MB.
    fixed = len(text) - len(data[1]) + len(json.dumps(json.loads(data[1])["world"]))
    assert fixed + 1461 * (len(text) - fixed) / DAYS["pakistan_afghanistan"] < 8e6


def test_text_from_a_scenario_stays_text(tmp_path: Path, page_factory: PageFactory) -> None:
    found = replay.gather(led("two_states"))
    nasty = "</script><script>window.harm = 1</script><!-- <b>"
    changed = replay.Replay(**{
        **vars(found), "stamp": replay.Stamp(**{**vars(found.stamp), "title": nasty}),
        "events": [type(found.events[0])(day=2, kind="act", actor="", target="", place="", value=0.0, text=nasty)],
    })
    replay.write_replay(changed, tmp_path / "run.html")
    page = opened(page_factory, tmp_path / "run.html", 5)
    assert page.evaluate("window.harm") is None
    assert page.locator("#title").text_content() == nasty
    assert nasty in str(page.locator("#events").text_content())


# -- in a browser -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_slider_shows_the_evening(files: dict[str, Path], page_factory: PageFactory, name: str) -> None:
    page = opened(page_factory, files[name])
    assert page.evaluate("replay.evening.day") == 0
    for day in (DAYS[name], 1, 25, 0):
        slide(page, day)
        wanted = evenings(name)[day]
        same(page.evaluate("replay.evening"), wanted)
        marks = page.evaluate("() => Object.fromEntries([...document.querySelectorAll('.mm-place[data-kind]')].map(g => [g.dataset.name, g.getAttribute('aria-label')]))")
        places = page.evaluate("replay.data.world.places.map(place => [place.name, place.crossing])")
        for i, (place, crossing) in enumerate(places):
            if crossing < 0:
                assert f": {wanted['displaced'][i]:,} displaced or foreign people; " in marks[place], place
        assert page.evaluate("document.querySelectorAll('[data-kind=trip]:not([display=none])').length") == len(wanted["trips"])
    slide(page, 25)
    assert f"{evenings(name)[25]['date']} · day 25 of {DAYS[name]}" in str(page.locator("#now").text_content())


def test_steps_and_playing(files: dict[str, Path], page_factory: PageFactory) -> None:
    page = opened(page_factory, files["two_states"], 20)

    def day() -> int:
        return int(page.evaluate("replay.day"))

    assert day() == 20
    page.get_by_role("button", name="One day on").click()
    assert day() == 21
    page.get_by_role("button", name="One day back").click()
    page.get_by_role("button", name="One day back").click()
    assert day() == 19
    page.locator("#speed").select_option("2")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("() => replay.day >= 22")
    page.get_by_role("button", name="Pause").click()
    stopped = day()
    page.wait_for_timeout(200)
    assert day() == stopped
    page.locator("#speed").select_option("20")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("() => replay.day === 60 && document.getElementById('play').textContent === 'Play'")
    page.get_by_role("button", name="To the start").click()
    assert day() == 0 and page.get_by_role("button", name="One day back").is_disabled()


@pytest.mark.parametrize("name", NAMES)
def test_picking_shows_numbers_and_history(files: dict[str, Path], page_factory: PageFactory, name: str) -> None:
    page = opened(page_factory, files[name], 30)
    world = page.evaluate("replay.data.world")
    evening = evenings(name)[30]
    total = sum(evening["displaced"])
    assert page.locator("[data-fact='Displaced or foreign people']").text_content() == f"{total:,}"
    i = next(n for n, place in enumerate(world["places"]) if place["crossing"] < 0 and evening["displaced"][n] > 0)
    page.evaluate("name => [...document.querySelectorAll('.mm-mark[data-kind]')].find(g => g.dataset.name === name).focus()", world["places"][i]["name"])
    page.keyboard.press("Enter")
    assert page.locator("#card h2").text_content() == world["places"][i]["name"]
    assert page.locator("[data-fact='Displaced or foreign people']").text_content() == f"{evening['displaced'][i]:,}"
    assert page.locator(".spark").count() == 2
    slide(page, 5)
    assert page.locator("[data-fact='Displaced or foreign people']").text_content() == f"{evenings(name)[5]['displaced'][i]:,}"
    page.evaluate("name => [...document.querySelectorAll('.mm-group[data-kind]')].find(g => g.dataset.name === name).focus()", world["groups"][0]["name"])
    page.keyboard.press("Enter")
    assert page.locator("[data-fact=Fighters]").text_content() == f"{sum(evenings(name)[5]['fighters'][0]):,}"


def test_head_events_and_charts(files: dict[str, Path], page_factory: PageFactory) -> None:
    course = led("two_states")
    page = opened(page_factory, files["two_states"], 60)
    facts = str(page.locator("#facts").text_content())
    assert "2001-01-01 to 2001-03-01 (60 of 730)" in facts and "seed 1" in facts and "north tit_for_tat" in facts and "north: manual (operations 0.9" in facts
    assert "One run is one draw" in str(page.locator("header").text_content())
    assert course.scenario.config.scenario.name in str(page.locator("#foot").text_content())
    texts = page.locator("#events li").all_text_contents()
    wanted = [f"{course.date_of(event.day)}{told(event, course)}" for event in course.events()]
    assert texts == wanted[::-1][:80]
    kind = course.events()[-1].kind
    page.locator("#kinds").select_option(kind)
    assert page.locator("#events li").count() == sum(event.kind == kind for event in course.events())
    if not replay.charts_library():
        pytest.skip("the charts' library is not installed here: pip install 'marchland[app]'")
    assert page.locator("#charts .mch-card").count() == len(charts.charts(course))
    assert page.evaluate("replay.charts.rows.length") == 60
    slide(page, 12)
    assert page.evaluate("replay.charts.rows.length") == 12
    assert page.evaluate("replay.charts.rows[11]") == pytest.approx(charts.rows(course, 11, 12)[0])
