"""Gates and destinations: crossings with a direction, and where people go beyond them.

A trip abroad is a nested choice: first a gate, weighed by all that can be reached beyond it, then,
once through the gate, a destination. Both follow gravity: mass times distance^-gamma.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.people import Populations
from sim.world import World

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Destinations kept for one origin; the others are so far or small that they hardly matter.
MOST_DESTINATIONS = 12
#: Gates with less weight than this share of the best one are no way home.
LEAST_SHARE = 0.01


@dataclass(frozen=True)
class Gates:
    """Directed crossings. Gate ``2c`` leads from ``sides[c, 0]`` to ``sides[c, 1]``, gate ``2c + 1`` back.

    Parameters
    ----------
    origin, destination, crossing
        (gates,) country before, country behind, index of the crossing.
    road
        (places, gates) km to the gate from places of its origin country; inf elsewhere.
    pull
        (places, gates) (distance + short)^-gamma to the gate, 0 where there is no way.
    beyond
        (gates, places) the same from the gate to places behind it, at most 12 a gate.
    inland
        (places, places) the same inside a country, at most 12 a place, without staying.
    days_to_gate, days_beyond, days_inland
        Days of travel, at least 1.
    home_route
        (rows, places, gates) weight of gates for a return to the row's home region, without openness:
        capacity times (length of the whole way over the shortest)^-route_power; 0 for rows without one.
    home_share
        (rows, places) shares of the places that returnees of the row go to; 0 for rows without home.
    region_share
        For each country (home regions, places) the same by home region.
    sideways
        (gates, gates) days from one gate to another of the same origin and destination, 0 = none.
    nearest
        (gates,) nearest place on the near side.
    """

    origin: IntArray
    destination: IntArray
    crossing: IntArray
    road: FloatArray
    pull: FloatArray
    beyond: FloatArray
    inland: FloatArray
    days_to_gate: IntArray
    days_beyond: IntArray
    days_inland: IntArray
    home_route: FloatArray
    home_share: FloatArray
    region_share: tuple[FloatArray, ...]
    sideways: IntArray
    nearest: IntArray

    @property
    def n_gates(self) -> int:
        """Number of directed crossings."""
        return len(self.origin)

    @property
    def longest(self) -> int:
        """Days of the longest leg."""
        lists = (self.days_to_gate, self.days_beyond, self.days_inland, self.sideways)
        return max(int(days.max()) if days.size else 1 for days in lists)


def build_gates(world: World, populations: Populations, *, gamma: float, route_power: float, speed: float, short: float) -> Gates:
    """Work out all distances, weights and days of travel.

    Parameters
    ----------
    gamma, route_power
        Exponents of distance: for the choice of a destination, and of a way home.
    speed
        km a day.
    short
        km added to every distance, so that close places do not take everything.
    """
    n_crossings = world.n_crossings
    crossing = np.repeat(np.arange(n_crossings), 2)
    origin = np.array([world.sides[c, k % 2] for k, c in enumerate(crossing)], dtype=np.int64).reshape(-1)
    destination = np.array([world.sides[c, 1 - k % 2] for k, c in enumerate(crossing)], dtype=np.int64).reshape(-1)
    from_here = world.country[:, None] == origin[None, :]
    behind = world.country[:, None] == destination[None, :]
    road = np.where(from_here, world.road[:, crossing], np.inf)
    far = np.where(behind, world.road[:, crossing], np.inf)
    inland = world.land.copy()
    np.fill_diagonal(inland, np.inf)
    routes, shares = _home_routes(world, destination, crossing, road, far, route_power, short)
    return Gates(
        origin=origin, destination=destination, crossing=crossing, road=road,
        pull=_gravity(road, gamma, short),
        beyond=_largest(_gravity(far.T, gamma, short) * (world.attractiveness > 0.0)[None, :], world.attractiveness),
        inland=_largest(_gravity(inland, gamma, short), world.attractiveness),
        days_to_gate=_days(road, speed), days_beyond=_days(far.T, speed), days_inland=_days(inland, speed),
        home_route=_by_row(populations, routes, (world.n_places, len(crossing))),
        home_share=_by_row(populations, shares, (world.n_places,)), region_share=shares,
        sideways=_sideways(origin, destination, crossing, road, speed),
        nearest=road.argmin(axis=0) if road.size else np.zeros(0, dtype=np.int64),
    )


def _gravity(distance: FloatArray, gamma: float, short: float) -> FloatArray:
    return np.where(np.isfinite(distance), (np.where(np.isfinite(distance), distance, 1.0) + short) ** -gamma, 0.0)


def _days(distance: FloatArray, speed: float) -> IntArray:
    finite = np.where(np.isfinite(distance), distance, 0.0)
    return np.maximum(np.ceil(finite / speed), 1.0).astype(np.int64)


def _largest(weights: FloatArray, mass: FloatArray) -> FloatArray:
    """Keep the 12 targets of each row with the largest mass times weight."""
    if weights.shape[1] <= MOST_DESTINATIONS:
        return weights
    score = weights * mass[None, :]
    cut = np.sort(score, axis=1)[:, -MOST_DESTINATIONS][:, None]
    return np.where(score >= cut, weights, 0.0)


def _home_routes(
    world: World, destination: IntArray, crossing: IntArray, road: FloatArray, far: FloatArray, power: float, short: float
) -> tuple[tuple[FloatArray, ...], tuple[FloatArray, ...]]:
    """Weights of gates for returns to each home region, and the places returnees go to."""
    routes: list[FloatArray] = []
    shares: list[FloatArray] = []
    finite = world.crossing_capacity[np.isfinite(world.crossing_capacity)]
    # A crossing without a limit counts as the largest one that has a limit.
    largest = float(finite.max()) if finite.size else 1.0
    capacity = np.where(np.isfinite(world.crossing_capacity), world.crossing_capacity, largest)[crossing]
    for country, homes in enumerate(world.homes):
        route = np.zeros((len(homes), *road.shape))
        share = np.zeros((len(homes), world.n_places))
        for h in range(len(homes)):
            here = (world.country == country) & (world.home == h)
            weight = np.where(here, world.return_share, 0.0)
            if weight.sum() <= 0.0:
                weight = here.astype(np.float64)
            share[h] = weight / weight.sum() if weight.any() else np.nan  # nobody's home is anywhere
            behind = np.where(np.isfinite(far), far, 0.0)
            onward = share[h] @ behind  # mean km from the gate to the home region
            leads_home = destination == country
            whole = np.where(leads_home[None, :], road + onward[None, :] + short, np.inf)
            best = np.where(np.isfinite(whole), whole, np.inf).min(axis=1, keepdims=True, initial=np.inf)
            ratio = np.where(np.isfinite(whole), whole / np.where(np.isfinite(best), best, 1.0), np.inf)
            weight = np.where(np.isfinite(ratio), capacity[None, :] * ratio**-power, 0.0)
            weight[weight < LEAST_SHARE * weight.max(axis=1, keepdims=True, initial=0.0)] = 0.0
            route[h] = weight
        routes.append(route)
        shares.append(share)
    return tuple(routes), tuple(shares)


def _sideways(origin: IntArray, destination: IntArray, crossing: IntArray, road: FloatArray, speed: float) -> IntArray:
    """Days from gate to gate on the near side, 0 where the gates do not lead the same way."""
    n = len(origin)
    days = np.zeros((n, n), dtype=np.int64)
    for a in range(n):
        for b in range(n):
            if a != b and origin[a] == origin[b] and destination[a] == destination[b]:
                km = float((road[:, a] + road[:, b]).min())
                days[a, b] = max(1, math.ceil(km / speed)) if math.isfinite(km) else 0
    return days


def _by_row(populations: Populations, by_region: tuple[FloatArray, ...], shape: tuple[int, ...]) -> FloatArray:
    """Spread arrays by country and home region over the rows of the table of people."""
    out = np.zeros((populations.n_rows, *shape))
    for row, (nationality, home) in enumerate(zip(populations.nationality, populations.home, strict=True)):
        if home >= 0:
            out[row] = by_region[int(nationality)][int(home)]
    return out
