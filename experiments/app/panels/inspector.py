"""The inspector: pick anything by name or on the map; its numbers, its history, and why it decided as it did."""

from __future__ import annotations

import solara

from experiments.app.cardhtml import card_html
from experiments.app.inspect import card, pickable, resolve
from experiments.app.panels.context import Pick, View
from experiments.app.sheet import SheetWidget

_HINT = (
    '<p class="mi-hint" data-testid="card">Click a place, a crossing, a group or a country on the map, or choose by name above: '
    "its numbers, its history, and why it last decided as it did.</p>"
)


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
    html = _HINT if shown is None else card_html(shown)
    SheetWidget.element(html=html, on_chosen=lambda kind, name, day: view.set_pick(Pick(kind, name)))
