"""The browser app in headless chromium: how quick it is, and what it needs.

    python benchmarks/app.py                  # about ten minutes; at best with nothing else running
    python benchmarks/app.py --screenshots    # writes docs/figures/app.png and app-split.png instead

Measured on the flagship: from the command to the first page, from a click on Step to the updated page, days a second while it
runs, both with ten windows open too, the memory of the server, and the exported replay. A click is timed inside the page, from
the click to the painted map. Exits with 1 when a target is missed, with 2 when there is no browser to measure with.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browser import ARGUMENTS, CHROMIUM, Server, choose, look_at, press, start_ready  # noqa: E402  # after the path

from experiments.app.course import Course  # noqa: E402
from experiments.app.replay import export_replay  # noqa: E402
from sim import Scenario  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FIGURES = ROOT / "docs" / "figures"
LAPTOP, PROJECTOR = (1366, 768), (1920, 1080)
CLICKS, WINDOWS, SECONDS = 60, 10, 10.0
LATE, LATE_DAY = "2023-06-18", 899
MAP = "[data-testid=map]"
#: Aims of the app: seconds to the first page, milliseconds of a click, days a second.
FIRST, CLICK, DAYS = 10.0, 150.0, 8.0
#: Clicks Step and resolves with the milliseconds until a day is on the map and painted.
TIMED = """day => new Promise(done => {
  const map = document.querySelector('[data-testid=map]'), start = performance.now();
  const seen = new MutationObserver(() => {
    if (+map.dataset.day !== day) return;
    seen.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
  });
  seen.observe(map, {attributes: true});
  [...document.querySelectorAll('button')].find(button => button.textContent.trim() === 'Step').click();
})"""


# -- hands ------------------------------------------------------------------------------------------------


@contextmanager
def serving(*words: str) -> Iterator[Server]:
    """A server for a while; its words are overrides."""
    server = start_ready(*words)
    try:
        yield server
    finally:
        server.stop()


def opened(browser: Browser, url: str, size: tuple[int, int] = LAPTOP) -> Page:
    """Open a window of its own and wait for the map."""
    page = browser.new_context(viewport={"width": size[0], "height": size[1]}).new_page()
    page.set_default_timeout(600_000)
    page.goto(url)
    page.wait_for_selector(f"{MAP}[data-day]")
    return page


def day(page: Page) -> int:
    """Days done, as the map says."""
    return int(page.get_attribute(MAP, "data-day") or -1)


def run_to(page: Page, date: str) -> None:
    """Run until the evening of a date."""
    choose(page, "until", "the date")
    page.get_by_label("YYYY-MM-DD").fill(date)
    page.get_by_label("YYYY-MM-DD").press("Tab")
    press(page, "Run")
    page.get_by_text(f"the date is reached: {date}").wait_for()


# -- what is measured -------------------------------------------------------------------------------------


def first_page(browser: Browser) -> float:
    """Seconds from the command to the map in a browser that is open already."""
    with serving() as server:
        page = opened(browser, server.url)
        taken = time.monotonic() - server.started
        page.context.close()
    return taken


def clicks(page: Page, number: int = CLICKS) -> list[float]:
    """Milliseconds of clicks on Step."""
    before = day(page)
    return [float(page.evaluate(TIMED, before + k)) for k in range(1, number + 1)]


def speed(pages: list[Page], seconds: float = SECONDS) -> list[float]:
    """Days a second of windows that all run."""
    for page in pages:
        press(page, "Run")
    started, before = time.perf_counter(), [day(page) for page in pages]
    time.sleep(seconds)
    after, taken = [day(page) for page in pages], time.perf_counter() - started
    for page in pages:
        press(page, "Pause")
    for page in pages:
        page.get_by_role("button", name="Run", exact=True).wait_for()
    return [(b - a) / taken for a, b in zip(before, after, strict=True)]


def memory(server: Server) -> float:
    """Resident memory of the server, MB."""
    lines = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024.0


def said(times: list[float]) -> str:
    """Median and 95th percentile in words."""
    return f"median {statistics.median(times):.0f} ms, p95 {statistics.quantiles(times, n=20)[-1]:.0f} ms of {len(times)}"


def one_window(browser: Browser) -> tuple[float, float]:
    """Measure a window alone; returns the slower median click and the least days a second."""
    found: list[tuple[float, float]] = []
    with serving() as server:
        empty = memory(server)
        page = opened(browser, server.url)
        look_at(page, "pakistan (government)", "pakistan")
        press(page, "Step 7")
        page.wait_for_selector(f"{MAP}[data-day='7']")
        started = memory(server)
        for when in ("early", "late"):
            if when == "late":
                run_to(page, LATE)
                assert day(page) == LATE_DAY, "the late clicks begin on another day"
            at, times = day(page), clicks(page)
            choose(page, "until", "the end")
            running = speed([page])[0]
            found.append((statistics.median(times), running))
            print(f"from day {at}, inspector open: click on Step to updated page {said(times)}; running {running:.1f} days a second", flush=True)
        print(f"memory of the server: {empty:.0f} MB before a window, {started:.0f} MB with one on day 7, {memory(server):.0f} MB with one on day {day(page)}")
        page.context.close()
    return max(found)[0], min(running for _, running in found)


def ten_windows(browser: Browser) -> None:
    """Measure ten windows of one server."""
    with serving() as server:
        pages = [opened(browser, server.url)]
        one = memory(server)
        pages += [opened(browser, server.url) for _ in range(WINDOWS - 1)]
        print(f"memory of the server: {(memory(server) - one) / (WINDOWS - 1):.1f} MB for each further window, on day 0", flush=True)
        last = pages[-1]
        alone = said(clicks(last))
        print(f"{WINDOWS} windows, one in use: click {alone}; running {speed([last])[0]:.1f} days a second", flush=True)
        speeds = speed(pages)
        print(f"{WINDOWS} windows, all running: {sum(speeds):.1f} days a second together, {min(speeds):.1f} to {max(speeds):.1f} each", flush=True)
        for page in pages[:-1]:
            press(page, "Run")
        print(f"{WINDOWS} windows, nine running: click in the tenth {said(clicks(last, 20))}", flush=True)
        for page in pages:
            page.context.close()


def replay() -> None:
    """Measure the exported replay of the whole flagship; its days are played once more for it."""
    course = Course(Scenario.load("pakistan_afghanistan", seed=1))
    course.go_to(course.days)
    with tempfile.TemporaryDirectory() as place:
        started = time.perf_counter()
        path = export_replay(course, Path(place) / "replay.html")
        taken = time.perf_counter() - started
        print(f"replay page of {course.days} days: {path.stat().st_size / 1e6:.1f} MB, written in {taken:.0f} s", flush=True)


def measure(browser: Browser) -> int:
    """Measure everything, print it, compare with the aims."""
    first_page(browser)  # warm: files in the cache, modules compiled
    first = statistics.median(first_page(browser) for _ in range(3))
    print(f"first page after the command: {first:.1f} s (median of 3, warm)", flush=True)
    click, days = one_window(browser)
    ten_windows(browser)
    replay()
    missed = [f"first page {first:.1f} s, aim {FIRST:.0f} s"] if first > FIRST else []
    missed += [f"click {click:.0f} ms, aim {CLICK:.0f} ms"] if click > CLICK else []
    missed += [f"{days:.1f} days a second, aim {DAYS:.0f}"] if days < DAYS else []
    print("all targets met" if not missed else "missed: " + "; ".join(missed))
    return 1 if missed else 0


# -- pictures ---------------------------------------------------------------------------------------------


def screenshots(browser: Browser) -> None:
    """Write the two pictures of the documentation: fixed seed, fixed evening."""
    with serving("seed=1") as server:
        page = opened(browser, server.url, LAPTOP)
        run_to(page, "2023-11-05")
        look_at(page, "pakistan (government)", "pakistan")
        keep(page, "app.png")
    with serving("scenario=two_states", "seed=1") as server:
        page = opened(browser, server.url, PROJECTOR)
        press(page, "Split")
        choose(page, "north on the right", "hardline")
        press(page, "Split the screen")
        page.locator(MAP).nth(1).wait_for()
        run_to(page, "2001-12-31")
        press(page, "Run 9 more pairs to day 365")
        page.get_by_text("mean of 10 pairs (95 %)").wait_for()
        keep(page, "app-split.png")


def keep(page: Page, name: str) -> None:
    """Write what the window shows, with the pointer away and nothing moving."""
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement && document.activeElement.blur()")
    page.wait_for_timeout(1_000)
    page.screenshot(path=FIGURES / name, animations="disabled", caret="hide")
    print(f"wrote docs/figures/{name}", flush=True)
    page.context.close()


def main() -> int:
    """Measure, or take the pictures."""
    parser = argparse.ArgumentParser(description="Measure the browser app in headless chromium.")
    parser.add_argument("--screenshots", action="store_true", help="write docs/figures/app.png and app-split.png instead")
    wanted = parser.parse_args()
    if CHROMIUM is None:
        print("error: no chromium here to measure with: apt-get install chromium", file=sys.stderr)
        return 2
    for module in ("playwright", "solara"):
        if importlib.util.find_spec(module) is None:
            print(f"error: no {module} in this Python: pip install 'marchland[test]'", file=sys.stderr)
            return 2
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        if wanted.screenshots:
            screenshots(browser)
            return 0
        return measure(browser)


if __name__ == "__main__":
    sys.exit(main())
