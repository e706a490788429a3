"""Typed rows of a scenario folder, as read and checked by :mod:`sim.folder`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from sim.displacement.conflict import Conflict


@dataclass(frozen=True)
class Place:
    """A row of ``places.csv``.

    ``country`` is empty for a crossing. ``population`` counts the residents who are citizens of the
    country, those displaced inside it included. ``capacity`` is people a day for a crossing and an
    admission limit for displaced people elsewhere (``None`` = no limit). ``permeability`` is the
    share of people who get past a closed crossing by irregular ways; ``trade_share`` a crossing's
    share of the trade between its two countries (0..1).
    """

    name: str
    country: str
    region: str
    kind: str
    lat: float
    lon: float
    population: int
    home_region: str
    return_share: float | None
    attractiveness: float | None
    capacity: float | None
    permeability: float
    trade_share: float

    @property
    def is_crossing(self) -> bool:
        """Whether the place is a border crossing."""
        return self.kind == "crossing"


@dataclass(frozen=True)
class Route:
    """A row of ``routes.csv``: a road between two places, both ways, in km."""

    a: str
    b: str
    distance_km: float


@dataclass(frozen=True)
class PopulationRow:
    """A row of ``populations.csv``: people of a nationality and status, from a home region, at a place.

    ``nationality`` is the name of a country of ``places.csv``.
    """

    nationality: str
    status: str
    home_region: str
    place: str
    count: int


@dataclass(frozen=True)
class GroupRow:
    """A row of ``groups.csv``: fighters of a group at a place.

    ``weight`` is the place's weight as a target and for deployment; 0 where the group only shelters.
    """

    group: str
    place: str
    fighters: int
    weight: float


@dataclass(frozen=True)
class HistoryRow:
    """A row of ``history.csv``: what an agent did, played only by that agent's ``scripted`` policy.

    ``lever`` with ``level`` sets the slots ``lever/lever_targets`` on ``date`` and puts them back to
    the level before on ``end_date``. A row with ``statuses`` and ``deadline`` is an announcement. A
    ``ceasefire`` row of a group is a truce from ``date`` to ``end_date``. ``goldstein`` is the weight
    of the row as an act towards ``target`` (``None`` = not an act between governments).
    """

    date: dt.date
    end_date: dt.date | None
    type: str
    actor: str
    target: str
    description: str
    places: tuple[str, ...]
    goldstein: float | None
    lever: str
    lever_targets: tuple[str, ...]
    level: float | None
    statuses: tuple[str, ...]
    deadline: dt.date | None
    salience: float
    implemented: bool
    confidence: str
    source: str


@dataclass(frozen=True)
class ExogenousRow:
    """A row of ``exogenous.csv``: an event that no agent decides; always played.

    ``effect`` is empty (only reported) or one of ``cooperation`` (government ``subject`` towards
    ``target``: new baseline level), ``safety`` (country ``subject``: new base safety 0..1),
    ``exodus`` (``value`` people of nationality ``subject`` emigrate to country ``target``, e-folding
    in ``decay_days``), ``close_people`` and ``close_trade`` (crossings ``places`` closed to degree
    ``value`` until ``end_date``), ``intensity`` (group ``subject``: attack rate times ``value``
    until ``end_date``, at ``places`` or everywhere).
    """

    date: dt.date
    end_date: dt.date | None
    type: str
    actor: str
    target: str
    description: str
    places: tuple[str, ...]
    goldstein: float | None
    effect: str
    subject: str
    value: float
    decay_days: float
    confidence: str
    source: str


EFFECTS: tuple[str, ...] = ("", "cooperation", "safety", "exodus", "close_people", "close_trade", "intensity")


@dataclass(frozen=True)
class Tables:
    """Everything a scenario folder holds apart from ``scenario.yaml``.

    ``observed`` has columns ``outcome`` (``attacks``, ``deaths`` or ``returns``), ``start``, ``end``
    (dates, inclusive), ``value``, ``low``, ``high``, ``basis``, ``source``, ``confidence``; it is empty
    where the scenario has no observations. ``files`` are the paths read, for the manifest. ``conflict`` is
    what a folder in Flee's format holds; its places are in ``places``, its roads in ``conflict`` alone.
    """

    folder: Path
    places: tuple[Place, ...]
    routes: tuple[Route, ...]
    populations: tuple[PopulationRow, ...]
    groups: tuple[GroupRow, ...]
    history: tuple[HistoryRow, ...]
    exogenous: tuple[ExogenousRow, ...]
    observed: pd.DataFrame
    files: tuple[Path, ...]
    conflict: Conflict | None = None

    @property
    def history_file(self) -> Path:
        """The file with the rows of ``history``; a folder in Flee's format has none of its own."""
        return self.files[4] if self.conflict is None else self.files[len(self.conflict.files)]

    @property
    def exogenous_file(self) -> Path:
        """The file with the rows of ``exogenous``; a folder in Flee's format has none of its own."""
        return self.files[5] if self.conflict is None else self.files[-1]
