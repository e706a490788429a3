"""The inspector: pick anything by name or on the map; its numbers, its history, and why it decided as it did."""

from __future__ import annotations

import solara

from experiments.app.cardhtml import card_html
from experiments.app.inspect import card, pickable, resolve
from experiments.app.panels.context import Pick, View
from experiments.app.panels.help import first_steps
from experiments.app.sheet import SheetWidget

_HINT = (
    '<p class="mi-hint" data-testid="card">Click a place, a crossing, a group or a country on the map, or choose by name above: '
    "its numbers, its history, and why it last decided as it did.</p>"
)
#: What a page shows that nothing has been done with yet.
_WELCOME = f'<div class="mar-words">{first_steps()}<p>What the words mean: Help.</p></div>'


@solara.component
def Inspector(view: View) -> None:
    """Show what is picked."""
    course = view.desk.course
    items = solara.use_memo(lambda: [] if course is None else [
        {"text": f"{pick.name} ({pick.kind})", "value": f"{pick.kind}/{pick.name}"} for pick in pickable(course)
    ], [course])  # fmt: skip
    if course is None:
        return
    found = resolve(course, view.pick)

    def choose(value: str | None) -> None:
        kind, _, name = (value or "").partition("/")
        view.set_pick(Pick(kind, name) if name else Pick())

    solara.v.Autocomplete(
        items=items, v_model=f"{found.kind}/{found.name}" if found else None, on_v_model=choose, label="Look at", dense=True,
        hide_details=True, clearable=True, class_="mi-choose",
    )  # fmt: skip
    with view.desk.lock:
        shown = card(course, found) if found else None
    html = card_html(shown) if shown is not None else _HINT if course.day else _HINT + _WELCOME
    SheetWidget.element(html=html, on_chosen=lambda kind, name, day: view.set_pick(Pick(kind, name)))
