"""The files of the page: save what is on the screen, open a finished run, export a replay."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import solara

from agents.errors import InputError
from experiments.app import openrun, save, setup
from experiments.app.desk import Choices, Desk
from experiments.app.panels.context import View
from experiments.app.replay import Cancelled, export_replay
from experiments.files import writing

#: Where replay pages are written, in the folder in which the server was started.
REPLAYS = save.FOLDER


@dataclass
class Export:
    """An export in a thread of its own, and what came of it."""

    done: int = 0
    total: int = 1
    path: Path | None = None
    error: str = ""
    running: bool = False
    stop: threading.Event = field(default_factory=threading.Event)


@solara.component
def Files(view: View) -> None:
    """Show the three things that one does with files."""
    if view.desk.course is None:
        solara.Text("There is no model: choose a scenario under Setup, or open a finished run.")
    else:
        Save(view)
        Replay(view)
    Open(view)


@solara.component
def Save(view: View) -> None:
    """Save a config that plays what is on the screen again."""
    desk, course = view.desk, view.desk.course
    to_end, set_to_end = solara.use_state(False)
    done, set_done = solara.use_state((Path(), save.Saved("", "", (), "")))
    if course is None:
        return
    path, found = done

    def act() -> None:
        kept: list[tuple[Path, save.Saved]] = []

        def write() -> None:
            made = save.saved(course, to_end=to_end or not course.day, corner=setup.corner_of(desk.choices) or save.DEFAULT_CORNER)
            with writing(save.FOLDER):
                kept.append((save.write(made), made))

        if desk.change(lambda _: write()):
            set_done(kept[0])

    with solara.Column(gap="4px", classes=["mar-block"]):
        solara.Text("Save as a config file", classes=["mar-subtitle"])
        solara.Text("marchland run plays it again, digit for digit: scenario, seed, policies and everything done by hand.", classes=["mar-help"])
        with solara.Row(gap="8px", style={"align-items": "center"}):
            solara.Button("Save config", color="primary", on_click=act, classes=["mar-save"])
            if course.day:
                solara.Checkbox(label="to the scenario's end, not only to this evening", value=to_end, on_value=set_to_end)
        if found.name:
            with solara.Column(gap="4px", classes=["mar-done", "mar-saved"]):
                solara.Text(f"Saved as {path} (config hash {found.hash}). Run it with")
                solara.Text(save.command(path, found.words), classes=["mar-command"])
                solara.FileDownload(found.text, filename=path.name, label="Download", mime_type="application/yaml")


@solara.component
def Open(view: View) -> None:
    """Open a finished run, to play it again day by day."""
    desk = view.desk
    typed, set_typed = solara.use_state("")
    listed = solara.use_memo(lambda: [str(folder) for folder in openrun.finished_runs()], [])

    def act(text: str) -> None:
        if not text.strip():
            desk.say("open: no folder given; type the folder of a finished run, for example outputs/NAME")
            return
        desk.pause()
        desk.start(Choices(folder=Path(text.strip()).expanduser().absolute()))

    with solara.Column(gap="4px", classes=["mar-block"]):
        solara.Text("Open a finished run", classes=["mar-subtitle"])
        solara.Text("It is played again from its own folder, and compared with its record evening by evening. No code of it is run.", classes=["mar-help"])
        if listed:
            solara.Select("runs in outputs/", listed, typed if typed in listed else None, on_value=set_typed, dense=True)
        with solara.Row(gap="8px", style={"align-items": "center"}):
            solara.InputText("folder of a run", typed, on_value=set_typed, dense=True, classes=["mar-folder"])
            solara.Button("Open", on_click=lambda: act(typed), classes=["mar-open"])


@solara.component
def Replay(view: View) -> None:
    """Export a page that shows the days played without a server."""
    desk, course = view.desk, view.desk.course
    export = solara.use_memo(Export, [])
    _, count = solara.use_state(0)

    def again() -> None:
        count(lambda number: number + 1)

    solara.use_effect(lambda: lambda: export.stop.set(), [])  # nobody waits for the page of a closed window
    if course is None:
        return
    with solara.Column(gap="4px", classes=["mar-block"]):
        solara.Text("Export a replay page", classes=["mar-subtitle"])
        solara.Text("One HTML file with the days played so far: for a class or a paper's supplement. It needs no server.", classes=["mar-help"])
        if export.running:
            with solara.Row(gap="8px", style={"align-items": "center"}):
                solara.ProgressLinear(100.0 * export.done / max(export.total, 1))
                solara.Text(f"{export.done} of {export.total} days", classes=["mar-help"])
                solara.Button("Cancel", on_click=export.stop.set)
        else:
            with solara.Row():
                solara.Button("Export replay page", on_click=lambda: begin(desk, export, again), disabled=not course.day, classes=["mar-export"])
        if export.error:
            solara.Text(export.error, classes=["mar-done"])
        if export.path is not None:
            path = export.path
            with solara.Column(gap="4px", classes=["mar-done", "mar-exported"]):
                solara.Text(f"Written to {path} ({path.stat().st_size / 1e6:.1f} MB)" if path.is_file() else f"{path} has gone")
                solara.FileDownload(path.read_bytes, filename=path.name, label="Download", mime_type="text/html")


def begin(desk: Desk, export: Export, again: Callable[[], None]) -> None:
    """Start an export in a thread of its own."""
    course = desk.course
    if course is None or export.running:
        return
    export.done, export.total, export.path, export.error = 0, course.day, None, ""
    export.stop.clear()
    export.running = True

    def progress(done: int, total: int) -> None:
        percent = 100 * export.done // max(export.total, 1)
        export.done, export.total = done, total
        if 100 * done // max(total, 1) != percent:
            again()

    def work() -> None:
        try:
            with writing(REPLAYS):
                REPLAYS.mkdir(parents=True, exist_ok=True)
                config = course.scenario.config
                path = free_path(REPLAYS, f"{config.scenario.name}-seed{config.seed}-{course.date}-replay", ".html")
                export.path = export_replay(course, path, progress=progress, cancelled=export.stop.is_set)
        except Cancelled:
            export.error = "The export was cancelled; nothing was written."
        except InputError as error:
            export.error = str(error)
        except Exception as error:  # a thread's error would be seen by nobody
            export.error = f"{type(error).__name__}: {error}"
        export.running = False
        again()

    threading.Thread(target=work, daemon=True).start()
    again()


def free_path(folder: Path, name: str, ending: str) -> Path:
    """Return a path in a folder that nothing has yet."""
    path, count = folder / f"{name}{ending}", 2
    while path.exists():
        path, count = folder / f"{name}-{count}{ending}", count + 1
    return path
