"""The world of a conflict folder: its places, with one border for every two countries that a road joins."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim.displacement.network import Network
from sim.gates import Gates, build_gates
from sim.people import Populations
from sim.world import World

FloatArray = NDArray[np.float64]
#: Home region of the people whom the camps start with: the counts do not say where they are from.
UNKNOWN = "(unknown)"

def camp_capacities(network: Network, people_scale: float) -> FloatArray:
    """Capacity of camps, (places,), inf elsewhere and where the folder gives none; borders stand at the end."""
    capacity = np.full(network.n_places + len(network.borders), np.inf)
    for i, place in enumerate(network.conflict.places):
        if network.is_camp[i] and place.capacity > 0:
            capacity[i] = math.floor(place.capacity * people_scale)
    return capacity


def conflict_world(network: Network, limit: FloatArray) -> World:
    """Return the places of a conflict as a world; borders follow them as crossings that hold nobody.

    Residents are not counted: people come from the reservoir, so the populations of the folder are weights.

    Parameters
    ----------
    limit
        (places,) admission limits; borders stand at the end.
    """
    conflict = network.conflict
    places = conflict.places
    borders = len(network.borders)
    n = network.n_places + borders
    countries = network.countries
    regions = tuple(dict.fromkeys(p.region for p, fights in zip(places, network.is_conflict, strict=True) if fights))
    home = np.full(n, -1, dtype=np.int64)
    share = np.zeros(n)
    for i, place in enumerate(places):
        if network.is_conflict[i] or (network.home[i] and place.region in regions):
            home[i] = regions.index(place.region)
        if network.is_conflict[i]:
            share[i] = max(place.population, 1)
    middle = conflict.border_middles
    base = network.distances(0, np.ones(borders))
    land = np.full((n, n), np.inf)
    same = network.country[:, None] == network.country[None, :]
    land[: len(places), : len(places)] = np.where(same, base, np.inf)
    names = conflict.border_names
    return World(
        places=tuple(p.name for p in places) + names, countries=countries, crossings=names,
        country=np.concatenate([network.country, np.full(borders, -1, dtype=np.int64)]),
        crossing_place=np.arange(len(places), n), sides=np.sort(network.borders, axis=1),
        lat=np.array([p.lat for p in places] + [m[0] for m in middle]),
        lon=np.array([p.lon for p in places] + [m[1] for m in middle]),
        land=land, road=np.full((n, borders), np.inf), residents=np.zeros(n, dtype=np.int64),
        homes=((*regions, UNKNOWN), *(() for _ in countries[1:])), home=home, return_share=share,
        attractiveness=np.zeros(n), limit=limit, crossing_capacity=np.full(borders, np.inf),
        permeability=np.zeros(borders), trade_share=np.zeros(borders),
    )


def no_gates(world: World, populations: Populations) -> Gates:
    """Gates of a world whose people cross borders on the road: none, but the shares of homes are kept."""
    without = replace(
        world, crossings=(), crossing_place=np.zeros(0, dtype=np.int64), sides=np.zeros((0, 2), dtype=np.int64),
        road=np.zeros((world.n_places, 0)), crossing_capacity=np.zeros(0), permeability=np.zeros(0), trade_share=np.zeros(0),
    )
    gates = build_gates(without, populations, gamma=1.0, route_power=1.0, speed=1.0, short=1.0)
    # People of unknown home go back to wherever people came from.
    anywhere = np.where(world.home >= 0, world.return_share, 0.0)
    share = gates.home_share.copy()
    share[~np.isfinite(share).all(axis=1)] = anywhere / max(float(anywhere.sum()), 1.0)
    return replace(gates, home_share=share)
