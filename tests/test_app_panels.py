"""The inspector, the event log and the family on the page, as a person uses them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from browser import AppServer, PageFactory, choose, chromium, look_at, page, page_factory, press, wait_day  # noqa: F401  # fixtures
from conftest import scenario

from experiments.app import following
from experiments.app.card import count
from experiments.app.course import Course
from experiments.app.inspect import card
from experiments.app.panels.context import Pick
from experiments.app.story import Wanted, log

if TYPE_CHECKING:
    from playwright.sync_api import Page

TABS = ("Inspector", "Levers", "Events", "Family")


def opened(page: Page, url: str) -> Page:
    page.goto(url)
    page.wait_for_selector("[data-testid=map][data-day]", timeout=30_000)
    page.wait_for_selector("[data-testid=card]", timeout=30_000)
    return page


def click_map(page: Page, kind: str, name: str) -> None:
    mark = page.locator(f"[data-testid=map] [data-kind='{kind}'][data-name='{name}']").first
    (mark.locator(".mm-glyph") if kind == "group" else mark).click()  # between a group's sign and its letter lies the map
    page.wait_for_selector(f"[data-testid=card][data-of='{name}']")


def values(page: Page) -> dict[str, str]:
    """Rows of the card as label and value."""
    rows = page.locator("[data-testid=card] .mi-row")
    return {row.locator("dt").inner_text(): row.locator("dd").inner_text() for row in rows.all()}


def test_a_click_on_a_place_shows_its_numbers_and_they_follow_the_days(page: Page, app_server: AppServer) -> None:
    opened(page, app_server("scenario=two_states").url)
    click_map(page, "place", "South Hills")
    twin = Course(scenario("two_states"))
    for days in (0, 7):
        twin.go_to(days)
        wait_day(page, days)
        place = twin.setting.world.place_index("South Hills")
        people = count(int(twin.model.state.people[twin.setting.populations.blocks[6].rows, place].sum()))
        page.wait_for_function("(text) => document.querySelector('[data-testid=card]').innerText.includes(text)", arg=people)
        made = card(twin, Pick("place", "South Hills"))
        assert made is not None
        shown = values(page)
        assert {row.label: row.value for row in made.rows} == {row.label: shown[row.label] for row in made.rows}
        if not days:
            press(page, "Step 7")
    assert page.locator("[data-testid=card] svg polyline").count() == 3
    page.locator("[data-testid=card] .mi-link").filter(has_text=re.compile("^south$")).first.click()
    page.wait_for_selector("[data-testid=card][data-of='south']")


def test_a_government_says_why_with_the_numbers_that_it_saw(page: Page, app_server: AppServer) -> None:
    opened(page, app_server("scenario=two_states").url)
    look_at(page, "north (government)", "north")
    assert "No decision yet" in page.inner_text("[data-testid=why]")
    for days in (7, 14):
        press(page, "Step 7")
        wait_day(page, days)
    page.wait_for_function("document.querySelector('[data-testid=why]').innerText.includes('2001-01-08')")
    why = page.inner_text("[data-testid=why]")
    twin = Course(scenario("two_states"))
    twin.go_to(14)
    for sentence in twin.model.governments[0].last_reasons:
        assert sentence in why
    assert re.search(r"\d\.\d\d", why)
    press(page, "Back")
    wait_day(page, 13)
    for kind, name in (("crossing", "West Gate"), ("group", "north_front")):
        click_map(page, kind, name)
        assert values(page)
    look_at(page, "Southland undocumented (population)", "Southland undocumented")
    look_at(page, "international (mediator)", "international")


def test_the_log_is_filtered_and_leads_to_a_day_and_a_place(page: Page, app_server: AppServer) -> None:
    opened(page, app_server("scenario=pakistan_afghanistan").url)
    press(page, "Events")
    page.wait_for_selector("text=Nothing yet that fits these filters.")
    choose(page, "until", "an attack with more deaths than")
    press(page, "Run")
    page.wait_for_selector(".mar-note:has-text('Stopped')", timeout=60_000)
    page.wait_for_selector("[data-event=attack]")
    day = int(page.get_attribute("[data-testid=map]", "data-day") or -1)
    twin = Course(scenario("pakistan_afghanistan"))
    twin.go_to(day)
    lines = log(twin, Wanted())[0]
    assert page.locator(".mi-event").count() == len(lines)
    assert lines[0].text in page.locator(".mi-event").first.inner_text()
    for _ in range(2):
        press(page, "Step 7")
    wait_day(page, day + 14)
    page.locator("[data-testid=filters] button", has_text="violence").click()
    page.wait_for_function("!document.querySelector('[data-event=attack]')")
    page.locator("[data-testid=filters] button", has_text="all attacks by day").click()
    page.wait_for_selector("[data-event=days]")
    press(page, "Inspector")
    page.wait_for_selector("[data-testid=card]")
    press(page, "Events")  # what was asked for is still asked for
    page.wait_for_selector("[data-event=days]")
    page.locator("[data-testid=filters] button", has_text="violence").click()
    page.wait_for_selector("[data-event=attack]")
    page.get_by_label("Search the log").fill("kills")
    page.wait_for_function("!document.querySelector('[data-event=days]') && document.querySelector('[data-event=attack]')")
    twin.go_to(day + 14)
    attack = next(line for line in log(twin, Wanted())[0] if line.kind == "attack")
    page.locator("[data-event=attack] .mi-goto").first.click()
    wait_day(page, attack.day + 1)
    assert str(attack.date) in page.inner_text(".mar-header")
    text = page.locator("[data-event=attack] .mi-link").first.inner_text()
    page.locator("[data-event=attack] .mi-link").first.click()
    press(page, "Inspector")
    page.wait_for_selector("[data-testid=card][data-of]")
    assert (page.get_attribute("[data-testid=card]", "data-of") or "-") in text


def test_a_family_is_followed_its_path_grows_and_going_back_cuts_it(page: Page, app_server: AppServer) -> None:
    opened(page, app_server("scenario=pakistan_afghanistan").url)
    twin = Course(scenario("pakistan_afghanistan"))
    for days in (7, 14):
        press(page, "Step 7")
        wait_day(page, days)
    press(page, "Family")
    press(page, "Follow a family")
    page.wait_for_selector("[data-testid=family-path]")
    twin.go_to(14)
    following.choose(twin, population=following.SET_OUT)
    told: dict[int, list[str]] = {}
    for days in (14, 21, 28):
        wait_day(page, days)
        twin.go_to(days)
        told[days] = [moment.text for moment in following.story(twin)]
        page.wait_for_function("(n) => document.querySelectorAll('[data-testid=family-path] li').length === n", arg=len(told[days]))
        lines = [line.inner_text().split("\n", 1)[1] for line in page.locator("[data-testid=family-path] li").all()]
        assert lines == told[days]
        assert following.now(twin) in page.inner_text("[data-testid=family-now]")
        if days < 28:
            press(page, "Step 7")
    assert len(told[28]) > len(told[14])
    for day in range(27, 13, -1):
        press(page, "Back")
        wait_day(page, day)
    page.wait_for_function("(n) => document.querySelectorAll('[data-testid=family-path] li').length === n", arg=len(told[14]))
    press(page, "Step 7")
    wait_day(page, 21)
    page.wait_for_function("(n) => document.querySelectorAll('[data-testid=family-path] li').length === n", arg=len(told[21]))
    press(page, "Stop following")
    page.wait_for_selector("[data-testid=family-path]", state="detached")


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)], ids=["laptop", "projector"])
def test_nothing_in_the_side_panel_is_wider_than_the_panel(page_factory: PageFactory, app_server: AppServer, size: tuple[int, int]) -> None:
    page = opened(page_factory(*size), app_server("scenario=pakistan_afghanistan").url)
    press(page, "Step 7")
    wait_day(page, 7)
    look_at(page, "Afghanistan undocumented (population)", "Afghanistan undocumented")
    look_at(page, "Dera Ismail Khan Division (place)", "Dera Ismail Khan Division")
    look_at(page, "Mahirud-Abu Nasr Farahi crossing (crossing)", "Mahirud-Abu Nasr Farahi crossing")
    for tab in ("Inspector", "Events", "Family"):
        press(page, tab)
        page.wait_for_timeout(200)
        assert page.evaluate("(() => { const panel = document.querySelector('.mar-panel'); return panel.scrollWidth - panel.clientWidth; })()") <= 0
        small = page.evaluate("[...document.querySelectorAll('.mi-sheet *')].filter(e => e.innerText && parseFloat(getComputedStyle(e).fontSize) < 13).length")
        assert small == 0
