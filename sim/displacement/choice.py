"""Choice of a destination: what people know of the camps this morning, and the shares of each camp."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.gravity import destination_shares, newness, takes
from sim import measures
from sim.displacement.routes import Routes
from sim.draws import shares
from sim.movement import Movers
from sim.state import State
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class Choice:
    """Shares of destinations; ``targets`` (targets,) are the places they are about: all camps."""

    def __init__(self, setting: Setting) -> None:
        network = setting.network
        assert network is not None
        self._network = network
        self.targets: IntArray = np.flatnonzero(network.is_camp)
        countries = np.unique(network.country[self.targets])
        self._country = (network.country[self.targets][:, None] == countries[None, :]).astype(np.float64)
        self._open: BoolArray = network.place_open[:, self.targets]
        self._opened = opening_days(self._open, network.phase)
        assert setting.reservoir is not None
        self._cell = setting.reservoir.row_at[:, self.targets] * setting.world.n_places + self.targets[None, :]
        self._attraction = np.ones(len(self.targets))
        if setting.config.scenario.capacities == "attraction":
            capacity = setting.reservoir.capacity[self.targets]
            known = capacity[np.isfinite(capacity)]
            self._attraction = np.where(np.isfinite(capacity), capacity, known.mean() if len(known) else 1.0)
        self._key: tuple[object, ...] = ()
        self._pull: FloatArray = np.zeros((0, 0))
        self._before: FloatArray = np.zeros((0, 0))
        self._new: FloatArray = np.zeros(0)
        self._cells = b""
        self._weights: FloatArray = np.zeros((0, 0))

    def look(self, state: State, setting: Setting, routes: Routes, today: Today) -> None:
        """Take in what people know this morning: ways, room, and where those of each home region are.

        News of who is where are at most ``news_days`` old; closures and full camps are known at once.
        """
        if state.known_day < 0 or today.day >= state.known_day + setting.parameters.gravity.news_days:
            state.known = state.people.take(self._cell)
            state.known_day = today.day
        open_now = self._open[self._network.phase[today.day]]
        limit: FloatArray | None = None
        full: BoolArray | None = None
        if setting.has_limits:
            limit = measures.admission_limits(state, setting)[self.targets]
            full = state.people[:, self.targets].sum(axis=0) >= limit
        key = (state.known_day, routes.key, None if full is None or limit is None else (full.tobytes(), limit.tobytes()))
        if key != self._key:
            self._weigh(state, setting, routes, open_now, limit, full)
            self._key, self._cells = key, b""

    def _weigh(
        self, state: State, setting: Setting, routes: Routes, open_now: BoolArray, limit: FloatArray | None, full: BoolArray | None
    ) -> None:
        """Turn news into the parts of the shares."""
        stock = state.known.sum(axis=0)
        factor = open_now * self._attraction
        if limit is not None and full is not None:
            factor = factor * takes(stock, limit, setting.parameters.gravity.buffer) * ~full
        self._pull = routes.ways.pull[:, self.targets] * factor[None, :]
        self._pull[self.targets, np.arange(len(self.targets))] = 0.0
        somebody = np.asarray(state.known.any(axis=1))
        self._before = np.where(somebody[:, None], state.known, stock[None, :]).astype(np.float64)
        self._new = newness(stock, self._opened, state.known_day, factor > 0.0)

    def weights(self, setting: Setting, movers: Movers) -> FloatArray:
        """Shares of the targets for groups of people, (groups, targets); a row of zeros where there is none."""
        home = setting.populations.home[movers.row]
        home = np.where(home >= 0, home, setting.world.home[movers.place])
        cells = (home * setting.world.n_places + movers.place).tobytes()
        if cells != self._cells:  # mostly the same groups leave day after day
            pull, before = self._pull[movers.place], self._before[home]
            parameters = setting.parameters.gravity
            self._weights = shares(destination_shares(pull, before, self._country, self._new, self._opened, parameters))
            self._cells = cells
        return self._weights


def opening_days(is_open: BoolArray, phase: IntArray) -> IntArray:
    """Day on which each camp first opened, 0 for the start; (targets,). Camps that never open count as from the start."""
    first_day = np.array([int(np.flatnonzero(phase == k)[0]) for k in range(len(is_open))])
    days = np.where(is_open, first_day[:, None], np.iinfo(np.int64).max).min(axis=0)
    return np.where(days == np.iinfo(np.int64).max, 0, days)
