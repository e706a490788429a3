"""Baselines that use no model of movement: what any model has to beat before it may claim skill.

Each returns people in each camp, (days, camps), from what the folder of a conflict holds. They differ in what they are
told, and :data:`BASELINES` says so: some know the registered totals of each day, one the registered counts of day 30,
some the camps' capacities, which in these folders mostly equal the peaks of the scored counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from sim.displacement.conflict import Conflict
from sim.displacement.network import Network, build_network

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
#: The day whose shares are kept for ever in :func:`frozen_shares`.
FROZEN_DAY = 30


@dataclass(frozen=True)
class Baseline:
    """One baseline: how it counts, what it does in one line, and whether it is told the capacities."""

    counts: Callable[[Conflict], FloatArray]
    title: str
    does: str
    knows_capacities: bool


def inflow(conflict: Conflict) -> FloatArray:
    """Return the people who become known each day, (days,): increases of all registered series together.

    A fall makes a debt that later increases pay off first, so nobody is counted twice. Day 0 is 0: those people are
    in the camps already.
    """
    known = np.asarray(conflict.known, dtype=np.float64)
    most = np.maximum.accumulate(known)
    return np.diff(most, prepend=most[:1])


def open_camps(conflict: Conflict, network: Network) -> BoolArray:
    """Return which camps are open, (days, camps): neither the camp nor the border to the home country is closed.

    A border counts as closed on the days on which every road over it is closed.
    """
    camps = np.asarray(conflict.camps)
    camp_country = network.country[camps]
    phases = network.place_open[:, camps].copy()
    for index, (first, second) in enumerate(network.borders):
        if network.country[0] not in (first, second):
            continue
        other = second if first == network.country[0] else first
        shut = ~network.road_open[:, network.border == index].any(axis=1)
        phases[np.ix_(shut, camp_country == other)] = False
    return np.asarray(phases[network.phase])


def equal_shares(conflict: Conflict) -> FloatArray:
    """Share each day's registered total equally over all camps, open or not."""
    return _spread(conflict, np.ones(len(conflict.camps)))


def frozen_shares(conflict: Conflict) -> FloatArray:
    """Share each day's registered total as the registered counts of day 30 are shared."""
    return _spread(conflict, conflict.counts[min(FROZEN_DAY, conflict.days - 1)])


def capacity_shares(conflict: Conflict) -> FloatArray:
    """Share each day's registered total in proportion to capacity."""
    return _spread(conflict, _capacities(conflict))


def remaining_capacity(conflict: Conflict) -> FloatArray:
    """Share each day's inflow over the open camps in proportion to capacity minus present count, without roads."""
    return _fill(conflict, open_camps(conflict, build_network(conflict)))


def remaining_capacity_any_border(conflict: Conflict) -> FloatArray:
    """Do as :func:`remaining_capacity`, with closed camps closed and closed borders ignored."""
    network = build_network(conflict)
    return _fill(conflict, network.place_open[:, np.asarray(conflict.camps)][network.phase])


def nearest_camp(conflict: Conflict) -> FloatArray:
    """Send each day's inflow to the nearest open camp over open roads, at once.

    Inflow is shared over the places in conflict by population and intensity of that day (on a day without conflict: as
    on the last day with one, before the first one by population of all conflict zones). Who can reach no open camp
    waits at the origin until there is one.
    """
    network = build_network(conflict)
    camps = np.asarray(conflict.camps)
    nobody_over_border = np.ones(len(network.borders))
    nearest = [
        _nearest(network.distances(phase, nobody_over_border)[:, camps], network.place_open[phase][camps])
        for phase in range(len(network.place_open))
    ]
    population = np.array([float(place.population) for place in conflict.places])
    weights = population * network.is_conflict
    arrivals = inflow(conflict)
    waiting = np.zeros(len(population))
    counts = np.empty((conflict.days, len(camps)))
    counts[0] = conflict.counts[0]
    for day in range(1, conflict.days):
        today = population * conflict.intensity[day]
        if today.sum() > 0.0:
            weights = today
        waiting += arrivals[day] * _shares(weights)
        target = nearest[network.phase[day]]
        goes = target >= 0
        counts[day] = counts[day - 1] + np.bincount(target[goes], waiting[goes], minlength=len(camps))
        waiting[goes] = 0.0
    return counts


def _nearest(distance: FloatArray, is_open: BoolArray) -> NDArray[np.int64]:
    """Return the nearest open camp of each place, -1 where none can be reached; ties go to the first camp."""
    usable = np.where(is_open, distance, np.inf)
    best = np.argmin(usable, axis=1)
    return np.asarray(np.where(np.isfinite(usable[np.arange(len(usable)), best]), best, -1), dtype=np.int64)


def _fill(conflict: Conflict, is_open: BoolArray) -> FloatArray:
    """Let each day's inflow go where there is room; with no room anywhere, by capacity, and with no camp open, to all."""
    capacity = _capacities(conflict)
    counts = np.empty((conflict.days, len(capacity)))
    counts[0] = conflict.counts[0]
    arrivals = inflow(conflict)
    for day in range(1, conflict.days):
        usable = is_open[day] if is_open[day].any() else np.ones(len(capacity), dtype=np.bool_)
        room = np.maximum(capacity - counts[day - 1], 0.0) * usable
        counts[day] = counts[day - 1] + arrivals[day] * _shares(room if room.sum() > 0.0 else capacity * usable)
    return counts


def _capacities(conflict: Conflict) -> FloatArray:
    """Return the capacity of each camp; an unlimited one (0) counts as the largest that is stated."""
    stated = np.array([float(conflict.places[index].capacity) for index in conflict.camps])
    return np.where(stated > 0.0, stated, stated.max(initial=0.0) or 1.0)


def _spread(conflict: Conflict, weights: NDArray[np.generic]) -> FloatArray:
    """Share each day's registered total over the camps by fixed weights."""
    total = np.asarray(conflict.counts, dtype=np.float64).sum(axis=1)
    return np.asarray(total[:, None] * _shares(np.asarray(weights, dtype=np.float64)))


def _shares(weights: FloatArray) -> FloatArray:
    """Return weights as shares; equal ones when all are zero."""
    total = weights.sum()
    return weights / total if total > 0.0 else np.full(len(weights), 1.0 / len(weights))


#: All baselines by name, in the order of tables.
BASELINES: Mapping[str, Baseline] = MappingProxyType({
    "equal_shares": Baseline(
        equal_shares, "equal shares", "each day's registered total, the same for every camp, open or not", False
    ),
    "nearest_camp": Baseline(
        nearest_camp, "nearest camp",
        "each day's inflow by population in active conflict, at once to the nearest open camp that can be reached", False,
    ),
    "frozen_day_30": Baseline(
        frozen_shares, "frozen day 30", "each day's registered total, shared as the registered counts of day 30", False
    ),
    "capacity_share": Baseline(
        capacity_shares, "capacity share", "each day's registered total, shared by capacity", True
    ),
    "remaining_capacity": Baseline(
        remaining_capacity, "remaining capacity",
        "each day's inflow over the camps that are open behind open borders, by capacity minus present count", True,
    ),
    "remaining_capacity_any_border": Baseline(
        remaining_capacity_any_border, "remaining, any border",
        "as remaining capacity, but closed borders are ignored (closed camps are not)", True,
    ),
})  # fmt: skip
