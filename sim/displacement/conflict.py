"""A conflict: places, roads, closures, days of fighting and camp counts, as read from a folder in Flee's format."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Kind(StrEnum):
    """Kinds of places."""

    CONFLICT = "conflict"
    TOWN = "town"
    CAMP = "camp"
    IDP_CAMP = "idp_camp"
    HUB = "hub"
    MARKER = "marker"
    FLOOD = "flood"


@dataclass(frozen=True)
class ConflictPlace:
    """A row of ``locations.csv``.

    ``population`` counts residents and is 0 for a camp; ``capacity`` is a camp's (0 = unlimited or not
    given). ``conflict_date`` is the day on which a conflict zone begins to be one where no
    ``conflicts.csv`` says so. ``attributes`` are the columns behind the eighth, as text.
    """

    name: str
    region: str
    country: str
    lat: float
    lon: float
    kind: Kind
    conflict_date: int
    population: int
    capacity: int
    attributes: Mapping[str, str]

    @property
    def is_camp(self) -> bool:
        """Whether the place is a camp, for refugees or for displaced people at home."""
        return self.kind in (Kind.CAMP, Kind.IDP_CAMP)


@dataclass(frozen=True)
class Road:
    """A row of ``routes.csv``: a road between two places (indices), both ways, in km.

    ``redirection`` is Flee's flag for forced redirection (0, 1 or 2). ``max_move_speed`` is km a day
    (``None`` = as elsewhere), ``walk_probability`` the share of people who walk it.
    """

    a: int
    b: int
    distance: float
    redirection: int
    max_move_speed: float | None
    walk_probability: float


class ClosureKind(StrEnum):
    """Kinds of rows of ``closures.csv``, in the file's words."""

    COUNTRY = "country"
    LOCATION = "location"
    LINK = "link"
    CAMP = "camp"
    IDP_CAMP = "idpcamp"
    REDIRECTION = "remove_forced_redirection"


@dataclass(frozen=True)
class Closure:
    """A row of ``closures.csv``: in force from day ``start`` to the day before ``end``.

    With ``end`` before ``start`` (0, -1) it is never undone; with ``end`` on the day of ``start`` nothing happens. What it closes is a matter of reading:
    :func:`sim.displacement.closures.closure_reading`.
    """

    kind: ClosureKind
    name1: str
    name2: str
    start: int
    end: int


@dataclass(frozen=True)
class Conflict:
    """What a folder in Flee's format holds.

    Parameters
    ----------
    name
        Name of the folder.
    folder
        The folder.
    start, days
        The first day and the number of days; day 0 is the first.
    places, roads, closures
        In the order of their files.
    intensity
        (days, places) intensity of the fighting, 0..1.
    camps
        Indices of the camps with counts, in the order of ``data_layout.csv``.
    counts
        (days, camps) people counted, with registration corrections, interpolated, cut to whole people.
    known
        (days,) sum over every series but the first one (``total``), those of places that are no camps included.
    total
        (days,) the first series.
    files
        The files read, for the manifest.
    home
        Country of the first place.
    unused
        Files (and columns of roads) that are there and play no part here.
    remarks
        What was read in spite of a flaw, one line each.
    """

    name: str
    folder: Path
    start: dt.date
    days: int
    places: tuple[ConflictPlace, ...]
    roads: tuple[Road, ...]
    closures: tuple[Closure, ...]
    intensity: FloatArray
    camps: IntArray
    counts: IntArray
    known: IntArray
    total: IntArray
    files: tuple[Path, ...]
    home: str
    unused: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def index(self, name: str) -> int:
        """Return the index of a place by its name."""
        return next(i for i, place in enumerate(self.places) if place.name == name)

    @property
    def end(self) -> dt.date:
        """The last day."""
        return self.start + dt.timedelta(days=self.days - 1)

    @property
    def countries(self) -> tuple[str, ...]:
        """Countries in the order in which they appear; the first is home."""
        return tuple(dict.fromkeys(place.country for place in self.places))

    @property
    def borders(self) -> tuple[tuple[int, int], ...]:
        """Pairs of countries (indices into ``countries``) that a road joins, in order."""
        country = [self.countries.index(place.country) for place in self.places]
        pairs = {(min(country[r.a], country[r.b]), max(country[r.a], country[r.b])) for r in self.roads}
        return tuple(sorted((a, b) for a, b in pairs if a != b))

    @property
    def border_names(self) -> tuple[str, ...]:
        """Names of the borders, which levers and events go by: ``"Mali - Niger"``, the first country of the folder first."""
        return tuple(f"{self.countries[a]} - {self.countries[b]}" for a, b in self.borders)

    @property
    def border_middles(self) -> tuple[tuple[float, float], ...]:
        """Where borders are drawn: the mean of the ends of the roads that cross them, (lat, lon)."""
        found: list[tuple[float, float]] = []
        for pair in self.borders:
            names = {self.countries[i] for i in pair}
            ends = [self.places[i] for r in self.roads for i in (r.a, r.b) if {self.places[r.a].country, self.places[r.b].country} == names]
            found.append((math.fsum(p.lat for p in ends) / len(ends), math.fsum(p.lon for p in ends) / len(ends)))
        return tuple(found)
