"""The files of the page: save what is on the screen, open a finished run, export a replay."""

from __future__ import annotations

from pathlib import Path

import solara

from agents.errors import InputError
from experiments.app import openrun, save
from experiments.app.desk import Choices
from experiments.app.panels.context import View
from experiments.app.panels.fields import Typed
from experiments.app.paperwork import begin_export, begin_saving, paperwork
from experiments.app.unsaved import given_up


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
    if course is None:
        return
    saving = paperwork(desk).saving
    found, path = saving.found, saving.path
    with solara.Column(gap="4px", classes=["mar-block"]):
        solara.Text("Save as a config file", classes=["mar-subtitle"])
        solara.Text("marchland run plays it again, digit for digit: scenario, seed, policies and everything done by hand.", classes=["mar-help"])
        with solara.Row(gap="8px", style={"align-items": "center"}):
            solara.Button(
                "Saving ..." if saving.running else "Save config", color="primary", disabled=saving.running, classes=["mar-save"],
                on_click=lambda: desk.guard(lambda: begin_saving(desk, to_end=to_end)),
            )  # fmt: skip
            if course.day:
                solara.Checkbox(label="to the scenario's end, not only to this evening", value=to_end, on_value=set_to_end)
        if found is not None and path is not None and saving.built == desk.built:
            with solara.Column(gap="4px", classes=["mar-done", "mar-saved"]):
                solara.Text(f"Saved as {path} (config hash {found.hash}). Run it with")
                solara.Text(save.command(path, found.words), classes=["mar-command"])
                solara.FileDownload(found.text, filename=path.name, label="Download", mime_type="application/yaml")


@solara.component
def Open(view: View) -> None:
    """Open a finished run, to play it again day by day."""
    desk = view.desk
    typed = solara.use_reactive("")
    listed = solara.use_memo(lambda: [str(folder) for folder in openrun.finished_runs()], [])

    def act() -> None:
        folders: list[Path] = []
        if desk.guard(lambda: folders.append(folder_of(typed.value))):
            desk.start(Choices(folder=folders[0]))

    with solara.Column(gap="4px", classes=["mar-block"]):
        solara.Text("Open a finished run", classes=["mar-subtitle"])
        solara.Text("It is played again from its own folder, and compared with its record evening by evening. No code of it is run.", classes=["mar-help"])
        if listed:
            solara.Select("runs in outputs/", listed, typed.value if typed.value in listed else None, on_value=typed.set, dense=True)
        with solara.Row(gap="8px", style={"align-items": "center"}):
            Typed("folder of a run", typed.value, typed.set, classes=["mar-folder"])
            solara.Button("Open", on_click=act, classes=["mar-open"])
        with desk.lock:
            lost = given_up(desk, "Open")
        if lost:
            solara.Text(lost, classes=["mar-warning", "mar-given-up"])


def folder_of(text: str) -> Path:
    """Return the folder that was typed in.

    Raises
    ------
    InputError
        When nothing was, or somebody's home that nobody has.
    """
    if not text.strip():
        raise InputError("open: no folder given; type the folder of a finished run, for example outputs/NAME")
    try:
        return Path(text.strip()).expanduser().absolute()
    except RuntimeError as error:
        raise InputError(f"open: {text.strip()}: {error}; type the folder of a finished run, for example outputs/NAME") from None


@solara.component
def Replay(view: View) -> None:
    """Export a page that shows the days played without a server."""
    desk, course = view.desk, view.desk.course
    if course is None:
        return
    work = paperwork(desk)
    export = work.export
    path, size = export.path, export.megabytes
    with solara.Column(gap="4px", classes=["mar-block"]):
        solara.Text("Export a replay page", classes=["mar-subtitle"])
        solara.Text("One HTML file with the days played so far: for a class or a paper's supplement. It needs no server.", classes=["mar-help"])
        if export.running:
            with solara.Row(gap="8px", style={"align-items": "center"}, classes=["mar-exporting"]):
                solara.ProgressLinear(100.0 * export.done / max(export.total, 1))
                solara.Text(f"{export.done} of {export.total} days", classes=["mar-help"])
                solara.Button("Cancel", on_click=work.cancel, classes=["mar-cancel"])
        else:
            with solara.Row():
                solara.Button("Export replay page", on_click=lambda: desk.guard(lambda: begin_export(desk)), disabled=not course.day, classes=["mar-export"])
        if export.error:
            solara.Text(export.error, classes=["mar-done"])
        if path is not None and not export.running:
            with solara.Column(gap="4px", classes=["mar-done", "mar-exported"]):
                solara.Text(f"{path} has gone" if size is None else f"Written to {path} ({size:.1f} MB)")
                if size is not None:
                    solara.FileDownload(export.read, filename=path.name, label="Download", mime_type="text/html")
