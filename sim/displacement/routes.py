"""Routes: distances over what is open today, and the weights of every place as a destination."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.borders import closure
from sim.displacement.network import Network
from sim.state import State
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Ways:
    """Distances and days of travel over what is open.

    Parameters
    ----------
    km
        (places, places) shortest ways, km; inf where there is none.
    pull
        (places, places) (km + softening)^-power, 0 where there is no way; a border open in part counts as longer.
    days, more
        (places, places) whole days of travel, and what is left of a day: who sets out at any hour arrives
        so many days later, or one more with that chance.
    """

    km: FloatArray
    pull: FloatArray
    days: IntArray
    more: FloatArray


class Routes:
    """The ways of today, kept until a road or border opens or closes."""

    def __init__(self, setting: Setting) -> None:
        assert setting.network is not None
        self._network: Network = setting.network
        self._setting = setting
        self._kept: dict[tuple[int, bytes], Ways] = {}
        self.key: tuple[int, bytes] = (-1, b"")
        nothing = np.zeros((0, 0))
        self.ways = Ways(nothing, nothing, nothing.astype(np.int64), nothing)

    def open_borders(self, state: State, setting: Setting, today: Today) -> None:
        """Work out how far each border is open today, and bring the routes up to date."""
        today.is_open = self._network.border_open[self._phase(today.day)]
        if setting.cast.governments or setting.tables.exogenous:
            today.is_open = today.is_open * (1.0 - closure(state, setting, "close_people"))
        self.update(today.day, today.is_open)

    def _phase(self, day: int) -> int:
        return int(self._network.phase[min(day, len(self._network.phase) - 1)])

    def update(self, day: int, is_open: FloatArray) -> None:
        """Bring the routes up to date; ``is_open`` is (borders,) 0..1."""
        phase = self._phase(day)
        key = (phase, is_open.tobytes())
        if key == self.key:
            return
        if key not in self._kept:
            if len(self._kept) >= 64:  # a policy that moves a lever every day must not fill the memory
                self._kept.clear()
            self._kept[key] = self._work_out(phase, is_open)
        self.ways = self._kept[key]
        self.key = key

    def _work_out(self, phase: int, is_open: FloatArray) -> Ways:
        p = self._setting.parameters.gravity
        places = self._setting.world.n_places
        weighed = np.full((places, places), np.inf)  # borders are nobody's destination
        n = self._network.n_places
        weighed[:n, :n] = self._network.distances(phase, is_open, p.border_km)
        km = weighed
        passable = np.asarray(is_open > 0.0)
        if (is_open[passable] < 1.0).any():  # a border that is open in part deters; the way over it is as long as ever
            km = np.full((places, places), np.inf)
            km[:n, :n] = self._network.distances(phase, passable.astype(np.float64), p.border_km)
        # The floor is for places themselves, where people already are: without softening their weight had no end.
        pull = np.where(np.isfinite(weighed), np.maximum(weighed + p.softening, 1e-6) ** -p.power, 0.0)
        whole = np.where(np.isfinite(km), km, 0.0) / p.speed
        days = np.floor(whole).astype(np.int64)
        # Ways that closures make longer than the ring of days are cut: such travellers arrive a little early.
        return Ways(km, pull, np.minimum(days, self._setting.ring - 3), whole - days)
