"""Directed links and routes of the rule ``flee``: every simple way of up to ``awareness_level`` links.

The routes of the whole network are listed once; a day uses those whose links are all open.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.displacement.conflict import Conflict, Kind
from sim.displacement.flee_parameters import FleeParameters

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

EARTH_KM = 6373.0  # radius that Flee uses


@dataclass(frozen=True)
class Links:
    """Directed links, two a road.

    Parameters
    ----------
    n_places
        Number of places.
    start, end
        (links,) places.
    metres
        (links,) length.
    speed
        (links,) km/day by vehicle where the road says so, else nan.
    walk
        (links,) chance to walk the link.
    redirecting
        (links,) whether the file sends all who set out at its start along this link.
    """

    n_places: int
    start: IntArray
    end: IntArray
    metres: IntArray
    speed: FloatArray
    walk: FloatArray
    redirecting: BoolArray

    def first_open(self, link_open: BoolArray) -> IntArray:
        """(places, places) the first open link from one place to the next, -1 where there is none."""
        table = np.full((self.n_places, self.n_places), len(self.start), dtype=np.int64)
        usable = np.flatnonzero(link_open)
        np.minimum.at(table, (self.start[usable], self.end[usable]), usable)
        return np.where(table == len(self.start), -1, table)


@dataclass(frozen=True)
class Routes:
    """All routes, and what remains of each behind its first link.

    Parameters
    ----------
    start, end
        (routes,) places.
    km
        (routes,) length.
    near
        (routes,) factor of the score of the end for being near, 1 without ``stay_close_to_home``.
    links
        (routes, longest) links of each route, filled up with its first.
    column
        (routes,) number of the route among those of its start; ``width`` the most of one start.
    rest
        (routes,) plan that remains behind the first link, 0 for none.
    plan_next, plan_after, plan_end
        (plans,) the next place of a plan, the plan that remains behind it, its last place. Plan 0 is none.
    """

    start: IntArray
    end: IntArray
    km: FloatArray
    near: FloatArray
    links: IntArray
    column: IntArray
    width: int
    rest: IntArray
    plan_next: IntArray
    plan_after: IntArray
    plan_end: IntArray

    def table(self, values: NDArray[Any], rows: int, fill: float = 0.0) -> FloatArray:
        """Values of routes as (places, columns)."""
        table = np.full((rows, self.width), fill, dtype=np.float64)
        table[self.start, self.column] = values
        return table


def build_links(conflict: Conflict, parameters: FleeParameters) -> Links:
    """Two directed links for each road, a to b and b to a."""
    start: list[int] = []
    end: list[int] = []
    road_of: list[int] = []
    redirecting: list[bool] = []
    for i, road in enumerate(conflict.roads):
        # Flee makes four links of a road with forced redirection 1, so that its weight counts twice.
        for _ in range(2 if parameters.as_flee and road.redirection == 1 else 1):
            start += [road.a, road.b]
            end += [road.b, road.a]
            road_of += [i, i]
            redirecting += [road.redirection in (1, 2), False]
    roads = [conflict.roads[i] for i in road_of]
    return Links(
        n_places=len(conflict.places),
        start=np.array(start, dtype=np.int64),
        end=np.array(end, dtype=np.int64),
        metres=np.array([round(road.distance * 1000.0) for road in roads], dtype=np.int64),
        speed=np.array([math.nan if road.max_move_speed is None else road.max_move_speed for road in roads], dtype=np.float64),
        walk=np.array([road.walk_probability for road in roads], dtype=np.float64),
        redirecting=np.array(redirecting, dtype=np.bool_) & (not parameters.as_flee),
    )


def build_routes(conflict: Conflict, links: Links, parameters: FleeParameters) -> Routes:
    """List every simple route of up to ``awareness_level`` links; crossroads cost none and are no destination."""
    outward: list[list[int]] = [[] for _ in conflict.places]
    for link, place in enumerate(links.start.tolist()):
        outward[place].append(link)
    marker = [place.kind is Kind.MARKER for place in conflict.places]
    found: list[tuple[int, ...]] = []

    def search(way: tuple[int, ...], visited: tuple[int, ...], steps: int) -> None:
        here = int(links.end[way[-1]])
        if not marker[here]:
            found.append(way)
            steps += 1
        if steps < parameters.awareness_level:
            for link in outward[here]:
                if int(links.end[link]) not in visited:
                    search((*way, link), (*visited, here), steps)

    for place, ways in enumerate(outward):
        for link in ways:
            search((link,), (place,), 0)
    return _listed(conflict, links, found, parameters)


def _listed(conflict: Conflict, links: Links, found: list[tuple[int, ...]], parameters: FleeParameters) -> Routes:
    """Turn the ways found into arrays."""
    plans: dict[tuple[int, ...], int] = {(): 0}
    waypoints = [tuple(int(links.end[link]) for link in way[1:]) for way in found]
    for points in waypoints:
        for first in range(len(points) - 1, -1, -1):
            plans.setdefault(points[first:], len(plans))
    longest = max((len(way) for way in found), default=1)
    start = np.array([links.start[way[0]] for way in found], dtype=np.int64)
    end = np.array([links.end[way[-1]] for way in found], dtype=np.int64)
    seen = [0] * links.n_places
    column = np.zeros(len(found), dtype=np.int64)
    for i, place in enumerate(start.tolist()):
        column[i] = seen[place]
        seen[place] += 1
    near = np.ones(len(found))
    if parameters.stay_close_to_home:
        near = np.array([_nearness(conflict, a, b, parameters) for a, b in zip(start.tolist(), end.tolist(), strict=True)])
    return Routes(
        start=start,
        end=end,
        km=np.array([math.fsum(links.metres[list(way)]) / 1000.0 for way in found], dtype=np.float64),
        near=near,
        links=np.array([way + way[:1] * (longest - len(way)) for way in found], dtype=np.int64).reshape(-1, longest),
        column=column,
        width=max(*seen, 1),
        rest=np.array([plans[points] for points in waypoints], dtype=np.int64),
        plan_next=np.array([plan[0] if plan else -1 for plan in plans], dtype=np.int64),
        plan_after=np.array([plans[plan[1:]] if plan else 0 for plan in plans], dtype=np.int64),
        plan_end=np.array([plan[-1] if plan else -1 for plan in plans], dtype=np.int64),
    )


def _nearness(conflict: Conflict, a: int, b: int, parameters: FleeParameters) -> float:
    """Factor that falls with the distance as the crow flies. Flee takes latitude for longitude."""
    (lat1, lon1), (lat2, lon2) = (
        (place.lon, place.lat) if parameters.as_flee else (place.lat, place.lon) for place in (conflict.places[a], conflict.places[b])
    )
    lat1, lon1, lat2, lon2 = map(math.radians, (lat1, lon1, lat2, lon2))
    chord = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    km = 2.0 * EARTH_KM * math.atan2(math.sqrt(chord), math.sqrt(max(1.0 - chord, 0.0)))
    return float(max(1.0, km) ** -parameters.home_distance_power)
