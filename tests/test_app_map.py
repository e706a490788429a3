"""The map of the page, drawn by map.js in a real browser from the frames of real runs."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import PageFactory, chromium, page_factory  # noqa: F401  (fixtures)
from conftest import scenario

from experiments.app.course import Course
from experiments.app.frame import FrameData, WorldData, frame, world
from experiments.app.panels.stage import grown

if TYPE_CHECKING:
    from playwright.sync_api import Page

WEB = Path(__file__).parent.parent / "experiments" / "app" / "web"
NAMES = ("pakistan_afghanistan", "two_states")
SIZES = ((800, 430), (1150, 680))
HEAT = ((255, 247, 214), (249, 199, 79), (232, 89, 12), (122, 23, 18))


@functools.cache
def played(name: str) -> tuple[WorldData, tuple[FrameData, ...]]:
    """The world and the first evenings of a run."""
    course = Course(scenario(name))
    frames = [frame(course)]
    for _ in range(40):
        course.step()
        frames.append(frame(course))
    return world(course), tuple(frames)


def copied(evening: FrameData, **changed: object) -> dict[str, Any]:
    """An evening with some of it changed."""
    return {**json.loads(json.dumps(evening)), **changed}


@pytest.fixture
def drawn(page_factory: PageFactory) -> Callable[..., Page]:
    """Open a page with the map of a scenario; ``m`` is the map and ``picked`` what was clicked."""

    def draw(name: str, evening: object = None, size: tuple[int, int] = SIZES[0], **options: object) -> Page:
        page: Page = page_factory(width=size[0], height=size[1])
        page.set_content(
            f"<style>body{{margin:0}}{(WEB / 'theme.css').read_text()}</style>"
            f"<div id='map' style='width:{size[0]}px;height:{size[1]}px'></div><script>{(WEB / 'map.js').read_text()}</script>"
        )
        found, frames = played(name)
        page.evaluate(
            "([world, options]) => { window.picked = []; const onPick = (kind, name) => picked.push([kind, name]);"
            " window.m = new MarchlandMap(document.getElementById('map'), world, {...options, onPick}); }",
            [found, options],
        )
        show(page, evening if evening is not None else frames[-1])
        return page

    return draw


def show(page: Page, evening: object, **view: object) -> None:
    page.evaluate("([frame, view]) => m.draw(frame, view)", [evening, view])


def marks(page: Page, kind: str, css: str, *attributes: str) -> dict[str, list[str | None]]:
    """Attributes of a part of every mark of a kind on the main map, by name."""
    found: dict[str, list[str | None]] = page.evaluate(
        "([kind, css, keys]) => Object.fromEntries([...document.querySelectorAll(`.mm-mark[data-kind=${kind}]`)]"
        ".map(g => [g.dataset.name, keys.map(key => (css ? g.querySelector(css) : g).getAttribute(key))]))",
        [kind, css, list(attributes)],
    )
    return found


def places_of(name: str) -> list[tuple[int, str]]:
    return [(i, place["name"]) for i, place in enumerate(played(name)[0]["places"]) if place["crossing"] < 0]


def centre(page: Page, kind: str, name: str) -> tuple[float, float]:
    """Where a mark is on the screen."""
    x, y = page.evaluate(
        "([kind, name]) => { const all = [...document.querySelectorAll(`.mm-mark[data-kind=${kind}]`)];"
        " const a = all.find(g => g.dataset.name === name && g.getAttribute('display') !== 'none').getCTM();"
        " const b = document.querySelector('.mm-svg').getBoundingClientRect(); return [a.e + b.left, a.f + b.top]; }",
        [kind, name],
    )
    return x, y


def heat(share: float) -> tuple[int, ...]:
    """The colour of a share of the scale, mixed between its four colours."""
    at = share * 3
    i = min(int(at), 2)
    return tuple(round(a + (at - i) * (b - a)) for a, b in zip(HEAT[i], HEAT[i + 1], strict=True))


def inner(text: str | None) -> tuple[int, ...]:
    assert text is not None and text.startswith("rgb(")
    return tuple(int(part) for part in text[4:-1].split(","))


@pytest.mark.parametrize(
    ("names", "letters"),
    [
        (["north_front", "south_front"], ["N", "S"]),
        (["north_front", "south_front", "north_front_splinter", "south_front_splinter"], ["N", "S", "Ns", "Ss"]),
        (["ttp", "tta", "tta_one", "tta_only"], ["TTP", "TTA", "TTAone", "TTAonl"]),
    ],
)
def test_groups_have_letters_of_their_own(drawn: Callable[..., Page], names: list[str], letters: list[str]) -> None:
    page = drawn("two_states")
    found = page.evaluate(
        "names => { const world = {...m.world, groups: names.map(name => ({...m.world.groups[0], name}))};"
        " return new MarchlandMap(document.getElementById('map'), world, {}).letters; }",
        names,
    )
    assert found == letters


@pytest.mark.parametrize("name", NAMES)
def test_area_tells_the_people(drawn: Callable[..., Page], name: str) -> None:
    """A circle of four times the people has twice the radius, on every evening alike; tiny ones stay visible."""
    _, frames = played(name)
    page = drawn(name, frames[0])
    for evening in (frames[0], frames[-1]):
        show(page, evening)
        radii = marks(page, "place", ".mm-dot", "r")
        assert set(radii) == {place for _, place in places_of(name)}
        most = max(evening["displaced"][i] for i, _ in places_of(name))
        largest = max(float(r[0] or 0) for r in radii.values())
        for i, place in places_of(name):
            wanted = max(largest * (evening["displaced"][i] / most) ** 0.5, 2.6)
            assert float(radii[place][0] or 0) == pytest.approx(wanted, abs=0.02), place


def test_scale_grows_in_steps_and_never_shrinks(drawn: Callable[..., Page]) -> None:
    _, frames = played("two_states")
    page = drawn("two_states", frames[0])
    i, place = places_of("two_states")[0]

    def radius(people: int) -> float:
        numbers = list(frames[0]["displaced"])
        numbers[i] = people
        show(page, copied(frames[0], displaced=numbers))
        return float(marks(page, "place", ".mm-dot", "r")[place][0] or 0)

    before = radius(20_000)
    assert radius(49_000) / before == pytest.approx(2.45**0.5, abs=0.01)
    assert radius(20_000) == before
    assert radius(400_000) / radius(20_000) == pytest.approx(20**0.5, abs=0.01)
    assert before / radius(20_000) == pytest.approx(10**0.5, abs=0.01), "the scale of 50,000 became one of 500,000"


@pytest.mark.parametrize("name", NAMES)
def test_colour_tells_the_killed(drawn: Callable[..., Page], name: str) -> None:
    _, frames = played(name)
    ranks = {i: n for n, (i, _) in enumerate(places_of(name))}
    killed = [min(ranks.get(i, 0) * 4.0, 45.0) for i in range(len(frames[0]["killed"]))]
    page = drawn(name, copied(frames[0], killed=killed))
    first = marks(page, "place", ".mm-dot", "fill")
    top = 50.0 if max(killed) > 20 else 20.0
    for i, place in places_of(name):
        assert all(abs(a - b) <= 1 for a, b in zip(inner(first[place][0]), heat((killed[i] / top) ** 0.5), strict=True)), place
    show(page, copied(frames[0], killed=[0.0] * len(killed)))
    assert {fill[0] for fill in marks(page, "place", ".mm-dot", "fill").values()} == {"rgb(255,247,214)"}


def test_attacks_of_today_are_ringed(drawn: Callable[..., Page]) -> None:
    _, frames = played("two_states")
    i, place = places_of("two_states")[3]
    attacks = [0] * len(frames[0]["attacks"])
    attacks[i] = 2
    page = drawn("two_states", copied(frames[0], attacks=attacks))
    hidden = marks(page, "place", ".mm-burst", "display")
    assert {name for name, value in hidden.items() if value[0] != "none"} == {place}
    title = page.locator(f".mm-place[data-name='{place}'] title").first.text_content()
    assert title is not None and title.endswith("2 attacks today")


@pytest.mark.parametrize("name", NAMES)
def test_closed_crossings_are_marked(drawn: Callable[..., Page], name: str) -> None:
    found, frames = played(name)
    gates = [place["name"] for place in sorted(found["places"], key=lambda place: place["crossing"]) if place["crossing"] >= 0]
    levels = [(0.0, 0.4, 1.0)[n % 3] for n in range(len(gates))]
    queue = [0] * len(gates)
    queue[0] = 4321
    page = drawn(name, copied(frames[0], open=levels, queue=queue))
    got = marks(page, "crossing", "", "data-open", "data-state", "aria-label", "data-queue")
    states = {0.0: "closed", 0.4: "partly", 1.0: "open"}
    assert {gate: (float(row[0] or -1), row[1]) for gate, row in got.items()} == {
        gate: (level, states[level]) for gate, level in zip(gates, levels, strict=True)
    }
    assert "4,321 people wait" in str(got[gates[0]][2]) and "nobody waits" in str(got[gates[1]][2])
    filled = page.evaluate("() => [...document.querySelectorAll('.mm-crossing[data-kind]')].map(g => [g.dataset.state,"
                           " getComputedStyle(g.querySelector('.mm-gate')).fill, getComputedStyle(g.querySelector('.mm-cross')).display])")
    assert {tuple(row) for row in filled} >= {("closed", "rgb(8, 48, 107)", "inline"), ("partly", "rgb(255, 255, 255)", "none")}
    assert page.locator(".mm-crossing[data-kind] .mm-queue:not([display=none]) text").all_text_contents() == ["4.3k"]


@pytest.mark.parametrize("name", NAMES)
def test_arrows_are_the_largest_trips(drawn: Callable[..., Page], name: str) -> None:
    found, frames = played(name)
    evening = max(frames, key=lambda one: len(one["trips"]))
    assert evening["trips"], "people move in the first weeks"
    page = drawn(name, evening)
    shown = page.evaluate("() => [...document.querySelectorAll('[data-kind=trip]:not([display=none])')].map(g => [g.dataset.name, +g.dataset.people, g.dataset.reason])")
    names = [place["name"] for place in found["places"]]
    assert shown == [[f"{names[int(a)]} > {names[int(b)]}", n, reason] for a, b, n, reason in evening["trips"][:15]]
    show(page, evening, arrows=False)
    assert page.locator("[data-kind=trip]:not([display=none])").count() == 0


def test_kinds_of_trips_differ_in_colour_and_dashes(drawn: Callable[..., Page]) -> None:
    _, frames = played("two_states")
    reasons = ("flight", "voluntary", "fear", "deportation", "emigration")
    page = drawn("two_states", copied(frames[0], trips=[[0, 4, 100, reason] for reason in reasons] + [[0, 5, 1, "flight"]]))
    rows = page.evaluate("() => [...document.querySelectorAll('[data-kind=trip]:not([display=none]) .mm-line')].map(line =>"
                         " [getComputedStyle(line).stroke, line.getAttribute('stroke-dasharray'), +line.getAttribute('stroke-width')])")
    assert len({row[0] for row in rows[:5]}) == 5 and len({row[1] for row in rows[:5]}) == 5
    assert rows[0][2] > 2 * rows[5][2], "a hundred people make a wider arrow than one"
    lines = page.eval_on_selector_all("[data-kind=trip]:not([display=none]) .mm-line", "all => all.map(line => line.getAttribute('d'))")
    assert len(set(lines)) == 6, "trips between the same places lie beside one another"


@pytest.mark.parametrize("name", NAMES)
def test_groups_stand_where_most_fighters_are(drawn: Callable[..., Page], name: str) -> None:
    found, frames = played(name)
    evening = frames[-1]
    page = drawn(name, evening)
    for g, group in enumerate(found["groups"]):
        numbers = evening["fighters"][g]
        order = sorted((i for i, n in enumerate(numbers) if n >= 0.025 * sum(numbers)), key=lambda i: (-numbers[i], i))[:7]
        wanted = [found["places"][i]["name"] for i in order]
        css = f"[data-kind=group][data-name={group['name']}]:not([display=none])"
        assert page.eval_on_selector_all(css, "all => all.map(g => g.dataset.place)") == wanted
        title = page.locator(f"{css} title").first.text_content()
        assert title is not None and title.startswith(f"{group['name']}: {numbers[order[0]]:,} of {sum(numbers):,} fighters")
    shapes = page.evaluate("() => [...document.querySelectorAll('.mm-group[data-kind]')].map(g => [g.dataset.name, g.querySelector('path').getAttribute('d')])")
    assert len({tuple(row) for row in shapes}) == len(found["groups"]) == len({row[1] for row in shapes})


@pytest.mark.parametrize("name", NAMES)
def test_sanctuaries_are_darker_when_tolerated(drawn: Callable[..., Page], name: str) -> None:
    found, frames = played(name)
    page = drawn(name)
    opacity: list[float] = []
    for tolerance in (0.0, 0.5, 1.0):
        show(page, copied(frames[-1], tolerance=[tolerance] * len(found["groups"])))
        rings = page.evaluate("() => [...document.querySelectorAll('[data-kind=sanctuary]:not([display=none])')].map(g => [g.dataset.name, +g.getAttribute('opacity')])")
        assert {row[0] for row in rings} == {group["name"] for group in found["groups"] if group["sanctuary"] is not None}
        assert len({row[1] for row in rings}) == 1
        opacity.append(rings[0][1])
    assert opacity == sorted(opacity) and opacity[2] > 3 * opacity[0]


@pytest.mark.parametrize("name", NAMES)
def test_click_and_enter_pick(drawn: Callable[..., Page], name: str) -> None:
    found, _ = played(name)
    page = drawn(name, None, SIZES[1])
    lonely = {"pakistan_afghanistan": ("Karachi", "Islam Qala crossing"), "two_states": ("North Hills", "East Gate")}[name]
    assert lonely[1] in [place["name"] for place in found["places"]]
    for kind, one in zip(("place", "crossing"), lonely, strict=True):
        page.mouse.click(*centre(page, kind, one))
        assert page.evaluate("picked.at(-1)") == [kind, one]
    group = found["groups"][-1]["name"]
    page.mouse.click(*centre(page, "group", group))
    assert page.evaluate("picked.at(-1)") == ["group", group]
    page.locator("[data-kind=government]").first.click()
    assert page.evaluate("picked.at(-1)") == ["government", page.locator("[data-kind=government]").first.get_attribute("data-name")]
    count = page.evaluate("picked.length")
    page.evaluate("name => [...document.querySelectorAll('.mm-place[data-kind]')].find(g => g.dataset.name === name).focus()", lonely[0])
    page.keyboard.press("Enter")
    assert page.evaluate("picked.slice(-1)[0]") == ["place", lonely[0]] and page.evaluate("picked.length") == count + 1
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert page.evaluate("picked.length") == count + 2 and page.evaluate("picked.at(-1)[1]") != lonely[0]


def test_arrow_keys_reach_everything(drawn: Callable[..., Page]) -> None:
    """From the one stop of the Tab key, the arrow keys lead to every mark and to the governments."""
    page = drawn("two_states")
    page.wait_for_selector("[data-kind=government]", state="attached")
    start = page.evaluate("() => { const g = document.querySelector('.mm-mark[tabindex=\"0\"]'); g.focus(); return g.dataset.name; }")
    step = (
        "key => { const g = document.activeElement; g.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));"
        " const now = document.activeElement; const n = [...document.querySelectorAll('[tabindex]')].indexOf(now); return [n, now.dataset.kind, now.dataset.name]; }"
    )
    reached: dict[int, tuple[str, str]] = {}
    todo = [page.evaluate("[...document.querySelectorAll('[tabindex]')].indexOf(document.activeElement)")]
    while todo:
        n = todo.pop()
        for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"):
            page.evaluate("n => document.querySelectorAll('[tabindex]')[n].focus()", n)
            to, kind, name = page.evaluate(step, key)
            if to not in reached:
                reached[to] = (kind, name)
                todo.append(to)
    assert start in {name for _, name in reached.values()}
    shown = page.eval_on_selector_all("[tabindex]:not([display=none])", "all => all.map(g => [g.dataset.kind, g.dataset.name])")
    assert {tuple(row) for row in shown} == set(reached.values())
    assert {kind for kind, _ in reached.values()} == {"place", "crossing", "group", "government"}


def test_every_mark_speaks(drawn: Callable[..., Page]) -> None:
    """Titles and labels say the numbers; just one mark is a stop of the Tab key, the others are reached from it."""
    _, frames = played("pakistan_afghanistan")
    page = drawn("pakistan_afghanistan")
    silent = page.evaluate("() => [...document.querySelectorAll('.mm-mark[data-kind]:not([display=none]), [data-kind=trip]:not([display=none])')]"
                           ".filter(g => !g.getAttribute('aria-label') || g.querySelector('title').textContent !== g.getAttribute('aria-label')).length")
    assert silent == 0
    assert page.locator(".mm-mark[tabindex='0']").count() == 1
    kabul = next(i for i, name in places_of("pakistan_afghanistan") if name == "Kabul")
    label = marks(page, "place", "", "aria-label")["Kabul"][0]
    assert label is not None and label.startswith(f"Kabul, Afghanistan: {frames[-1]['displaced'][kabul]:,} displaced or foreign people")


def test_selection_and_family(drawn: Callable[..., Page]) -> None:
    _, frames = played("two_states")
    page = drawn("two_states")
    names = [place for _, place in places_of("two_states")]
    path = [{"day": 3, "place": names[0]}, {"day": 20, "place": names[4]}, {"day": 39, "place": names[2]}, {"day": 60, "place": names[1]}]
    show(page, frames[-1], selected={"kind": "place", "name": names[2]}, family={"path": path})
    assert page.eval_on_selector_all(".mm-mark[data-selected]", "all => all.map(g => g.dataset.name)") == [names[2]]
    family = page.locator("[data-kind=family]")
    assert family.get_attribute("data-name") == names[2], "the family is where it came on day 39, not yet where it will be on day 60"
    assert str(page.locator(".mm-family .is-over").get_attribute("d")).count("L") == 2
    show(page, frames[-1])
    assert page.locator(".mm-mark[data-selected]").count() == 0 and family.get_attribute("display") == "none"


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", NAMES)
def test_names_do_not_overlap(drawn: Callable[..., Page], name: str, size: tuple[int, int]) -> None:
    page = drawn(name, None, size)

    def boxes() -> list[list[float]]:
        found: list[list[float]] = page.eval_on_selector_all(
            ".mm-label", "all => all.map(t => { const b = t.getBoundingClientRect(); return [b.left, b.top + 2, b.right, b.bottom - 2]; })"
        )
        return found

    at_home = boxes()
    page.mouse.move(size[0] * 0.7, size[1] * 0.3)
    for _ in range(4):
        page.mouse.wheel(0, -100)
    page.wait_for_timeout(250)
    for found, least in ((at_home, 10), (boxes(), 1)):
        assert len(found) >= least
        crossing = [(a, b) for n, a in enumerate(found) for b in found[:n] if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]]
        assert not crossing
        assert all(a[0] >= 0 and a[2] <= size[0] and a[1] >= 0 and a[3] <= size[1] for a in found)


def test_zoom_drag_and_reset(drawn: Callable[..., Page]) -> None:
    page = drawn("pakistan_afghanistan", None, SIZES[1])
    assert page.locator("[data-close-up]").get_attribute("display") is None, "the densest part has a close-up"
    home = centre(page, "place", "Karachi")
    page.get_by_role("button", name="Zoom in").click()
    near = centre(page, "place", "Karachi")
    assert near[1] > home[1] + 50 and page.locator("[data-close-up]").get_attribute("display") == "none"
    page.mouse.move(500, 300)
    page.mouse.down()
    page.mouse.move(560, 280, steps=4)
    page.mouse.up()
    moved = centre(page, "place", "Karachi")
    assert moved == pytest.approx((near[0] + 60, near[1] - 20), abs=1.5)
    assert page.evaluate("picked") == [], "dragging picks nothing"
    page.get_by_role("button", name="Whole map").click()
    assert centre(page, "place", "Karachi") == pytest.approx(home, abs=0.2)
    page.mouse.dblclick(420, 60)
    assert centre(page, "place", "Karachi") != pytest.approx(home, abs=5)


@pytest.mark.alone
def test_drawing_is_quick_and_adds_nothing(drawn: Callable[..., Page]) -> None:
    """A new evening changes attributes only: the number of elements stays, and a frame is drawn within a few frames of a film."""
    _, frames = played("pakistan_afghanistan")
    page = drawn("pakistan_afghanistan", frames[0], SIZES[1])
    before = page.evaluate("document.querySelectorAll('#map *').length")
    times = page.evaluate("frames => frames.map(frame => { const start = performance.now(); m.draw(frame, {}); return performance.now() - start; })", list(frames))
    assert page.evaluate("document.querySelectorAll('#map *').length") == before
    assert sorted(times)[len(times) // 2] < 40.0  # about 4 ms on a machine that does nothing else
    page.evaluate("m.destroy()")
    assert page.evaluate("document.querySelectorAll('#map *').length") == 0


def test_fixed_scales_from_the_start(drawn: Callable[..., Page]) -> None:
    """A replay knows the largest numbers to come: the scale is theirs on the first evening."""
    _, frames = played("two_states")
    small = drawn("two_states", frames[0])
    large = drawn("two_states", frames[0], SIZES[0], top={"people": 4_900_000, "killed": 400.0})
    name = max(places_of("two_states"), key=lambda row: frames[0]["displaced"][row[0]])[1]
    one, two = (float(marks(page, "place", ".mm-dot", "r")[name][0] or 0) for page in (small, large))
    assert two == pytest.approx(max(one / 10, 2.6), abs=0.01)
    assert "50+" in str(large.locator(".mm-legend").text_content()), "the darkest colour stands for 50 and more"


def test_two_maps_side_by_side_have_one_scale(drawn: Callable[..., Page]) -> None:
    """``view.top`` holds for the evening, whatever a map has shown before; without it the map's own numbers hold."""
    _, frames = played("two_states")
    many = copied(frames[0], displaced=[40 * number for number in frames[0]["displaced"]])
    top = grown({}, (frames[1], frames[2]))
    assert top["people"] == max(*frames[1]["displaced"], *frames[2]["displaced"]) and grown(top, (frames[0],))["people"] >= top["people"]
    draw = "([frame, top]) => { m.draw(frame, {top}); return document.querySelector('.mm-legend').firstChild.innerHTML; }"
    fresh, used = drawn("two_states", frames[0]), drawn("two_states", many)
    apart = [page.evaluate(draw, [frames[1], None]) for page in (fresh, used)]
    assert apart[0] != apart[1], "the second map has seen larger numbers"
    together = [page.evaluate(draw, [evening, top]) for page, evening in ((fresh, frames[1]), (used, frames[2]))]
    assert together[0] == together[1]


