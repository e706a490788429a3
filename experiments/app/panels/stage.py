"""The stage: the map of one course."""

from __future__ import annotations

import json

import solara

from experiments.app.course import Course
from experiments.app.following import path_data
from experiments.app.frame import frame, world
from experiments.app.panels.context import Pick, View
from experiments.app.widgets import MapWidget


def compact(data: object) -> str:
    """Return JSON without spaces."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@solara.component
def Stage(view: View, course: Course, leads: bool) -> None:
    """Show the map of a course; the one that ``leads`` tells when a day is on the screen."""
    fixed = solara.use_memo(lambda: compact(world(course)), [course])
    with view.desk.lock:
        shown = compact(frame(course))
    what = compact({"selected": {"kind": view.pick.kind, "name": view.pick.name}, "family": path_data(course), "arrows": True})
    MapWidget.element(
        world=fixed, frame=shown, view=what, acknowledge=leads,
        on_pick=lambda kind, name: view.set_pick(Pick(kind, name)),
        on_shown=lambda day: view.desk.shown(),
    )
