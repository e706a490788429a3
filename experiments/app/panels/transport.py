"""Transport: step, run, pause, back, reset, speed, and run until something happens."""

from __future__ import annotations

import datetime as dt
import re
from typing import cast

import solara

from agents.errors import InputError
from experiments.app.course import Course
from experiments.app.panels.context import View
from experiments.app.panels.fields import Typed
from experiments.app.until import Kind, Until

_KINDS: tuple[tuple[Kind, str], ...] = (
    ("end", "the end"), ("event", "the next dated event"), ("deaths", "an attack with more deaths than"),
    ("rupture", "a rupture"), ("ceasefire", "a ceasefire"), ("date", "the date"),
)  # fmt: skip
#: Speeds that can be chosen, days a second at most.
SPEEDS: tuple[tuple[str, float], ...] = (("1 day/s", 1.0), ("3 days/s", 3.0), ("10 days/s", 10.0), ("fastest", 1000.0))


@solara.component
def Transport(view: View) -> None:
    """Show the buttons that move the clock, and where it stands."""
    desk, course = view.desk, view.desk.course
    kind, set_kind = solara.use_state("the end")
    number = solara.use_reactive("10")  # read when the button is pressed: a closure may be one key old
    date = solara.use_reactive(cast(str | None, None))
    if course is None:
        return
    running = desk.running

    last = str(course.date_of(course.days - 1))

    def go() -> None:
        chosen = next(key for key, label in _KINDS if label == kind)
        day = _day(course, last if date.value is None else date.value) if chosen == "date" else 0
        if chosen == "date" and day <= course.day:
            desk.go_to(day)  # back, exactly
        else:
            desk.run(Until(chosen, day=day, deaths=_whole(number.value) if chosen == "deaths" else 0))

    def run() -> None:
        if running:
            desk.pause()
        else:
            desk.ask(go)

    with solara.Row(gap="6px", classes=["mar-transport"]):
        solara.Button("Reset", on_click=desk.reset, disabled=running, classes=["mar-reset"])
        solara.Button("Back 30", on_click=lambda: desk.back(30), disabled=running or not course.day)
        solara.Button("Back", on_click=lambda: desk.back(1), disabled=running or not course.day)
        solara.Button("Step", on_click=lambda: desk.step(1), disabled=running or course.done, color="primary")
        solara.Button("Step 7", on_click=lambda: desk.step(7), disabled=running or course.done)
        solara.Button("Pause" if running else "Run", on_click=run, disabled=course.done and not running and kind != "the date", color="primary")
        solara.Select("until", [label for _, label in _KINDS], kind, on_value=set_kind, dense=True, classes=["mar-until"])
        if kind == "an attack with more deaths than":
            Typed("deaths", number.value, number.set, classes=["mar-small"])
        if kind == "the date":
            Typed("YYYY-MM-DD", last if date.value is None else date.value, date.set, classes=["mar-small"])
        speed = next((label for label, value in SPEEDS if value == desk.speed), SPEEDS[-1][0])
        solara.Select("speed", [label for label, _ in SPEEDS], speed, on_value=lambda label: desk.set_speed(dict(SPEEDS)[label]), dense=True, classes=["mar-speed", f"mar-speed-{desk.speed:g}"])


def _whole(text: str) -> int:
    """Return a number of deaths that was typed in."""
    if not re.fullmatch(r"[0-9]{1,6}", text.strip()):
        raise InputError(f"deaths: {text!r} is no whole number from 0 to 999999; write for example 10")
    return int(text)


def _day(course: Course, text: str) -> int:
    """Return how many days are done on the evening of a date that was typed in."""
    try:
        day = (dt.date.fromisoformat(text.strip()) - course.setting.start).days + 1
    except ValueError:
        raise InputError(f"date: {text!r} is no date; write YYYY-MM-DD, for example {course.setting.start}") from None
    if not 0 < day <= course.days:
        raise InputError(f"date: {text.strip()} lies outside the scenario, {course.setting.start} to {course.date_of(course.days - 1)}")
    return day