def test_a_large_screen_draws_larger_and_picks_right(drawn: Callable[..., Page]) -> None:
    page = drawn("two_states", None, (2400, 1700))
    letters = page.evaluate("document.querySelector('.mm-label').getBoundingClientRect().height")
    assert letters > 1.5 * drawn("two_states").evaluate("document.querySelector('.mm-label').getBoundingClientRect().height")
    box = page.locator(".mm-place[data-name='South Capital'] .mm-dot").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert page.evaluate("picked") == [["place", "South Capital"]]


def test_moves_differ_without_colour(drawn: Callable[..., Page]) -> None:
    """No two kinds of moves have the same dashes, and "other" has a hollow head besides."""
    page = drawn("two_states")
    kinds = ("flight", "voluntary", "fear", "deportation", "other")
    dashes = [page.get_attribute(f".mm-legend .mm-{kind} .mm-line", "stroke-dasharray") for kind in kinds]
    assert dashes[0] is None and len(set(dashes)) == len(kinds)
    heads = [page.evaluate("kind => getComputedStyle(document.querySelector(`.mm-legend .mm-${kind} .mm-head`)).fill", kind) for kind in kinds]
    assert heads.count("rgb(255, 255, 255)") == 1 and heads[-1] == "rgb(255, 255, 255)"
