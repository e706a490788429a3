"""The event log: what happened, newest first; filters, a way to the place and to the day."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import solara

from experiments.app.cardhtml import link
from experiments.app.inspect import resolve
from experiments.app.panels.context import Pick, View
from experiments.app.panels.fields import Typed
from experiments.app.sheet import SheetWidget
from experiments.app.story import FILTERS, Line, Wanted, log

#: Lines shown at first, and added by "show more".
MANY = 200


@solara.component
def Events(view: View) -> None:
    """Show the log of the first course."""
    course = view.desk.course
    many, set_many = solara.use_state(MANY)
    if course is None:
        return
    picked = resolve(course, view.pick)
    # Kept on the desk, since this panel goes when another tab is opened.
    wanted = view.desk.wanted or Wanted()

    def want(other: Wanted) -> None:
        view.desk.wanted = other
        view.desk.changed()

    def chosen(kind: str, name: str, day: int) -> None:
        if kind == "filter":
            want(replace(wanted, filters=wanted.filters ^ {name}))
        elif kind == "only":
            want(replace(wanted, only=not wanted.only))
        elif day >= 0:
            view.desk.pause()
            view.desk.go_to(day + 1)
        elif name:
            view.set_pick(Pick(kind, name))

    with view.desk.lock:
        lines, older = log(course, wanted, picked, many)
    SheetWidget.element(html=_chips(wanted.filters, picked, wanted.only), on_chosen=chosen)
    Typed("Search the log", wanted.text, lambda text: want(replace(view.desk.wanted or Wanted(), text=text)))
    SheetWidget.element(html=_list(lines, older), on_chosen=chosen)
    if older:
        solara.Button("Show more", on_click=lambda: set_many(many + MANY), text=True)


def _chips(filters: frozenset[str], picked: Pick | None, only: bool) -> str:
    """The filters as buttons that are pressed or not."""
    chips = [_chip("filter", key, label, key in filters) for key, label in FILTERS.items()]
    if picked is not None or only:
        chips.append(_chip("only", "only", f"only {picked.name if picked else 'what is picked'}", only))
    return f'<div class="mi-chips" data-testid="filters">{"".join(chips)}</div>'


def _chip(kind: str, name: str, label: str, pressed: bool) -> str:
    return f'<button type="button" data-kind="{kind}" data-name="{name}" aria-pressed="{str(pressed).lower()}">{escape(label)}</button>'


def _list(lines: list[Line], older: bool) -> str:
    """The lines as HTML."""
    number = f"{len(lines)}{'+' if older else ''} event{'s' if len(lines) != 1 or older else ''}, newest first" if lines else "Nothing yet that fits these filters."
    return f'<div class="mi-count">{number}</div><div data-testid="events">{"".join(map(_row, lines))}</div>'


def _row(line: Line) -> str:
    text = link(line.pick, line.text) if line.pick is not None else escape(line.text)
    return (
        f'<div class="mi-event mi-{escape(line.filter)}" data-event="{escape(line.kind)}"><span class="mi-letter" title="{escape(line.label)}">{escape(line.letter)}</span>'
        f'<span>{text}<br><span class="mi-date">{line.date}, {escape(line.label)}</span></span>'
        f'<button type="button" class="mi-link mi-goto" data-day="{line.day}" title="show the evening of {line.date}">go to this day</button></div>'
    )
