"""A browser for the tests of the app: a server for each choice of words (and worker) and Debian's chromium, driven by Playwright.

Use it in a test module::

    from browser import chromium, page, page_factory  # noqa: F401  (fixtures; app_server is in conftest)

    def test_it(page, app_server):
        page.goto(app_server().url)

Every page fails its test when it asks any other machine for anything, or when a script reports an error.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request

ROOT = Path(__file__).parent.parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
#: Errors in the console that mean nothing: (part of the text, why).
HARMLESS: tuple[tuple[str, str], ...] = (("favicon.ico", "no icon of the tab"),)
_READY = re.compile(r"^Marchland is at (http://\S+/) ")
#: Wall-clock seconds that a server may take to answer on a machine that is busy with other tests.
PATIENCE = 60.0


@dataclass
class Server:
    """``marchland app`` in a process of its own, and what it says."""

    process: subprocess.Popen[str]
    started: float  #: time.monotonic() when the command was given
    out: list[str] = field(default_factory=list)  #: lines of the standard output so far
    err: list[str] = field(default_factory=list)  #: lines of the standard error so far
    url: str = ""
    _new: queue.Queue[None] = field(default_factory=queue.Queue)

    @property
    def port(self) -> int:
        """The port that it answers at."""
        port = urlsplit(self.url).port
        assert port is not None
        return port

    def listen(self) -> None:
        """Gather what it says, in the background."""
        for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err)):
            threading.Thread(target=self._gather, args=(stream, lines), daemon=True).start()

    def _gather(self, stream: Iterator[str], lines: list[str]) -> None:
        for line in stream:
            lines.append(line.rstrip("\n"))
            self._new.put(None)

    def said(self, pattern: str, *, err: bool = False, after: int = 0, seconds: float = PATIENCE) -> str:
        """Wait for a line that fits a pattern, and return it.

        Parameters
        ----------
        err
            Whether on the standard error.
        after
            How many lines of it to leave out.
        """
        lines = self.err if err else self.out
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = next((line for line in list(lines[after:]) if re.search(pattern, line)), None)
            if found is not None:
                return found
            if self.process.poll() is not None and self._new.empty():
                time.sleep(0.2)  # the last lines may be on their way
                if not any(re.search(pattern, line) for line in lines[after:]):
                    break
            try:
                self._new.get(timeout=0.1)
            except queue.Empty:
                continue
        raise AssertionError(f"no line {pattern!r}; standard output: {self.out}; standard error: {self.err}")

    def stop(self) -> None:
        """End it, if it has not ended."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)


def start(*words: str, cwd: Path = ROOT, environment: Mapping[str, str] | None = None) -> Server:
    """Give the command ``marchland app`` with no browser, at any free port unless the words name one; do not wait."""
    port = () if any(word.startswith("--port") for word in words) else ("--port", "0")
    given = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT), **(environment or {})}
    command = [sys.executable, "-m", "experiments", "app", "--no-open", *port, *words]
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=cwd, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    server = Server(process, started)
    server.listen()
    return server


def start_ready(*words: str, cwd: Path = ROOT, environment: Mapping[str, str] | None = None) -> Server:
    """Give the command and wait until the page is there."""
    server = start(*words, cwd=cwd, environment=environment)
    try:
        found = _READY.match(server.said(_READY.pattern))
        assert found is not None
        server.url = found[1]
    except BaseException:
        server.stop()
        raise
    return server


AppServer = Callable[..., Server]


@pytest.fixture(scope="session")  # tests/conftest.py has it, so that all modules share the servers
def app_server() -> Iterator[AppServer]:
    """Start servers: ``app_server("scenario=two_states")``; one for each choice of words."""
    servers: dict[tuple[str, ...], Server] = {}

    def give(*words: str) -> Server:
        if words not in servers or servers[words].process.poll() is not None:
            servers[words] = start_ready(*words)
        return servers[words]

    yield give
    for server in servers.values():
        server.stop()


