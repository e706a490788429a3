"""Choice of a destination: what people know of the camps this morning, and the shares of each camp."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.gravity import destination_shares, newness, own_choice, takes
from agents.vocabulary import ABROAD, Status
from sim import measures
from sim.displacement.routes import Routes
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
        blocks = [b.first for b in setting.populations.blocks if b.status in (*ABROAD, Status.IDP)]
        homes = len(setting.world.homes[0])
        #: (statuses, homes, targets) cells of displaced people in camps, by home region.
        row = np.array(blocks)[:, None, None] + np.arange(homes)[None, :, None]
        self._cell = row * setting.world.n_places + self.targets[None, None, :]
        self._attraction = np.ones(len(self.targets))
        if setting.config.scenario.capacities == "attraction" and setting.reservoir is not None:
            capacity = setting.reservoir.capacity[self.targets]
            known = capacity[np.isfinite(capacity)]
            self._attraction = np.where(np.isfinite(capacity), capacity, known.mean() if len(known) else 1.0)
        self._any_new = bool((self._opened > 0).any())
        self._key: tuple[object, ...] = ()
        self._factor: FloatArray = np.zeros(0)
        self._own = own_choice(np.zeros((setting.world.n_places, len(self.targets))), self._country)
        self._can = np.zeros(setting.world.n_places, dtype=np.bool_)
        self._before: FloatArray = np.zeros((0, 0))
        self._new: FloatArray | None = None

    def look(self, state: State, setting: Setting, routes: Routes, today: Today) -> None:
        """Take in what people know this morning: ways, room, and where those of each home region are.

        News of who is where are at most ``news_days`` old; closures and full camps are known at once.
        """
        p = setting.parameters.gravity
        if state.known_day < 0 or today.day >= state.known_day + p.news_days:
            state.known = self._by_home(state)
            state.known_day = today.day
        known = state.known.sum(axis=0)
        phase = int(self._network.phase[today.day])
        taking: FloatArray | None = None
        if setting.has_limits:
            limit = measures.admission_limits(state, setting)[self.targets]
            now = state.people.sum(axis=0)[self.targets]  # everybody in a camp, as admission counts
            taking = takes(known, limit, p.buffer) * (now < limit)
        key = (routes.key, None if taking is None else taking.tobytes())
        if key != self._key:
            factor = self._open[phase] * self._attraction * (1.0 if taking is None else taking)
            pull = routes.ways.pull[:, self.targets] * factor[None, :]
            pull[self.targets, np.arange(len(self.targets))] = 0.0
            self._own, self._can = own_choice(pull, self._country), pull.any(axis=1)
            self._key, self._factor = key, factor
        before = state.known.astype(np.float64)
        nobody = ~state.known.any(axis=1)
        before[nobody] = known
        self._before = before
        self._new = newness(known, self._opened, today.day, self._factor > 0.0) if self._any_new else None

    def _by_home(self, state: State) -> IntArray:
        """Displaced people in camps by home region, whatever their status, (homes, targets)."""
        return np.asarray(state.people.take(self._cell).sum(axis=0))

    def possible(self, movers: Movers) -> BoolArray:
        """Whether groups of people have any destination, (groups,)."""
        return self._can[movers.place]

    def shares(self, setting: Setting, movers: Movers) -> FloatArray:
        """Shares of the targets for groups of people who have one, (groups, targets)."""
        own = self._own.of(movers.place)
        return destination_shares(own, self._before[homes_of(setting, movers)], self._country, self._new, self._opened, setting.parameters.gravity)


def homes_of(setting: Setting, movers: Movers) -> IntArray:
    """Home regions of groups of people; those who are at home there are from the region of their place."""
    home = setting.populations.home[movers.row]
    if home.size and int(home.min()) >= 0:
        return home
    return np.where(home >= 0, home, setting.world.home[movers.place])


def opening_days(is_open: BoolArray, phase: IntArray) -> IntArray:
    """Day on which each camp first opened, 0 for the start; (targets,). Camps that never open count as from the start."""
    first_day = np.array([int(np.flatnonzero(phase == k)[0]) for k in range(len(is_open))])
    days = np.where(is_open, first_day[:, None], np.iinfo(np.int64).max).min(axis=0)
    return np.where(days == np.iinfo(np.int64).max, 0, days)
