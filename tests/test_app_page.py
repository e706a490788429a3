"""The page as a person uses it: going back far, faults, many windows, and how quick it is."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import AppServer, PageFactory, choose, chromium, opened, page, page_factory, press, start_ready, wait_day  # noqa: F401  # fixtures

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: Milliseconds that a click may take until the page shows the next day, and steps a second while running.
CLICK, STEPS = 150.0, 8.0
FRAGILE = '''
from agents.decisions import GovernmentDecision
from agents.policies import GovernmentPolicy, NoParameters


class Fragile(GovernmentPolicy[NoParameters]):
    """Breaks in the second week."""

    name = "fragile"
    theory = "for a test"
    looks_at = ()
    parameters = NoParameters

    def decide(self, situation, memory, rng):
        if situation.day >= 7:
            raise ZeroDivisionError("a bug of <b>mine</b>")
        return GovernmentDecision(reasons=("quiet",)), memory
'''
#: Clicks a button and resolves with the milliseconds until a day is on the map and painted.
TIMED = """([label, day]) => new Promise(done => {
  const map = document.querySelector('[data-testid=map]');
  const start = performance.now();
  const seen = new MutationObserver(() => {
    if (+map.dataset.day !== day) return;
    seen.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
  });
  seen.observe(map, {attributes: true});
  [...document.querySelectorAll('button')].find(b => b.textContent.trim() === label).click();
})"""


def day(page: Page) -> int:
    return int(page.get_attribute("[data-testid=map]", "data-day") or -1)


def test_run_pause_and_back_two_hundred_days(page: Page, app_server: AppServer) -> None:
    opened(page, app_server("scenario=two_states").url)
    press(page, "Run")
    page.wait_for_function("() => +document.querySelector('[data-testid=map]').dataset.day > 12")
    press(page, "Pause")
    page.get_by_role("button", name="Run", exact=True).wait_for()
    stopped = day(page)
    time.sleep(0.7)
    assert day(page) == stopped
    choose(page, "until", "the date")

    def run_to(date: str, number: int) -> None:
        page.get_by_label("YYYY-MM-DD").fill(date)
        page.get_by_label("YYYY-MM-DD").press("Tab")
        press(page, "Run")
        wait_day(page, number)
        page.get_by_role("button", name="Run", exact=True).wait_for()

    run_to("2001-02-09", 40)
    page.get_by_text("the date is reached").wait_for()
    chips = page.inner_text(".mar-charts")
    run_to("2001-08-08", 220)
    run_to("2001-07-19", 200)  # a date that is past: it goes back there
    run_to("2001-07-29", 210)
    for number in range(180, -1, -30):
        press(page, "Back 30")
        wait_day(page, number)
    assert day(page) == 0
    run_to("2001-02-09", 40)
    page.wait_for_function("(old) => document.querySelector('.mar-charts').innerText === old", arg=chips)


def test_run_until_a_ceasefire_and_bad_dates(page: Page, app_server: AppServer) -> None:
    opened(page, app_server("scenario.start=2021-10-20", "scenario.end=2022-01-31").url)
    choose(page, "until", "the date")
    page.get_by_label("YYYY-MM-DD").fill("soon")
    page.get_by_label("YYYY-MM-DD").press("Tab")
    press(page, "Run")
    page.get_by_text("'soon' is no date; write YYYY-MM-DD").wait_for()
    for wrong in ("2021-10-19", "2022-02-01"):
        page.get_by_label("YYYY-MM-DD").fill(wrong)
        page.get_by_label("YYYY-MM-DD").press("Tab")
        press(page, "Run")
        page.get_by_text(f"{wrong} lies outside the scenario").wait_for()
    assert day(page) == 0
    choose(page, "until", "an attack with more deaths than")
    page.get_by_label("deaths", exact=True).fill("²")
    page.get_by_label("deaths", exact=True).press("Tab")
    press(page, "Run")
    page.get_by_text("is no whole number").wait_for()
    press(page, "Dismiss")
    choose(page, "until", "a ceasefire")
    press(page, "Run")
    page.get_by_text("declares a truce to").first.wait_for(timeout=60_000)
    assert "2021-11-09" in page.inner_text(".mar-date")


def test_an_error_in_a_step_keeps_the_page(page_factory: PageFactory, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FRAGILE)
    server = start_ready("scenario=two_states", "policy@policies.north=mine:Fragile", cwd=tmp_path)
    try:
        page = opened(page_factory(), server.url)
        press(page, "Step 7")
        wait_day(page, 7)
        press(page, "Step")
        box = page.locator(".mar-error")
        box.wait_for()
        assert "day 8 (2001-01-08) could not be played: ZeroDivisionError: a bug of <b>mine</b>" in box.inner_text()
        assert day(page) == 7
        press(page, "Back")
        wait_day(page, 6)
        press(page, "Step 7")
        box.wait_for()
        box.get_by_role("button", name="Reset").click()
        wait_day(page, 0)
        assert not box.count()
        press(page, "Step")
        wait_day(page, 1)
        page.context.close()
    finally:
        server.stop()


def test_two_windows_never_share_a_model(page_factory: PageFactory, app_server: AppServer) -> None:
    url = app_server("scenario=two_states").url
    first, second = opened(page_factory(), url), opened(page_factory(), url)
    press(first, "Step 7")
    wait_day(first, 7)
    assert day(second) == 0
    press(second, "Step")
    wait_day(second, 1)
    assert day(first) == 7


def test_ten_windows_stay_usable_and_free_their_models(page_factory: PageFactory) -> None:
    server = start_ready("scenario=two_states", "--verbose")
    try:
        windows = [page_factory() for _ in range(10)]
        for window in windows:
            window.goto(server.url, wait_until="commit")
        for window in windows:
            window.wait_for_selector("[data-testid=map][data-day]", timeout=60_000)
        for window in windows[:-1]:
            press(window, "Run")
        last = windows[-1]
        times: list[float] = []
        for number in range(1, 6):
            times.append(float(last.evaluate(TIMED, ["Step", number])))
        print(f"click with nine windows running: median {statistics.median(times):.0f} ms")
        assert statistics.median(times) < 3000.0
        for window in windows[:-1]:  # they take turns: each has its own
            window.wait_for_function("() => +document.querySelector('[data-testid=map]').dataset.day > 0")
        for window in windows[:-1]:
            window.goto("about:blank")  # what leaving a page is to a browser
        server.said(r"window closed \(1 open, 1 model in memory\)", err=True)
        last.context.close()
    finally:
        server.stop()


@pytest.mark.alone
def test_it_is_quick_on_the_flagship(page: Page, app_server: AppServer) -> None:
    """Best of three tries: what else the machine does is not the page's."""
    opened(page, app_server().url)
    press(page, "Step 7")
    wait_day(page, 7)
    clicks, speeds = [], []
    for _ in range(3):
        times = [float(page.evaluate(TIMED, ["Step", number])) for number in range(day(page) + 1, day(page) + 32)]
        start, before = time.perf_counter(), day(page)
        press(page, "Run")
        time.sleep(5.0)
        speeds.append((day(page) - before) / (time.perf_counter() - start))
        press(page, "Pause")
        page.get_by_role("button", name="Run", exact=True).wait_for()
        clicks.append(statistics.median(times))
        print(f"click to updated page: median {clicks[-1]:.0f} ms; running: {speeds[-1]:.1f} steps a second")
        if min(clicks) <= CLICK and max(speeds) >= STEPS:
            break
    assert min(clicks) <= CLICK
    assert max(speeds) >= STEPS


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)])
@pytest.mark.parametrize("name", ["two_states", "pakistan_afghanistan"])
def test_everything_fits_into_the_window(page: Page, app_server: AppServer, name: str, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    opened(page, app_server(f"scenario={name}").url)
    press(page, "Step 7")
    wait_day(page, 7)
    outside = page.evaluate(
        "() => [document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]"
    )
    assert outside[0] <= 0 and outside[1] <= 0
    boxes = [page.locator(part).first.bounding_box() for part in (".mar-transport", "[data-testid=map]", ".mar-side", ".mar-charts")]
    assert all(box is not None and box["y"] >= 0 and box["y"] + box["height"] <= size[1] + 1 for box in boxes)
    stage = boxes[1]
    assert stage is not None and stage["height"] >= 0.45 * size[1]
