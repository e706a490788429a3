"""Files that are written while the page goes on: config files and replay pages, each in a thread of its own.

What has come of them is kept beside the desk, so that it outlives the tab in which it was asked for. The threads
read nothing of the course: what they need is read off it before, while nobody steps it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agents.errors import InputError
from experiments.app import save, setup
from experiments.app.desk import Desk
from experiments.app.replay import Cancelled, Played, export_replay, played
from experiments.files import writing

#: Where files are written, in the folder in which the server was started.
FOLDER = save.FOLDER
#: Seconds between two looks at how far an export has come.
_LOOKS = 0.3


@dataclass
class Export:
    """An export of a replay, and what came of it."""

    done: int = 0
    total: int = 1
    path: Path | None = None
    error: str = ""
    running: bool = False
    stop: threading.Event = field(default_factory=threading.Event)

    def read(self) -> bytes:
        """Return the page for a download; nothing when the file has gone."""
        try:
            return self.path.read_bytes() if self.path is not None else b""
        except OSError as error:
            self.error = f"{self.path}: cannot be read ({error.strerror or error}); export it again"
            return b""

    @property
    def megabytes(self) -> float | None:
        """Size of the file; None when there is none."""
        try:
            return self.path.stat().st_size / 1e6 if self.path is not None else None
        except OSError:
            return None


@dataclass
class Saving:
    """A config file that is being saved, and what came of it."""

    running: bool = False
    path: Path | None = None
    found: save.Saved | None = None
    built: int = -1  #: which of the desk's first courses was saved


@dataclass
class Paperwork:
    """All that is written for one window."""

    export: Export = field(default_factory=Export)
    saving: Saving = field(default_factory=Saving)

    def cancel(self) -> None:
        """Give up what goes on: nobody waits for it any more."""
        self.export.stop.set()


def paperwork(desk: Desk) -> Paperwork:
    """Return what is written for a window."""
    if not isinstance(desk.export, Paperwork):
        desk.export = Paperwork()
    return desk.export


def begin_saving(desk: Desk, *, to_end: bool) -> None:
    """Save a config file of what is on the screen in a thread of its own; nothing while one is being saved.

    Raises
    ------
    InputError
        When no day has been played.
    """
    saving, choices = paperwork(desk).saving, desk.choices
    with desk.lock:
        if desk.course is None or saving.running:
            return
        wish = save.wanted_of(desk.course, to_end=to_end or not desk.course.day)
        done = tuple(desk.course.interventions) if not wish.left_out else None
        saving.running, saving.path, saving.found, saving.built = True, None, None, desk.built

    def work() -> None:
        found = save.made(wish, corner=setup.corner_of(choices) or save.DEFAULT_CORNER)
        with writing(FOLDER):
            saving.path, saving.found = save.write(found), found
        if saving.built == desk.built and done is not None:  # a file without what is to come takes nothing from an earlier one
            desk.saved = done

    def end(error: str) -> None:
        saving.running = False
        if error:
            desk.say(error)
        else:
            desk.changed()

    _aside(work, end, "marchland-save")


def begin_export(desk: Desk) -> None:
    """Export a replay of the days so far in a thread of its own; nothing while one is being exported."""
    export = paperwork(desk).export
    with desk.lock:
        course = desk.course
        if course is None or export.running:
            return
        given = played(course)
        config = course.scenario.config
        name = save.file_name(f"{config.scenario.name}-seed{config.seed}-{course.date}-replay")
        export.done, export.total, export.path, export.error, export.running = 0, course.day, None, "", True
        export.stop.clear()
    _aside(lambda: _exported(desk, export, given, name), lambda error: _end_export(desk, export, error), "marchland-export")


def _exported(desk: Desk, export: Export, given: Played, name: str) -> None:
    """Write the page, and say now and then how far it is."""
    looked = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal looked
        export.done, export.total = done, total
        if time.monotonic() - looked > _LOOKS:
            looked = time.monotonic()
            desk.changed()

    with writing(FOLDER):
        FOLDER.mkdir(parents=True, exist_ok=True)
        path = free_path(FOLDER, name, ".html")
        export.path = export_replay(given, path, progress=progress, cancelled=lambda: export.stop.is_set() or desk.closed)


def _end_export(desk: Desk, export: Export, error: str) -> None:
    export.running, export.error = False, error
    desk.changed()


def _aside(work: Callable[[], None], end: Callable[[str], None], name: str) -> None:
    """Do something in a thread of its own, and tell ``end`` what went wrong with it in words, if anything did."""

    def run() -> None:
        error = ""
        try:
            work()
        except Cancelled:
            error = "The export was cancelled; nothing was written."
        except InputError as fault:
            error = str(fault)
        except Exception as fault:  # a thread's error would be seen by nobody
            error = f"{type(fault).__name__}: {fault}"
        end(error)

    threading.Thread(target=run, name=name, daemon=True).start()


def free_path(folder: Path, name: str, ending: str) -> Path:
    """Return a path in a folder that nothing has yet."""
    path, count = folder / f"{name}{ending}", 2
    while path.exists():
        path, count = folder / f"{name}-{count}{ending}", count + 1
    return path
