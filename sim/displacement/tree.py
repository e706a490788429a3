"""A conflict folder as a scenario: what its ``scenario.yaml`` and its ``places.csv`` would hold."""

from __future__ import annotations

from sim.displacement.conflict import Conflict, ConflictPlace
from sim.tables import Place


def scenario_tree(conflict: Conflict) -> dict[str, object]:
    """Return what ``scenario.yaml`` would hold: the days, and nobody who governs or fights."""
    return {
        "schema_version": 1,
        "title": conflict.name,
        "start": conflict.start.isoformat(),
        "end": conflict.end.isoformat(),
        "governments": {},
        "groups": {},
        "mediators": {},
    }


def scenario_places(conflict: Conflict) -> tuple[Place, ...]:
    """Return the places as a scenario has them.

    Nobody lives there at the start, since people come from a reservoir; residents only weigh where they
    come from. Such places of the home country are home regions. Borders follow as crossings, so that
    levers and events can name them.
    """
    borders = zip(conflict.border_names, conflict.border_middles, strict=True)
    return (*(_place(place, conflict.home) for place in conflict.places), *(_border(name, *middle) for name, middle in borders))


def _border(name: str, lat: float, lon: float) -> Place:
    return Place(
        name=name, country="", region="", kind="crossing", lat=lat, lon=lon, population=0, home_region="", return_share=None,
        attractiveness=None, capacity=None, permeability=0.0, trade_share=0.0,
    )


def _place(place: ConflictPlace, home: str) -> Place:
    return Place(
        name=place.name,
        country=place.country,
        region=place.region,
        kind="camp" if place.is_camp else "area",
        lat=place.lat,
        lon=place.lon,
        population=0,
        home_region=place.region if place.country == home and place.population > 0 else "",
        return_share=None,
        attractiveness=None,
        capacity=float(place.capacity) if place.capacity > 0 else None,
        permeability=0.0,
        trade_share=0.0,
    )


def describe(conflict: Conflict) -> str:
    """Return one line on what a folder holds, with what plays no part and what was read in spite of a flaw."""
    zones = int((conflict.intensity > 0.0).any(axis=0).sum())
    people = int(conflict.known.max())
    words = [
        f"{len(conflict.places)} places ({len(conflict.camps)} camps, {zones} with fighting), {len(conflict.roads)} roads, "
        f"{len(conflict.closures)} closures, {conflict.days} days from {conflict.start} to {conflict.end}, "
        f"up to {people} people in the counts"
    ]
    if conflict.unused:
        words.append(f"not used: {', '.join(conflict.unused)}")
    words += conflict.remarks
    return "; ".join(words)
