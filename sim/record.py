"""The record: what happened, day by day, as tidy tables.

Days are written down raw (:mod:`sim.daybook`), summed up some at a time into one float array a run
(:mod:`sim.columns`), and become long tables only when asked for. Levers that
stayed at zero leave no rows, so a lever that is never pulled and one that is not registered look alike.
A run without governments or groups has no rows about what only they do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agents.vocabulary import ABROAD, Status
from sim import columns
from sim.columns import Column
from sim.daybook import DayBook, new_book
from sim.stability import COMPONENTS
from sim.state import State
from sim.today import Event, Today

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
#: Series that would be the same number every day: of a rule that books no trips by their reason, without
#: any group, and without any government.
_FLOWS = (
    "returns", "returns_voluntary", "returns_fear", "returns_deportation", "reentries", "departures", "flights", "irregular",
)  # fmt: skip
_OF_GROUPS = ("attacks", "deaths")
_OF_GOVERNMENTS = ("civilians_killed", "stability", *(f"stability_{name}" for name in COMPONENTS))


class Record:
    """Daily values, place values and events of one run.

    Parameters
    ----------
    setting
        The fixed part of the run; it says how many days and columns there are.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.columns: list[Column] = columns.columns(setting)
        self._optional = np.array([variable.startswith(("lever/", "asked/")) for _, _, variable in self.columns])
        #: Whether trips are booked by their reason; the rule flee books none.
        self.has_flows = setting.network is None or setting.config.scenario.rule != "flee"
        idle = (() if self.has_flows else _FLOWS) + (() if setting.cast.groups else _OF_GROUPS) + (() if setting.cast.governments else _OF_GOVERNMENTS)
        self._idle = frozenset(("region", "region", name) for name in idle)
        self._away = np.array([b for b, block in enumerate(setting.populations.blocks) if block.status in (*ABROAD, Status.IDP)], dtype=np.int64)
        self._index = {column: i for i, column in enumerate(self.columns)}
        self._values = np.zeros((setting.days, len(self.columns)))
        shape = (setting.days, setting.world.n_places)
        self._attacks = np.zeros(shape, dtype=np.int32)
        self._deaths = np.zeros(shape, dtype=np.int32)
        self._displaced = np.zeros(shape, dtype=np.int64)
        self._events: list[Event] = []
        self._book: DayBook | None = None
        self._settled = 0  # days that are summed up; the book holds those after them
        self.length = 0

    def take(self, state: State, setting: Setting, today: Today) -> None:
        """Write down the evening of a day."""
        day = today.day
        if self._book is None:
            self._book = new_book(setting)
            if not self.length:
                self._settled = day
        if day - self._settled == len(self._book.window):
            self._settle()
        self._book.write(day - self._settled, state, setting, today)
        self._events += today.events
        self.length = day + 1

    def _settle(self) -> None:
        """Sum up the days that have come since somebody last looked."""
        end, book, setting = self.length, self._book, self._setting
        days = end - self._settled
        if not days or book is None:
            return
        new = slice(self._settled, end)
        self._displaced[new] = book.people[:days, self._away].sum(axis=1)
        self._values[new] = columns.values(book, days, self._displaced[new], setting)
        self._attacks[new] = book.attacks[:days].sum(axis=1)
        self._deaths[new] = book.killed[:days]
        self._settled = end

    def rewind(self, day: int) -> None:
        """Forget everything from ``day`` on: the next day to be taken is ``day``."""
        self._values[day:] = 0.0
        self._attacks[day:] = 0
        self._deaths[day:] = 0
        self._displaced[day:] = 0
        self._events = [event for event in self._events if event.day < day]
        self.length = min(self.length, day)
        self._settled = min(self._settled, day)

    def copy(self) -> Record:
        """Return an independent copy."""
        self._settle()
        other = Record(self._setting)
        other._values = self._values.copy()
        other._attacks, other._deaths, other._displaced = self._attacks.copy(), self._deaths.copy(), self._displaced.copy()
        other._events = list(self._events)
        other.length = other._settled = self.length
        return other

    def series(self, kind: str, actor: str, variable: str) -> FloatArray:
        """Return one daily series up to now, (days,)."""
        self._settle()
        column = self._index[(kind, actor, variable)]
        return self._values[: self.length, column]

    def latest(self, kind: str, actor: str, variable: str) -> float:
        """Return the last value of a series; NaN before the first day."""
        self._settle()
        return float(self._values[self.length - 1, self._index[(kind, actor, variable)]]) if self.length else float("nan")

    @property
    def raw_events(self) -> list[Event]:
        """Events so far, in order."""
        return list(self._events)

    def events_of(self, day: int) -> list[Event]:
        """Events of one day, in order; the search goes from the latest day back."""
        found: list[Event] = []
        for event in reversed(self._events):
            if event.day < day:
                break
            if event.day == day:
                found.append(event)
        return found[::-1]

    def attacks_on(self, day: int) -> IntArray:
        """Attacks at each place on a recorded day, (places,); zeros for other days."""
        self._settle()
        if not 0 <= day < self.length:
            return np.zeros(self._attacks.shape[1], dtype=np.int64)
        return np.asarray(self._attacks[day], dtype=np.int64)

    def at_place(self, place: int) -> tuple[IntArray, IntArray, IntArray]:
        """Return attacks, people killed and displaced people at one place, day by day, each (days,)."""
        self._settle()
        days = slice(0, self.length)
        attacks, deaths = (table[days, place].astype(np.int64) for table in (self._attacks, self._deaths))
        return attacks, deaths, self._displaced[days, place].copy()

    @property
    def daily(self) -> pd.DataFrame:
        """Tidy table: a row a day, actor and variable."""
        self._settle()
        values = self._values[: self.length]
        kept = [
            i for i, column in enumerate(self.columns)
            if column not in self._idle and (not self._optional[i] or values[:, i].any())
        ]
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
        self._settle()
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
    def displaced(self) -> IntArray:
        """Displaced people at each place on the evening of each day, (days, places)."""
        self._settle()
        return self._displaced[: self.length].copy()

    @property
    def counted(self) -> IntArray:
        """People whom a conflict folder counts in its scored camps, times ``people_scale``, (days, camps)."""
        network = self._setting.network
        if network is None:
            return np.zeros((self.length, 0), dtype=np.int64)
        first = (self._setting.start - network.conflict.start).days
        counts = network.conflict.counts[first : first + self.length]
        return np.asarray(np.rint(counts * self._setting.scale), dtype=np.int64)

    @property
    def camps(self) -> pd.DataFrame:
        """A row a day and scored camp of a conflict folder: people simulated and counted; empty for other scenarios."""
        self._settle()
        network = self._setting.network
        at = network.conflict.camps if network is not None else np.zeros(0, dtype=np.int64)
        n = len(at)
        return pd.DataFrame({
            "day": np.repeat(np.arange(self.length, dtype=np.int32), n),
            "date": np.repeat(self._dates(), n),
            "camp": pd.Categorical.from_codes(
                np.tile(np.arange(n, dtype=np.int16), self.length),
                categories=pd.Index([self._setting.world.places[int(i)] for i in at], dtype="str"),
            ),
            "simulated": self._displaced[: self.length, at].ravel(),
            "counted": self.counted.ravel(),
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
