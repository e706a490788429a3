"""The day book: what a day leaves behind, written down raw, to be summed up for many days at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.vocabulary import REASONS, Account, Reason
from sim.accounts import ACCOUNT_INDEX
from sim.state import State
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
#: Days that a book holds before it is summed up.
KEPT = 64
OUTSIDE = ACCOUNT_INDEX[Account.OUTSIDE.value]
_FLIGHT = REASONS.index(Reason.FLIGHT)


@dataclass(frozen=True)
class DayBook:
    """Raw values of some days in a row; the first axis of every array is the day."""

    people: IntArray  #: (days, blocks, places)
    crossed: IntArray  #: (days, reasons, crossings)
    is_open: FloatArray  #: (days, crossings)
    queue: IntArray  #: (days, gates)
    sums: IntArray  #: (days, 6) departures in flight, people on the way, waiting, irregular, civilians killed, entered
    attacks: IntArray  #: (days, groups, places)
    deaths: IntArray  #: (days, groups, places)
    killed: IntArray  #: (days, places)
    fighters: IntArray  #: (days, groups, places)
    groups: IntArray  #: (days, 3, groups) recruits, killed, whether in a truce
    levels: FloatArray  #: (days, 5, governments) legitimacy, tension, economy, standing, weariness
    pairs: FloatArray  #: (days, 4, governments, governments) hostility, direct trade, transit trade, talks
    levers: FloatArray  #: (days, 2, governments, slots) granted, asked
    memories: FloatArray  #: (days, 2, countries) of coerced returns and of flight
    window: FloatArray  #: (days,) attacks of the last 28 days
    attention: FloatArray  #: (days, mediators)

    def write(self, k: int, state: State, setting: Setting, today: Today) -> None:
        """Write down the evening of a day on page ``k``."""
        np.add.reduceat(state.people, setting.block_bounds[:-1], axis=0, out=self.people[k])
        np.add.reduce(today.crossed, axis=1, out=self.crossed[k])
        self.is_open[k] = today.is_open
        travelling = int(np.add.reduce(state.inland, axis=None)) + state.on_links()
        if state.toward.size:
            travelling += int(np.add.reduce(state.toward, axis=None))
            np.add.reduce(state.queue, axis=(0, 1), out=self.queue[k])
        self.sums[k] = (
            np.add.reduce(today.left[_FLIGHT]), travelling, today.waiting, today.irregular, np.add.reduce(today.civilians_killed),
            0 if setting.reservoir is None else -np.add.reduce(state.accounts[OUTSIDE]),
        )
        if setting.cast.groups:
            self.attacks[k], self.deaths[k], self.fighters[k] = today.attacks, today.deaths, state.fighters
            self.groups[k] = (today.recruits, today.fighters_killed, today.day <= state.truce_until)
        if setting.cast.governments:
            self._write_governments(k, state, today)
        if len(state.attention):
            self.attention[k] = state.attention

    def _write_governments(self, k: int, state: State, today: Today) -> None:
        self.killed[k] = today.people_killed
        self.levels[k] = (state.legitimacy, state.tension, state.economy, state.standing, state.weariness)
        self.pairs[k] = (state.hostility, state.direct_trade, state.transit_trade, state.talks)
        self.levers[k] = (state.granted, state.asked)
        self.memories[k] = (state.return_memory, state.flight_memory)
        self.window[k] = np.add.reduce(state.attack_window, axis=None)


def new_book(setting: Setting) -> DayBook:
    """Return an empty book for :data:`KEPT` days, or for all days of a shorter run."""
    days = min(setting.days, KEPT)
    cast, world = setting.cast, setting.world
    governments, groups = len(cast.governments), len(cast.groups)

    def counts(*shape: int) -> IntArray:
        return np.zeros((days, *shape), dtype=np.int64)

    def numbers(*shape: int) -> FloatArray:
        return np.zeros((days, *shape))

    return DayBook(
        people=counts(len(setting.populations.blocks), world.n_places), crossed=counts(len(REASONS), world.n_crossings),
        is_open=numbers(world.n_crossings), queue=counts(setting.gates.n_gates), sums=counts(6),
        attacks=counts(groups, world.n_places), deaths=counts(groups, world.n_places), killed=counts(world.n_places),
        fighters=counts(groups, world.n_places), groups=counts(3, groups), levels=numbers(5, governments),
        pairs=numbers(4, governments, governments), levers=numbers(2, governments, len(cast.slots)),
        memories=numbers(2, len(world.countries)), window=numbers(), attention=numbers(len(cast.mediators)),
    )
