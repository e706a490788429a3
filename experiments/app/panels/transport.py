"""Transport: step, run, pause, back, reset, speed, and run until something happens."""

from __future__ import annotations

import datetime as dt

import solara

from agents.errors import InputError
from experiments.app.panels.context import View
from experiments.app.until import Kind, Until

_KINDS: tuple[tuple[Kind, str], ...] = (
    ("end", "the end"), ("event", "the next dated event"), ("deaths", "an attack with more deaths than"),
    ("rupture", "a rupture"), ("ceasefire", "a ceasefire"), ("date", "the date"),
)  # fmt: skip
_SPEEDS: tuple[tuple[str, float], ...] = (("1 day/s", 1.0), ("3 days/s", 3.0), ("10 days/s", 10.0), ("fastest", 1000.0))


@solara.component
def Transport(view: View) -> None:
    """Show the buttons that move the clock, and where it stands."""
    desk, course = view.desk, view.desk.course
    kind, set_kind = solara.use_state("the end")
    number, set_number = solara.use_state("10")
    date, set_date = solara.use_state("")
    if course is None:
        return
    running = desk.running

    def until() -> Until:
        chosen = next(key for key, label in _KINDS if label == kind)
        if chosen == "deaths":
            return Until("deaths", deaths=_whole(number))
        if chosen == "date":
            return Until("date", day=(_date(date) - course.setting.start).days + 1)
        return Until(chosen)

    def run() -> None:
        if running:
            desk.pause()
            return
        try:
            desk.run(until())
        except InputError as error:
            desk.say(str(error))

    with solara.Row(gap="6px", classes=["mar-transport"]):
        solara.Button("Reset", on_click=desk.reset, disabled=running, classes=["mar-reset"])
        solara.Button("Back 30", on_click=lambda: desk.back(30), disabled=running or not course.day)
        solara.Button("Back", on_click=lambda: desk.back(1), disabled=running or not course.day)
        solara.Button("Step", on_click=lambda: desk.step(1), disabled=running or course.done, color="primary")
        solara.Button("Step 7", on_click=lambda: desk.step(7), disabled=running or course.done)
        solara.Button("Pause" if running else "Run", on_click=run, disabled=course.done and not running, color="primary")
        solara.Select("until", [label for _, label in _KINDS], kind, on_value=set_kind, dense=True, classes=["mar-until"])
        if kind == "an attack with more deaths than":
            solara.InputText("deaths", number, on_value=set_number, dense=True, classes=["mar-small"])
        if kind == "the date":
            solara.InputText("YYYY-MM-DD", date or str(course.date_of(course.days - 1)), on_value=set_date, dense=True, classes=["mar-small"])
        speed = next((label for label, value in _SPEEDS if value == desk.speed), _SPEEDS[-1][0])
        solara.Select("speed", [label for label, _ in _SPEEDS], speed, on_value=lambda label: desk.set_speed(dict(_SPEEDS)[label]), dense=True, classes=["mar-speed"])


def _whole(text: str) -> int:
    if not text.strip().isdigit():
        raise InputError(f"deaths: {text!r} is no whole number; write for example 10")
    return int(text)


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise InputError(f"date: {text!r} is no date; write YYYY-MM-DD, for example 2023-10-03") from None
