"""The record: what happened, day by day, as tidy tables.

Values are written into one float array a run and become long tables only when asked for. Levers that
stayed at zero leave no rows, so a lever that is never pulled and one that is not registered look alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agents.vocabulary import REASONS, Reason
from sim import measures
from sim.stability import COMPONENTS, components
from sim.state import State
from sim.today import Event, Today

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Column = tuple[str, str, str]
_REASON = MappingProxyType({reason: i for i, reason in enumerate(REASONS)})
_REGION = (
    "attacks", "deaths", "civilians_killed", "returns", "returns_voluntary", "returns_fear", "returns_deportation",
    "reentries", "departures", "flights", "irregular", "displaced", "travelling", "queued", "stability",
    *(f"stability_{name}" for name in COMPONENTS),
)


class Record:
    """Daily values, place values and events of one run.

    Parameters
    ----------
    setting
        The fixed part of the run; it says how many days and columns there are.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.columns: list[Column] = list(_columns(setting))
        self._optional = np.array([variable.startswith(("lever/", "asked/")) for _, _, variable in self.columns])
        self._slots = np.flatnonzero(setting.cast.owned)
        self._index = {column: i for i, column in enumerate(self.columns)}
        self._values = np.zeros((setting.days, len(self.columns)))
        shape = (setting.days, setting.world.n_places)
        self._attacks = np.zeros(shape, dtype=np.int32)
        self._deaths = np.zeros(shape, dtype=np.int32)
        self._displaced = np.zeros(shape, dtype=np.int64)
        self._events: list[Event] = []
        self.length = 0

    def take(self, state: State, setting: Setting, today: Today) -> None:
        """Write down the evening of a day."""
        day = today.day
        displaced = measures.displaced_at(state, setting)
        row = self._values[day]
        first = len(_REGION)
        row[:first] = _region(state, setting, today, float(displaced.sum()))
        for part in _actors(state, setting, today, self._slots):
            row[first : first + len(part)] = part
            first += len(part)
        self._attacks[day] = today.attacks.sum(axis=0)
        self._deaths[day] = today.people_killed
        self._displaced[day] = displaced
        self._events += today.events
        self.length = day + 1

    def rewind(self, day: int) -> None:
        """Forget everything from ``day`` on: the next day to be taken is ``day``."""
        self._values[day:] = 0.0
        self._attacks[day:] = 0
        self._deaths[day:] = 0
        self._displaced[day:] = 0
        self._events = [event for event in self._events if event.day < day]
        self.length = min(self.length, day)

    def copy(self) -> Record:
        """Return an independent copy."""
        other = Record(self._setting)
        other._values = self._values.copy()
        other._attacks, other._deaths, other._displaced = self._attacks.copy(), self._deaths.copy(), self._displaced.copy()
        other._events = list(self._events)
        other.length = self.length
        return other

    def series(self, kind: str, actor: str, variable: str) -> FloatArray:
        """Return one daily series up to now, (days,)."""
        column = self._index[(kind, actor, variable)]
        return self._values[: self.length, column]

    def latest(self, kind: str, actor: str, variable: str) -> float:
        """Return the last value of a series; NaN before the first day."""
        return float(self._values[self.length - 1, self._index[(kind, actor, variable)]]) if self.length else float("nan")

    @property
    def raw_events(self) -> list[Event]:
        """Events so far, in order."""
        return list(self._events)

    @property
    def daily(self) -> pd.DataFrame:
        """Tidy table: a row a day, actor and variable."""
        values = self._values[: self.length]
        kept = [i for i in range(len(self.columns)) if not self._optional[i] or values[:, i].any()]
        n = len(kept)
        days = np.arange(self.length, dtype=np.int32)

        def labels(part: int) -> pd.Categorical:
            names = [self.columns[i][part] for i in kept]
            known = sorted(set(names))
            codes = np.array([known.index(name) for name in names], dtype=np.int16)
            return pd.Categorical.from_codes(np.tile(codes, self.length), categories=pd.Index(known))

        return pd.DataFrame({
            "day": np.repeat(days, n),
            "date": np.repeat(self._dates(), n),
            "kind": labels(0), "actor": labels(1), "variable": labels(2),
            "value": values[:, kept].ravel(),
        })

    @property
    def places(self) -> pd.DataFrame:
        """A row a day and place: attacks, deaths, displaced people."""
        names = self._setting.world.places
        n = len(names)
        codes = np.tile(np.arange(n, dtype=np.int16), self.length)
        return pd.DataFrame({
            "day": np.repeat(np.arange(self.length, dtype=np.int32), n),
            "date": np.repeat(self._dates(), n),
            "place": pd.Categorical.from_codes(codes, categories=pd.Index(names)),
            "attacks": self._attacks[: self.length].ravel(),
            "deaths": self._deaths[: self.length].ravel(),
            "displaced": self._displaced[: self.length].ravel(),
        })

    @property
    def events(self) -> pd.DataFrame:
        """A row an event, by day; turning points of the run among them."""
        from sim.turning import turning_points

        rows = sorted(self._events + turning_points(self, self._setting), key=lambda event: event.day)
        dates = self._dates(self._setting.days)
        return pd.DataFrame({
            "day": np.array([e.day for e in rows], dtype=np.int32),
            "date": dates[[min(e.day, self._setting.days - 1) for e in rows]] if rows else dates[:0],
            "kind": [e.kind for e in rows], "actor": [e.actor for e in rows], "target": [e.target for e in rows],
            "place": [e.place for e in rows], "value": np.array([e.value for e in rows], dtype=np.float64),
            "text": [e.text for e in rows],
        }).astype({name: "str" for name in ("kind", "actor", "target", "place", "text")})

    def _dates(self, length: int | None = None) -> NDArray[np.datetime64]:
        start = np.datetime64(self._setting.start)
        return start + np.arange(self.length if length is None else length)


