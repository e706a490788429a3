"""The stage: the map of one course."""

from __future__ import annotations

import json
from collections.abc import Iterable

import solara

from experiments.app.course import Course
from experiments.app.following import path_data
from experiments.app.frame import FrameData, frame, world
from experiments.app.panels.context import Pick, View
from experiments.app.unsaved import unsaved
from experiments.app.widgets import MapWidget


def compact(data: object) -> str:
    """Return JSON without spaces."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def grown(top: dict[str, float], frames: Iterable[FrameData]) -> dict[str, float]:
    """Return the largest numbers of some evenings, none below ``top``: two maps side by side have one scale."""
    found = dict(top)
    for data in frames:
        seen: dict[str, list[float]] = {
            "people": [float(n) for n in data["displaced"]], "killed": data["killed"],
            "trip": [float(trip[2]) for trip in data["trips"]], "fighters": [float(n) for numbers in data["fighters"] for n in numbers],
        }
        for key, values in seen.items():
            found[key] = max([found.get(key, 0.0), *values])
    return found


@solara.component
def Stage(view: View, course: Course, leads: bool) -> None:
    """Show the map of a course; the one that ``leads`` tells when a day is on the screen."""
    fixed = solara.use_memo(lambda: compact(world(course)), [course])
    desk = view.desk
    # What both maps have shown since the screen was split; the other side's map keeps the same numbers.
    top = solara.use_memo(dict[str, float], [id(desk.course), id(desk.other)])
    with desk.lock:
        data = frame(course)
        if desk.other is not None:
            top.update(grown(top, (data if one is course else frame(one) for one in desk.courses)))
        what = compact({
            "selected": {"kind": view.pick.kind, "name": view.pick.name}, "family": path_data(course), "arrows": True,
            "top": top if desk.other is not None else None, "running": leads and desk.running, "unsaved": leads and unsaved(desk),
        })
    shown = compact(data)
    MapWidget.element(
        world=fixed, frame=shown, view=what, acknowledge=leads,
        on_pick=lambda kind, name: view.set_pick(Pick(kind, name)),
        on_shown=lambda day: view.desk.shown(),
    )
