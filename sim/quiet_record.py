"""The record of a run without governments, groups and mediators: a day is kept raw and summed up when asked for.

Nothing but people moves in such a run. A day's counts are written down as they are, and the columns of the
record are worked out for all days at once, when somebody looks; the values are those that
:class:`sim.record.Record` would have written day by day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.vocabulary import REASONS, Reason
from sim.record import OUTSIDE, REASON, REGION, Record
from sim.state import State
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting

IntArray = NDArray[np.int64]
_HOME = tuple([REASON[r] for r in (Reason.VOLUNTARY, Reason.FEAR, Reason.DEPORTATION)])
_OUT = tuple([REASON[r] for r in (Reason.FLIGHT, Reason.EMIGRATION, Reason.ONWARD, Reason.REENTRY)])


class QuietRecord(Record):
    """Daily values of a run in which only people move."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        days, world = setting.days, setting.world
        self._people = np.zeros((days, len(setting.populations.blocks), world.n_places), dtype=np.int64)
        self._crossed = np.zeros((days, len(REASONS), world.n_crossings), dtype=np.int64)
        self._is_open = np.zeros((days, world.n_crossings))
        #: (days, 4) departures in flight, people on the way, waiting, entered
        self._sums = np.zeros((days, 4), dtype=np.int64)
        self._done = 0

    def take(self, state: State, setting: Setting, today: Today) -> None:
        """Write down the evening of a day."""
        day = today.day
        np.add.reduceat(state.people, setting.block_bounds[:-1], axis=0, out=self._people[day])
        today.crossed.sum(axis=1, out=self._crossed[day])
        self._is_open[day] = today.is_open
        travelling = int(state.inland.sum()) + state.on_links()
        self._sums[day] = (today.left[REASON[Reason.FLIGHT]].sum(), travelling, today.waiting, -state.accounts[OUTSIDE].sum())
        self._events += today.events
        self.length = day + 1

    def rewind(self, day: int) -> None:
        """Forget everything from ``day`` on: the next day to be taken is ``day``."""
        super().rewind(day)
        self._done = min(self._done, day)

    def copy(self) -> QuietRecord:
        """Return an independent copy."""
        self._settle()
        other = QuietRecord(self._setting)
        for name in ("_values", "_displaced", "_people", "_crossed", "_is_open", "_sums"):
            setattr(other, name, getattr(self, name).copy())
        other._events = list(self._events)
        other.length, other._done = self.length, self._done
        return other

    def _settle(self) -> None:
        """Work out the columns of the days that have come since somebody last looked."""
        if self._done == self.length:
            return
        new = slice(self._done, self.length)
        setting = self._setting
        people, crossed, sums = self._people[new], self._crossed[new], self._sums[new]
        displaced = people[:, self._away].sum(axis=1)
        flows = crossed.sum(axis=2)
        by_name = {
            "returns": flows[:, _HOME].sum(axis=1), "returns_voluntary": flows[:, _HOME[0]], "returns_fear": flows[:, _HOME[1]],
            "returns_deportation": flows[:, _HOME[2]], "reentries": flows[:, _OUT[3]], "departures": flows[:, _OUT].sum(axis=1),
            "flights": sums[:, 0], "displaced": displaced.sum(axis=1), "travelling": sums[:, 1], "queued": sums[:, 2],
        }
        values = self._values[new]
        for column, name in enumerate(REGION):
            values[:, column] = by_name.get(name, 1.0 if name.startswith("stability") else 0.0)
        first = len(REGION)
        if setting.reservoir is not None:
            values[:, first] = sums[:, 3]
            first += 1
        by_country = people @ setting.country_onehot
        by_block = np.concatenate([by_country.sum(axis=2, keepdims=True), by_country], axis=2).reshape(len(people), -1)
        nobody = np.zeros((len(people), setting.world.n_crossings))
        for part in (by_block, crossed.sum(axis=1), nobody, self._is_open[new]):
            values[:, first : first + part.shape[1]] = part
            first += part.shape[1]
        self._displaced[new] = displaced
        self._done = self.length


def new_record(setting: Setting) -> Record:
    """Return the record that a run needs."""
    cast = setting.cast
    quiet = setting.network is not None and not (cast.governments or cast.groups or cast.mediators)
    return QuietRecord(setting) if quiet else Record(setting)
