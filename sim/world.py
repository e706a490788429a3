"""The map as arrays: places, countries, crossings, and distances over roads.

Everything here is fixed for a run. Roads are two-way; a trip inside a country never passes a
crossing, a trip abroad passes one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from agents.errors import InputError
from sim.tables import Tables

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class World:
    """The fixed geography of a scenario.

    Parameters
    ----------
    places, countries, crossings
        Names, in the order of every array over them.
    country
        (places,) index of the country, -1 at crossings.
    crossing_place
        (crossings,) index of the place that is the crossing.
    sides
        (crossings, 2) the two countries a crossing joins, in ascending order.
    land
        (places, places) road distance inside one country, km; inf where there is none.
    road
        (places, crossings) road distance from a place to a crossing of its country, km; inf otherwise.
    homes
        For each country the names of its home regions; ``home`` (places,) is the index, -1 if none.
    """

    places: tuple[str, ...]
    countries: tuple[str, ...]
    crossings: tuple[str, ...]
    country: IntArray
    crossing_place: IntArray
    sides: IntArray
    lat: FloatArray
    lon: FloatArray
    land: FloatArray
    road: FloatArray
    residents: IntArray
    homes: tuple[tuple[str, ...], ...]
    home: IntArray
    return_share: FloatArray
    attractiveness: FloatArray
    limit: FloatArray
    crossing_capacity: FloatArray
    permeability: FloatArray
    trade_share: FloatArray

    @property
    def n_places(self) -> int:
        """Number of places, crossings included."""
        return len(self.places)

    @property
    def n_crossings(self) -> int:
        """Number of crossings."""
        return len(self.crossings)

    def place_index(self, name: str) -> int:
        """Return the index of a place by name."""
        return self.places.index(name)

    def crossings_of(self, country: int) -> IntArray:
        """Return the indices of the crossings on a country's border."""
        return np.flatnonzero((self.sides == country).any(axis=1))


def build_world(tables: Tables, people_scale: float = 1.0) -> World:
    """Turn the tables of a scenario into arrays.

    Parameters
    ----------
    tables
        Checked tables.
    people_scale
        Multiplies residents and every capacity for people.
    """
    places = tables.places
    names = tuple(place.name for place in places)
    index = {name: i for i, name in enumerate(names)}
    countries = tuple(dict.fromkeys(place.country for place in places if place.country))
    country = np.array([countries.index(p.country) if p.country else -1 for p in places], dtype=np.int64)
    crossing_place = np.array([i for i, p in enumerate(places) if p.is_crossing], dtype=np.int64)
    lengths = _lengths(tables, index, country)
    land = _distances_inside(lengths, country)
    road, sides = _roads_to_crossings(lengths, land, country, crossing_place, names)
    residents = np.array([round(p.population * people_scale) for p in places], dtype=np.int64)
    homes = tuple(
        tuple(dict.fromkeys(p.home_region for p in places if p.country == name and p.home_region))
        for name in countries
    )
    home = np.array(
        [homes[countries.index(p.country)].index(p.home_region) if p.home_region else -1 for p in places],
        dtype=np.int64,
    )
    fallback = np.array([float(p.population) for p in places])
    share = np.array([np.nan if p.return_share is None else p.return_share for p in places])
    attraction = np.array([np.nan if p.attractiveness is None else p.attractiveness for p in places])
    capacity = np.array([np.inf if p.capacity is None else p.capacity * people_scale for p in places])
    return World(
        places=names,
        countries=countries,
        crossings=tuple(names[i] for i in crossing_place),
        country=country,
        crossing_place=crossing_place,
        sides=sides,
        lat=np.array([p.lat for p in places]),
        lon=np.array([p.lon for p in places]),
        land=land,
        road=road,
        residents=residents,
        homes=homes,
        home=home,
        return_share=np.where(np.isnan(share), fallback, share),
        attractiveness=np.where(country < 0, 0.0, np.where(np.isnan(attraction), fallback, attraction)),
        limit=np.where(country < 0, np.inf, capacity),
        crossing_capacity=capacity[crossing_place],
        permeability=np.array([places[i].permeability for i in crossing_place]),
        trade_share=np.array([places[i].trade_share for i in crossing_place]),
    )


def _lengths(tables: Tables, index: dict[str, int], country: IntArray) -> FloatArray:
    """Length of each road (places, places), km; inf where there is none."""
    size = len(index)
    lengths = np.full((size, size), np.inf)
    for route in tables.routes:
        a, b = index[route.a], index[route.b]
        if country[a] >= 0 and country[b] >= 0 and country[a] != country[b]:
            raise InputError(
                f"{tables.folder / 'routes.csv'}: the road {route.a} - {route.b} joins two countries; "
                "put a place of kind 'crossing' between them"
            )
        lengths[a, b] = lengths[b, a] = min(lengths[a, b], route.distance_km)
    return lengths


def _distances_inside(lengths: FloatArray, country: IntArray) -> FloatArray:
    """Shortest road between places of one country, never across a border, km."""
    same = (country[:, None] == country[None, :]) & (country[:, None] >= 0)
    inside = np.where(same & np.isfinite(lengths), lengths, 0.0)
    return np.asarray(dijkstra(csr_array(inside), directed=False), dtype=np.float64)


def _roads_to_crossings(
    lengths: FloatArray, land: FloatArray, country: IntArray, crossing_place: IntArray, names: tuple[str, ...]
) -> tuple[FloatArray, IntArray]:
    """Distance from every place to every crossing of its country, and the two countries of each crossing."""
    road = np.full((len(country), len(crossing_place)), np.inf)
    sides = np.full((len(crossing_place), 2), -1, dtype=np.int64)
    for c, place in enumerate(crossing_place):
        gates = np.flatnonzero(np.isfinite(lengths[place]) & (country >= 0))
        joined = sorted({int(country[gate]) for gate in gates})
        if len(joined) != 2:
            raise InputError(
                f"routes.csv: crossing {names[place]!r} has roads into {len(joined)} countries; a crossing joins exactly two"
            )
        sides[c] = joined
        road[:, c] = (land[:, gates] + lengths[gates, place][None, :]).min(axis=1)
    return road, sides
