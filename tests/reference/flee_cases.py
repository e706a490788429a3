"""Small made-up conflicts in which every part of the rule ``flee`` has something to do."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import numpy as np

from sim.displacement.conflict import Closure, ClosureKind, Conflict, ConflictPlace, Kind, Road
from sim.displacement.flee_parameters import FleeParameters


def place(name: str, country: str, kind: Kind, size: int = 0, date: int = 0, **attributes: str) -> ConflictPlace:
    camp = kind in (Kind.CAMP, Kind.IDP_CAMP)
    return ConflictPlace(name, "", country, float(len(name)), 5.0, kind, date, 0 if camp else size, size if camp else 0, attributes)


def conflict(
    places: list[ConflictPlace], roads: list[tuple[str, str, float] | tuple[str, str, float, int] | tuple[str, str, float, int, float | None, float]],
    zones: dict[str, list[float]], people: list[int], *, first: dict[str, int] | None = None, closures: list[Closure] | None = None,
) -> Conflict:
    """A conflict whose scored "camps" are all of its places, so that a comparison sees everybody who is at one."""
    names = [p.name for p in places]
    days = len(people)
    intensity = np.zeros((days, len(places)))
    for name, values in zones.items():
        intensity[:, names.index(name)] = (values * days)[:days] if len(values) < days else values[:days]
    counts = np.zeros((days, len(places)), dtype=np.int64)
    for name, number in (first or {}).items():
        counts[:, names.index(name)] = number
    known = np.array(people, dtype=np.int64)
    built = []
    for row in roads:
        redirection = row[3] if len(row) > 3 else 0
        speed, walk = (row[4], row[5]) if len(row) > 4 else (None, 0.0)
        built.append(Road(names.index(row[0]), names.index(row[1]), float(row[2]), redirection, speed, walk))
    return Conflict(
        name="made up", folder=Path("made-up"), start=dt.date(2020, 1, 1), days=days, places=tuple(places), roads=tuple(built),
        closures=tuple(closures or ()), intensity=intensity, camps=np.arange(len(places)), counts=counts,
        known=known, total=known, files=(), home=places[0].country,
    )


DAYS = 16
RISING = [60, *np.linspace(120, 420, DAYS - 3).astype(int).tolist(), 400, 440]


def valley() -> Conflict:
    """Two zones (one that ends and comes back weaker), towns, a hub, three camps of which two fill up, closures of every kind."""
    return conflict(
        [
            place("Alma", "Home", Kind.CONFLICT, 4000), place("Bera", "Home", Kind.CONFLICT, 1500, 3), place("Cola", "Home", Kind.TOWN, 900),
            place("Dore", "Home", Kind.TOWN, 700), place("Hub", "Away", Kind.HUB), place("Uno", "Away", Kind.CAMP, 110),
            place("Due", "Away", Kind.CAMP, 90), place("Tre", "Far", Kind.CAMP, 5000), place("Idp", "Home", Kind.IDP_CAMP, 60, capacity_per_day="2"),
        ],
        [
            ("Alma", "Bera", 60), ("Alma", "Cola", 34), ("Bera", "Cola", 70, 0, 120.0, 0.3), ("Cola", "Dore", 41), ("Cola", "Hub", 90),
            ("Dore", "Hub", 200), ("Hub", "Uno", 25, 1), ("Hub", "Due", 130), ("Dore", "Tre", 310), ("Uno", "Due", 75), ("Bera", "Idp", 35),
        ],
        {"Alma": [1.0] * 9 + [0.0] * 3 + [1.0] * 4, "Bera": [0.0] * 2 + [0.5] * 4 + [1.0] * 7 + [0.0] * 3},
        RISING, first={"Uno": 40, "Tre": 20},
        closures=[
            Closure(ClosureKind.COUNTRY, "Home", "Far", 2, 6), Closure(ClosureKind.LINK, "Cola", "Dore", 5, 8),
            Closure(ClosureKind.LOCATION, "Hub", "Dore", 7, 9), Closure(ClosureKind.CAMP, "Due", "", 0, 4),
            Closure(ClosureKind.REDIRECTION, "Hub", "Uno", 6, 0),
        ],
    )


def crossroads() -> Conflict:
    """Ways through crossroads and towns to camps that fill up while people are on planned routes to them."""
    return conflict(
        [
            place("Alma", "Home", Kind.CONFLICT, 3000), place("Mid", "Home", Kind.MARKER), place("Cola", "Home", Kind.TOWN, 900),
            place("Dore", "Home", Kind.TOWN, 500), place("Uno", "Away", Kind.CAMP, 70), place("Due", "Away", Kind.CAMP, 60),
            place("Tre", "Away", Kind.CAMP, 0),
        ],
        [
            ("Alma", "Mid", 20), ("Mid", "Cola", 80), ("Mid", "Dore", 100), ("Cola", "Uno", 60), ("Cola", "Due", 150), ("Dore", "Due", 90),
            ("Dore", "Tre", 400), ("Cola", "Dore", 45), ("Alma", "Dore", 190, 0, 95.0, 0.0),
        ],
        {"Alma": [1.0]}, RISING, first={"Uno": 10},
        closures=[Closure(ClosureKind.LINK, "Dore", "Due", 6, 9), Closure(ClosureKind.LOCATION, "Cola", "", 10, 12)],
    )


def parameters(**changes: object) -> FleeParameters:
    """Camps whose people leave often enough to be seen."""
    return dataclasses.replace(FleeParameters(camp_movechance=0.03, decay_interval=4), **changes)  # type: ignore[arg-type]