@pytest.fixture(scope="module")  # each module that imports it has its own, and Playwright runs once at a time in a process
def chromium() -> Iterator[Browser]:
    """Start the system's chromium, one for each module; tests that need it are skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip("no chromium here: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright here: pip install 'marchland[test]'")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield found
        found.close()


@dataclass
class Watch:
    """What a page asked for and complained about."""

    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def on(self, page: Page) -> None:
        """Watch a page from now on."""
        page.on("request", self._request)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(f"page error: {error}"))

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            self.foreign.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        text = f"{message.text} ({message.location.get('url', '')})"
        if message.type == "error" and not any(part in text for part, _ in HARMLESS):
            self.errors.append(text)

    def check(self) -> None:
        """Fail when anything was wrong."""
        assert not self.foreign, f"asked another machine for {self.foreign}"
        assert not self.errors, f"errors in the page: {self.errors}"


PageFactory = Callable[..., "Page"]


@pytest.fixture
def page_factory(chromium: Browser) -> Iterator[PageFactory]:
    """Open windows, each as a person of its own (no shared cookies): ``page_factory(width=1366, height=768)``.

    ``watched=False`` for a window whose errors are meant, such as when its server ends.
    """
    watch = Watch()
    contexts = []

    def open_page(width: int = 1366, height: int = 768, *, watched: bool = True, **options: object) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        made = context.new_page()
        made.set_default_timeout(20_000)
        if watched:
            watch.on(made)
        return made

    yield open_page
    for context in contexts:
        context.close()
    watch.check()


@pytest.fixture
def page(page_factory: PageFactory) -> Page:
    """One window of 1366 by 768 pixels, as on a laptop."""
    return page_factory()


def shown(page: Page, timeout: float = 30.0) -> None:
    """Wait until the page shows what the server has made, and not only that it is loading (in seconds)."""
    page.wait_for_function(
        "() => { const main = document.querySelector('.solara-content-main, .solara-page-main, #solara-main, main');"
        " return typeof app !== 'undefined' && app.loading === false && main !== null && main.innerText.trim().length > 0; }",
        timeout=timeout * 1000,
    )


def opened(page: Page, url: str) -> Page:
    """Open the app, and wait until its map shows an evening."""
    page.goto(url)
    page.wait_for_selector("[data-testid=map][data-day]", timeout=30_000)
    return page


def wait_day(page: Page, number: int) -> None:
    """Wait until the map shows an evening."""
    page.wait_for_selector(f"[data-testid=map][data-day='{number}']", timeout=30_000)


def press(page: Page, name: str) -> None:
    """Click the button of this name."""
    page.get_by_role("button", name=name, exact=True).click()


def choose(page: Page, label: str, value: str) -> None:
    """Choose a value of a list."""
    _pick(page, lambda: page.get_by_label(label, exact=True).click(force=True), lambda menu: menu.get_by_text(value, exact=True))


def look_at(page: Page, words: str, name: str) -> None:
    """Choose something by its words in the search of the inspector, and wait for its card."""

    def search() -> None:
        page.get_by_label("Look at", exact=True).click()
        page.get_by_label("Look at", exact=True).fill(words)

    _pick(page, search, lambda menu: menu.locator(".v-list-item").filter(has_text=words).first)
    page.wait_for_selector(f"[data-testid=card][data-of='{name}']")


def _pick(page: Page, opening: Callable[[], None], option: Callable[[Locator], Locator], attempts: int = 4) -> None:
    """Open a list and click on an option; what is drawn anew, or moves, while one clicks on it is clicked again."""
    from playwright import sync_api  # not everybody has it: these tests are skipped then

    menu = page.locator(".menuable__content__active")
    for left in reversed(range(attempts)):
        try:
            if not menu.count():
                opening()
            option(menu).click(timeout=4_000 if left else 20_000)
            break
        except sync_api.TimeoutError:
            if not left:
                raise
    page.wait_for_function("() => !document.querySelector('.menuable__content__active')")
