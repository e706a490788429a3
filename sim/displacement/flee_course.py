"""What the rule ``flee`` meets day by day: conflict zones, closures, capacities, newcomers.

Everything here is known beforehand from the folder, so it is worked out once, in either reading
(docs/flee.md says where they differ).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.errors import InputError
from sim.displacement.closures import Reading, closure_reading
from sim.displacement.conflict import Closure, ClosureKind, Conflict, Kind
from sim.displacement.flee_parameters import FleeParameters
from sim.displacement.flee_routes import Links, Routes, build_links, build_routes
from sim.displacement.flee_rule import FleeDay

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Intensities below this are peace (Flee).
_PEACE = 1e-6


@dataclass(frozen=True)
class Zones:
    """Conflict zones day by day.

    Parameters
    ----------
    intensity
        (days, places) intensity that counts, 0 in peace.
    age
        (days, places) days since the fighting began; means something where ``intensity`` > 0.
    ended
        (days, places) where fighting has ended, which leaves a town behind.
    """

    intensity: FloatArray
    age: IntArray
    ended: BoolArray


def conflict_zones(conflict: Conflict, parameters: FleeParameters) -> Zones:
    """Switch conflict zones on and off.

    Flee acts on changes from or to 0 only, and a conflict zone whose ``conflict_date`` is 0 is one from the
    start, whatever ``conflicts.csv`` says of the first day.
    """
    given = np.where(conflict.intensity >= _PEACE, conflict.intensity, 0.0)
    days, places = given.shape
    intensity = np.zeros((days, places))
    age = np.zeros((days, places), dtype=np.int64)
    ended = np.zeros((days, places), dtype=np.bool_)
    now, since = np.zeros(places), np.zeros(places, dtype=np.int64)
    if parameters.as_flee:
        zone = [place.kind is Kind.CONFLICT and place.conflict_date <= 0 for place in conflict.places]
        now = np.array([float(place.attributes.get("conflict_intensity") or 1.0) for place in conflict.places]) * zone
        since[:] = -1
    over = np.array([place.kind is Kind.CONFLICT for place in conflict.places]) & (now <= 0.0)
    before = np.zeros(places)
    for t in range(days):
        begins, ends = (given[t] > 0.0) & (before <= 0.0), (given[t] <= 0.0) & (before > 0.0)
        since[begins] = t
        over = (over | ends) & ~begins
        now = np.where(begins, given[t], np.where(ends, 0.0, now)) if parameters.as_flee else given[t]
        intensity[t], age[t], ended[t] = now, t - since, over
        before = given[t]
    return Zones(intensity, age, ended)


@dataclass(frozen=True)
class Course:
    """The whole course of a conflict as the rule ``flee`` meets it.

    Parameters
    ----------
    conflict, parameters, links, routes, zones
        What it is made of.
    link_open
        (days, links).
    camp_shut
        (days, places) camps that are closed, and towns meanwhile.
    redirect
        (days, places) link that all who set out must take, -1 for none.
    capacity
        (days, places) scaled capacity; below 1 it is unlimited.
    score, move_chance
        (days, places).
    town, camp
        (days, places).
    spawn_weight
        (days, places) where newcomers come from.
    newcomers
        (days,) how many.
    """

    conflict: Conflict
    parameters: FleeParameters
    links: Links
    routes: Routes
    zones: Zones
    link_open: BoolArray
    camp_shut: BoolArray
    redirect: IntArray
    capacity: FloatArray
    score: FloatArray
    move_chance: FloatArray
    town: BoolArray
    camp: BoolArray
    spawn_weight: FloatArray
    newcomers: IntArray

    def day(self, t: int, link_open: BoolArray | None = None, others: IntArray | None = None) -> FleeDay:
        """Return what travellers meet on day ``t``, with links closed and places filled by others besides."""
        return FleeDay(
            links=self.links, routes=self.routes,
            link_open=self.link_open[t] if link_open is None else self.link_open[t] & link_open,
            score=self.score[t], move_chance=self.move_chance[t], town=self.town[t], camp=self.camp[t],
            capacity=self.capacity[t], redirect=self.redirect[t],
            others=np.zeros(self.links.n_places, dtype=np.int64) if others is None else others,
        )


def build_course(conflict: Conflict, parameters: FleeParameters, *, limits: bool = True) -> Course:
    """Work out what does not depend on luck.

    Parameters
    ----------
    limits
        Whether camps have the capacities of the folder; without, all are unlimited.
    """
    links = build_links(conflict, parameters)
    zones = conflict_zones(conflict, parameters)
    link_open, camp_shut, redirect = _closures(conflict, links, parameters)
    camps = np.array([place.kind in (Kind.CAMP, Kind.IDP_CAMP) for place in conflict.places])
    foreign = np.array([place.country != conflict.home for place in conflict.places])
    fighting = (zones.intensity > 0.0) & ~camp_shut
    camp = camps & ~camp_shut
    decay = _decay(zones.age, parameters)
    fear = np.where(fighting, parameters.conflict_weight ** (decay * zones.intensity), 1.0)
    score = np.where(foreign, parameters.foreign_weight, 1.0) * np.where(camp, parameters.camp_weight, 1.0) * fear
    population = np.array([place.population for place in conflict.places], dtype=np.float64)
    chance, town = _chances(conflict, zones, fighting, camp_shut, parameters)
    return Course(
        conflict=conflict, parameters=parameters, links=links, routes=build_routes(conflict, links, parameters), zones=zones,
        link_open=link_open, camp_shut=camp_shut, redirect=redirect,
        capacity=_capacities(conflict, parameters) if limits else np.zeros_like(score),
        score=score, move_chance=chance, town=town, camp=camp,
        spawn_weight=np.where(fighting, population * zones.intensity * decay, 0.0), newcomers=newcomers(conflict, parameters),
    )


def newcomers(conflict: Conflict, parameters: FleeParameters) -> IntArray:
    """Count who enters on each day: what the known number grows by, less earlier falls (a debt)."""
    known = conflict.known if parameters.sum_from_camps else conflict.total
    entering = np.zeros(conflict.days, dtype=np.int64)
    debt = 0
    for t in range(conflict.days):
        if t == 0:
            entering[0] = 0 if parameters.insert_day0 else max(int(known[0]), 0)
            continue
        more = int(known[t]) - int(known[t - 1]) - debt
        entering[t], debt = max(more, 0), max(-more, 0)
    return entering


def _decay(age: IntArray, parameters: FleeParameters) -> FloatArray:
    """Weight of a conflict by its age, for a whole table."""
    steps = np.array([parameters.decay(k * parameters.decay_interval) for k in range(max(len(parameters.spawn_decay), 1))])
    return np.asarray(steps[np.clip(age // parameters.decay_interval, 0, len(steps) - 1)])


def _chances(
    conflict: Conflict, zones: Zones, fighting: BoolArray, shut: BoolArray, parameters: FleeParameters
) -> tuple[FloatArray, BoolArray]:
    """Move chance and whether a place is a town, (days, places)."""
    p = parameters
    by_kind = {
        Kind.CAMP: p.camp_movechance, Kind.IDP_CAMP: p.idpcamp_movechance, Kind.CONFLICT: p.conflict_movechance,
        Kind.HUB: p.hub_movechance, Kind.MARKER: p.hub_movechance,
    }
    base = np.array([by_kind.get(place.kind, p.default_movechance) for place in conflict.places])
    kind = np.array([place.kind is Kind.TOWN for place in conflict.places])
    zone = np.array([place.kind is Kind.CONFLICT for place in conflict.places])
    # After fighting Flee leaves a town behind, whatever was there before; in our reading only a conflict zone becomes one.
    peace = (zones.ended if p.as_flee else zones.ended & zone) | shut
    chance = np.where(fighting, p.conflict_movechance, np.where(peace, p.default_movechance, base))
    town = ~fighting & (peace | kind)
    if p.movechance_pop_power != 0.0:
        size = np.array([max(place.population, place.capacity) for place in conflict.places], dtype=np.float64)
        chance = np.minimum(chance * (np.maximum(size, 1.0) / p.movechance_pop_base) ** p.movechance_pop_power, 1.0)
    return np.asarray(chance, dtype=np.float64), np.asarray(town)


def _capacities(conflict: Conflict, parameters: FleeParameters) -> FloatArray:
    """Scaled capacities, (days, places).

    Flee takes the people of day 0 off the capacity and counts them as occupants all the same.
    """
    capacity = np.array([place.capacity for place in conflict.places], dtype=np.float64)
    growth = np.array([float(place.attributes.get("capacity_per_day") or 0.0) for place in conflict.places])
    if parameters.as_flee and parameters.insert_day0:
        counted = np.zeros(len(conflict.places))
        counted[conflict.camps] = conflict.counts[0]
        capacity = np.where(capacity > 0.0, capacity - counted, capacity)
    grown = capacity[None, :] + np.arange(1, conflict.days + 1)[:, None] * growth[None, :]
    return np.asarray(grown * parameters.capacity_scaling)


def _closures(conflict: Conflict, links: Links, parameters: FleeParameters) -> tuple[BoolArray, BoolArray, IntArray]:
    """Open links, closed camps and redirections, day by day."""
    days, n = conflict.days, len(conflict.places)
    link_open = np.ones((days, len(links.start)), dtype=np.bool_)
    camp_shut = np.zeros((days, n), dtype=np.bool_)
    forced = np.tile(links.redirecting, (days, 1))
    index = {place.name: i for i, place in enumerate(conflict.places)}
    for t, row, begins in _events(conflict.closures, days, parameters):
        if row.kind in (ClosureKind.CAMP, ClosureKind.IDP_CAMP):
            if row.name1 in index:
                camp_shut[t:, index[row.name1]] = begins
        elif row.kind is ClosureKind.REDIRECTION:
            ends = (index.get(row.name1, -1), index.get(row.name2, -1))
            forced[t:, links.redirecting & (links.start == ends[0]) & (links.end == ends[1])] = not begins
        else:
            link_open[t:, closed_links(conflict, links, row, parameters)] = not begins
    if not parameters.as_flee:  # a link stays closed while any row closes it
        link_open[:] = True
        for row in conflict.closures:
            if row.kind in (ClosureKind.COUNTRY, ClosureKind.LOCATION, ClosureKind.LINK):
                until = row.end if row.end >= max(row.start, 0) else days
                link_open[max(row.start, 0) : until, closed_links(conflict, links, row, parameters)] = False
    redirect = np.full((days, n), -1, dtype=np.int64)
    for link in np.flatnonzero(links.redirecting):
        redirect[:, links.start[link]] = np.where(forced[:, link], link, redirect[:, links.start[link]])
    return link_open, camp_shut, redirect


def _events(closures: tuple[Closure, ...], days: int, parameters: FleeParameters) -> list[tuple[int, Closure, bool]]:
    """When rows of ``closures.csv`` act, in Flee's order: by day, then row by row, start before end."""
    found = []
    for i, row in enumerate(closures):
        # What begins before the first day never begins in Flee.
        start = row.start if parameters.as_flee else max(row.start, 0)
        found.append((start, i, row, True))
        if row.end >= start:
            found.append((row.end, i, row, False))
    return [(t, row, begins) for t, _, row, begins in sorted(found, key=lambda e: (e[0], e[1])) if 0 <= t < days]


def closed_links(conflict: Conflict, links: Links, row: Closure, parameters: FleeParameters) -> BoolArray:
    """Directed links that a row of ``closures.csv`` closes, in either reading."""
    reading = closure_reading(row, conflict, flee=parameters.as_flee)
    named = [place.country if reading.kind is Reading.COUNTRIES else place.name for place in conflict.places]
    names = np.array(named)
    a, b = names[links.start], names[links.end]
    if reading.kind is Reading.PLACE:
        return np.asarray((a == reading.a) | (b == reading.a))
    if reading.kind in (Reading.COUNTRIES, Reading.ROAD):
        return np.asarray(((a == reading.a) & (b == reading.b)) | ((a == reading.b) & (b == reading.a)))
    return np.zeros(len(links.start), dtype=np.bool_)


def check_origins(course: Course) -> None:
    """Refuse a conflict into which people come but in which there is no place to flee from."""
    if course.newcomers.sum() > 0 and not (course.spawn_weight.sum(axis=1) > 0.0).any():
        raise InputError(
            f"{course.conflict.folder}: people arrive, but no place with population is ever a conflict zone; "
            "give conflicts.csv an intensity above 0, or locations.csv a population"
        )
