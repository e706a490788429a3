"""What the map shows: the fixed world, and one evening as a frame of plain numbers.

Both are plain data for JSON: the page and the exported replay draw the same frames with the same code.
"""

from __future__ import annotations

import json
from typing import TypedDict

import numpy as np

from experiments.app.course import Course
from experiments.geography import NOTE, REGION, short_place
from sim import measures
from sim.borders import closure
from sim.setting import Setting


class PlaceData(TypedDict):
    """A place as the map needs it; ``crossing`` is the index among crossings, -1 for other places."""

    name: str
    label: str
    country: str
    lon: float
    lat: float
    crossing: int


class GroupData(TypedDict):
    """A militant group: its name, whom it fights and where it shelters."""

    name: str
    target: str
    sanctuary: str | None


class Land(TypedDict):
    """An outlined country, or lines of one kind."""

    name: str
    own: bool
    rings: list[list[list[float]]]


class WorldData(TypedDict):
    """All that stays the same during a run."""

    title: str
    start: str
    days: int
    places: list[PlaceData]
    roads: list[list[int]]
    groups: list[GroupData]
    governments: list[str]
    homes: list[str]  #: country of each government
    countries: list[str]
    land: list[Land]
    lines: list[Land]
    note: str


class FrameData(TypedDict):
    """One evening. Lists over places, crossings and groups are in the world's order."""

    day: int
    date: str
    displaced: list[int]  #: people at each place who are displaced or foreign
    killed: list[float]  #: deaths of the last 30 days at each place, an exponential memory
    attacks: list[int]  #: today's attacks at each place
    open: list[float]  #: how far each crossing is open to people, 0..1
    queue: list[int]  #: people who wait at each crossing
    fighters: list[list[int]]  #: by group, at each place
    tolerance: list[float]  #: by group, how far its sanctuary is left alone, 0..1
    trips: list[list[int | str]]  #: today's (origin, target, people, reason), largest first


def world(course: Course) -> WorldData:
    """Describe the world of a course."""
    setting, scenario = course.setting, course.scenario
    w, cast = setting.world, setting.cast
    number = {int(place): c for c, place in enumerate(w.crossing_place)}
    places: list[PlaceData] = [
        PlaceData(
            name=name, label=short_place(name), country=w.countries[int(w.country[i])] if w.country[i] >= 0 else "",
            lon=float(w.lon[i]), lat=float(w.lat[i]), crossing=number.get(i, -1),
        )
        for i, name in enumerate(w.places)
    ]
    index = {name: i for i, name in enumerate(w.places)}
    land, lines = _outlines(setting)
    return WorldData(
        title=scenario.config.scenario.title or scenario.config.scenario.name,
        start=str(setting.start), days=setting.days, places=places,
        roads=[[index[r.a], index[r.b]] for r in scenario.tables.routes],
        groups=[
            GroupData(name=name, target=s.target, sanctuary=s.sanctuary)
            for name, s in zip(cast.groups, cast.group_settings, strict=True)
        ],
        governments=list(cast.governments), homes=[settings.country for settings in cast.settings], countries=list(w.countries), land=land, lines=lines,
        note=NOTE if land else "Fictional or unmapped region: places stand at their coordinates.",
    )


def _outlines(setting: Setting) -> tuple[list[Land], list[Land]]:
    """Country outlines and boundaries behind the places; none where the extract does not cover them."""
    features = json.loads(REGION.read_text(encoding="utf-8"))["features"]
    own = set(setting.world.countries)
    land: list[Land] = []
    lines: list[Land] = []
    for feature in features:
        kind, shapes = feature["properties"]["kind"], feature["geometry"]["coordinates"]
        if kind == "country":
            name = str(feature["properties"]["name"])
            land.append(Land(name=name, own=name in own, rings=[ring for shape in shapes for ring in shape]))
        else:
            lines.append(Land(name=kind, own=False, rings=list(shapes)))
    points = np.array([point for item in land for ring in item["rings"] for point in ring])
    low, high = points.min(axis=0), points.max(axis=0)
    at = np.column_stack([setting.world.lon, setting.world.lat])
    covered = bool((at >= low).all() and (at <= high).all()) and bool(own & {item["name"] for item in land})
    return (land, lines) if covered else ([], [])


def frame(course: Course) -> FrameData:
    """Describe the evening shown."""
    model, setting = course.model, course.setting
    state, w, record = model.state, setting.world, model.record
    queue = state.queue.sum(axis=(0, 1)).reshape(-1, 2).sum(axis=1) if state.queue.size else np.zeros(w.n_crossings, dtype=np.int64)
    return FrameData(
        day=course.day, date=str(course.date),
        displaced=measures.displaced_at(state, setting).tolist(),
        killed=np.round(state.death_memory * 30.0, 2).tolist(),
        attacks=record.attacks_on(course.day - 1).tolist(),
        open=np.round(1.0 - closure(state, setting, "close_people"), 3).tolist(),
        queue=queue.tolist(),
        fighters=state.fighters.tolist(),
        tolerance=tolerances(course),
        trips=[[trip.origin, trip.target, trip.people, trip.reason] for trip in course.today.trips],
    )


def tolerances(course: Course) -> list[float]:
    """How far the sanctuary of each group is left alone: 1 - cooperation of the sheltering government, 0 without one."""
    cast, state = course.setting.cast, course.model.state
    found: list[float] = []
    for g, target in enumerate(cast.group_target):
        country = cast.group_sanctuary[g]
        shelter = cast.of_country[country] if country >= 0 else -1
        found.append(round(1.0 - cast.level(state, shelter, "cooperation", cast.governments[target]), 3) if shelter >= 0 else 0.0)
    return found
