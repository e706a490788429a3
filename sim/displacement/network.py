"""The network of a conflict: places, roads, borders, and which of them are open on which day.

Closures make phases: between two changes nothing about the network changes, so distances are worked out
once a phase. Governments may close borders on top of that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from sim.displacement.closures import Reading, closure_reading
from sim.displacement.conflict import Closure, Conflict, Kind

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Network:
    """Places and roads of a conflict as arrays. Borders are the crossings of the world, one a pair of countries.

    Parameters
    ----------
    conflict
        What was read from the folder.
    n_places
        Places of the conflict; a world may hold more (one for every border).
    home
        (places,) whether a place lies in the home country.
    is_camp, is_conflict, is_marker
        (places,) kinds.
    ends
        (roads, 2) places that a road joins; ``length`` (roads,) km; ``border`` (roads,) index of the
        border it crosses, -1 inside a country.
    borders
        (borders, 2) the two countries of each border, as indices into ``countries``.
    phase
        (days,) index of the phase of each day.
    road_open, place_open
        (phases, roads) and (phases, places) what is open in each phase.
    border_open
        (phases, borders) 1 where any road over a border is open, else 0.
    """

    conflict: Conflict
    countries: tuple[str, ...]
    country: IntArray
    home: BoolArray
    is_camp: BoolArray
    is_conflict: BoolArray
    is_marker: BoolArray
    ends: IntArray
    length: FloatArray
    border: IntArray
    borders: IntArray
    phase: IntArray
    road_open: BoolArray
    place_open: BoolArray
    border_open: FloatArray

    @property
    def n_places(self) -> int:
        """Number of places of the conflict."""
        return len(self.country)

    def distances(self, phase: int, is_open: FloatArray, border_km: float = 0.0) -> FloatArray:
        """Shortest ways over open roads, (places, places), km; inf where there is none.

        Parameters
        ----------
        phase
            Index of the phase.
        is_open
            (borders,) how far governments and events leave each border open, 0..1. A border that is half
            open is as long as two.
        border_km
            What crossing a border counts for, km.
        """
        crossing = self.border >= 0
        share = np.where(crossing, is_open[self.border], 1.0) if len(is_open) else np.ones(len(self.border))
        usable = self.road_open[phase] & (share > 0.0)
        km = (self.length + np.where(crossing, border_km, 0.0)) / np.where(share > 0.0, share, 1.0)
        a, b = self.ends[usable, 0], self.ends[usable, 1]
        n = self.n_places
        lengths = np.full((n, n), np.inf)
        np.minimum.at(lengths, (a, b), km[usable])
        lengths = np.minimum(lengths, lengths.T)
        # A road of 0 km would be no road in a sparse graph.
        known = np.isfinite(lengths)
        graph = csr_array(np.where(known, np.maximum(lengths, 1e-6), 0.0))
        return np.asarray(dijkstra(graph, directed=False), dtype=np.float64)


def build_network(conflict: Conflict) -> Network:
    """Turn a conflict into arrays, and its closures into phases."""
    places = conflict.places
    countries = conflict.countries
    country = np.array([countries.index(place.country) for place in places], dtype=np.int64)
    ends = np.array([(road.a, road.b) for road in conflict.roads], dtype=np.int64).reshape(-1, 2)
    pairs = np.sort(country[ends], axis=1)
    borders = conflict.borders
    border = np.array([borders.index((int(a), int(b))) if a != b else -1 for a, b in pairs], dtype=np.int64)
    phase, road_open, place_open = _phases(conflict, ends)
    return Network(
        conflict=conflict,
        countries=countries,
        country=country,
        home=country == 0,
        is_camp=_is(conflict, Kind.CAMP, Kind.IDP_CAMP),
        # A town that conflicts.csv names is a place to flee from as well.
        is_conflict=(_is(conflict, Kind.CONFLICT) | (conflict.intensity > 0.0).any(axis=0)) & ~_is(conflict, Kind.CAMP, Kind.IDP_CAMP),
        is_marker=_is(conflict, Kind.MARKER),
        ends=ends,
        length=np.array([road.distance for road in conflict.roads], dtype=np.float64),
        border=border,
        borders=np.array(borders, dtype=np.int64).reshape(-1, 2),
        phase=phase,
        road_open=road_open,
        place_open=place_open,
        border_open=np.array([[float(row[border == b].any()) for b in range(len(borders))] for row in road_open]).reshape(len(road_open), -1),
    )


def _is(conflict: Conflict, *kinds: Kind) -> BoolArray:
    return np.array([place.kind in kinds for place in conflict.places], dtype=np.bool_)


def _phases(conflict: Conflict, ends: IntArray) -> tuple[IntArray, BoolArray, BoolArray]:
    """Days on which something opens or closes cut the run into phases."""
    # Opened on the day on which it was closed: nothing, as in Flee.
    closures = [closure for closure in conflict.closures if closure.start < conflict.days and closure.end != max(closure.start, 0)]
    days = sorted({0, *(max(c.start, 0) for c in closures), *(c.end for c in closures if max(c.start, 0) < c.end < conflict.days)})
    phase = np.searchsorted(np.array(days), np.arange(conflict.days), side="right") - 1
    road_open = np.ones((len(days), len(ends)), dtype=np.bool_)
    place_open = np.ones((len(days), len(conflict.places)), dtype=np.bool_)
    for closure in closures:
        for k, day in enumerate(days):
            if closure.start <= day and (day < closure.end or closure.end <= max(closure.start, 0)):
                _close(conflict, ends, closure, road_open[k], place_open[k])
    return phase, road_open, place_open


def _close(conflict: Conflict, ends: IntArray, closure: Closure, roads: BoolArray, places: BoolArray) -> None:
    """Close what a row of ``closures.csv`` closes."""
    reading = closure_reading(closure, conflict)
    if reading.kind is Reading.COUNTRIES:
        country = np.array([place.country for place in conflict.places])
        at = country[ends]
        roads &= ~(((at[:, 0] == reading.a) & (at[:, 1] == reading.b)) | ((at[:, 0] == reading.b) & (at[:, 1] == reading.a)))
    elif reading.kind is Reading.ROAD:
        a, b = conflict.index(reading.a), conflict.index(reading.b)
        roads &= ~(((ends[:, 0] == a) & (ends[:, 1] == b)) | ((ends[:, 0] == b) & (ends[:, 1] == a)))
    elif reading.kind in (Reading.PLACE, Reading.CAMP):
        place = conflict.index(reading.a)
        places[place] = False
        if reading.kind is Reading.PLACE:
            roads &= ~(ends == place).any(axis=1)