def _columns(setting: Setting) -> list[Column]:
    """Every column in the order in which :func:`_region` and :func:`_actors` give the values."""
    cast, world = setting.cast, setting.world
    columns: list[Column] = [("region", "region", name) for name in _REGION]
    for name in cast.governments:
        columns += [("government", name, v) for v in ("attacks", "deaths", "legitimacy", "tension", "economy", "standing", "weariness")]
        for variable in ("hostility", "direct_trade", "transit_trade"):
            columns += [("government", name, f"{variable}/{r}") for r in cast.governments if r != name]
    for kind in ("lever", "asked"):
        for i, name in enumerate(cast.governments):
            columns += [("government", name, f"{kind}/{cast.slots[k]}") for k in np.flatnonzero(cast.owned[i])]
    for variable in ("fighters", "deployed", "attacks", "deaths", "recruits", "killed", "truce"):
        columns += [("group", name, variable) for name in cast.groups]
    for block in setting.populations.blocks:
        columns.append(("population", block.name, "people"))
        columns += [("population", block.name, f"people/{country}") for country in world.countries]
    for variable in ("passed", "queue", "open"):
        columns += [("crossing", name, variable) for name in world.crossings]
    for name in cast.mediators:
        columns += [("mediator", name, v) for v in ("attention", "talks")]
    return columns


def _region(state: State, setting: Setting, today: Today, displaced: float) -> list[float]:
    crossed = today.crossed.sum(axis=(1, 2)).tolist()
    home = [crossed[_REASON[r]] for r in (Reason.VOLUNTARY, Reason.FEAR, Reason.DEPORTATION)]
    outward = [crossed[_REASON[r]] for r in (Reason.FLIGHT, Reason.EMIGRATION, Reason.ONWARD, Reason.REENTRY)]
    parts = components(state, setting).tolist()
    return [
        float(today.attacks.sum()), float(today.deaths.sum()), float(today.civilians_killed.sum()),
        math.fsum(home), *home, crossed[_REASON[Reason.REENTRY]], math.fsum(outward),
        float(today.left[_REASON[Reason.FLIGHT]].sum()), today.irregular, displaced,
        float(state.inland.sum() + state.toward.sum()), float(state.queue.sum()), math.fsum(parts) / len(parts), *parts,
    ]


def _actors(
    state: State, setting: Setting, today: Today, slots: NDArray[np.intp]
) -> Iterator[FloatArray | IntArray | list[float]]:
    """Values of all actors, section by section, in the order of :func:`_columns`."""
    cast, world = setting.cast, setting.world
    attacks, deaths = today.attacks.sum(axis=1), today.deaths.sum(axis=1)
    for i in range(len(cast.governments)):
        by = [g for g, target in enumerate(cast.group_target) if target == i]
        yield [float(attacks[by].sum()), float(deaths[by].sum())]
        yield [float(a[i]) for a in (state.legitimacy, state.tension, state.economy, state.standing, state.weariness)]
        rivals = [j for j in range(len(cast.governments)) if j != i]
        yield [float(array[i, j]) for array in (state.hostility, state.direct_trade, state.transit_trade) for j in rivals]
    yield state.granted.ravel()[slots]
    yield state.asked.ravel()[slots]
    yield state.fighters.sum(axis=1)
    yield (state.fighters * setting.at_home).sum(axis=1)
    yield from (attacks, deaths, today.recruits, today.fighters_killed, (today.day <= state.truce_until).astype(np.int64))
    if setting.populations.blocks:
        by_country = np.add.reduceat(today.by_country, setting.block_bounds[:-1], axis=0)
        yield np.column_stack([by_country.sum(axis=1), by_country]).ravel()
    yield today.crossed.sum(axis=(0, 1))
    yield state.queue.sum(axis=(0, 1)).reshape(world.n_crossings, 2).sum(axis=1)
    yield today.is_open
    talks = float(state.talks.max()) if state.talks.size else 0.0
    for m in range(len(cast.mediators)):
        yield [float(state.attention[m]), talks]
