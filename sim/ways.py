"""Ways: the tables of gates and places that people choose among, brought up to date when news changes.

People act on news that is at most a decision interval old: where compatriots are, where it is calm,
which places are full. Closures are known at once. The tables follow from the news in the state and the
openness of gates alone, so they are kept until one of those changes.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.vocabulary import REASONS, Reason
from sim import measures
from sim.borders import openness
from sim.draws import Table
from sim.state import State

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def read_news(state: State, setting: Setting) -> None:
    """Bring the news up to date: masses of destinations, calm of places, mix of an exodus."""
    for nation in setting.nationalities:
        state.mass[nation] = measures.destination_mass(state, setting, nation)
        state.exodus[nation] = measures.exodus_rates(state, setting, nation, state.day)
    calm = 1.0 / (1.0 + measures.deaths_per_100k(state, setting))
    state.haven = setting.world.attractiveness * calm
    if setting.has_limits:
        state.haven = np.where(measures.full_places(state, setting), 0.0, state.haven)


#: Reasons that lead to a gate homewards, for people abroad.
_HOMEWARD = (Reason.VOLUNTARY, Reason.FEAR, Reason.DEPORTATION)
#: Kind of an outward trip for each reason (see :class:`Ways`); 0 for the others.
_KIND = MappingProxyType({Reason.FLIGHT: 1, Reason.ONWARD: 2, Reason.EMIGRATION: 3})


class Ways:
    """Tables of weights for the news and the openness of the day.

    Attributes
    ----------
    gates
        Table over gates. Rows: for every row and place of people the way home; then for every
        nationality, kind of outward trip (out, flight, third country, emigration) and place the gates abroad.
    places
        Table over places. Rows: destinations inside the country for every place; home regions for every
        row of people; for every nationality and gate the destinations beyond it.
    abroad
        For each country (places,) weight of flight abroad against going abroad at all, 0..1.
    """

    OUT, FLIGHT, THIRD, EMIGRATION = range(4)

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._open = b""
        self._news = b""
        n_places, rows = setting.world.n_places, setting.populations.n_rows
        countries, gates = len(setting.world.countries), setting.gates.n_gates
        self._first_out = rows * n_places
        self._first_beyond = n_places + rows
        static = setting.gates
        ways = np.concatenate([static.home_route.reshape(-1, gates), np.tile(static.pull, (4 * countries, 1))]) > 0.0
        self.gates = Table(np.zeros(ways.shape), ways)
        ends = np.concatenate([static.inland, static.home_share, np.tile(static.beyond, (countries, 1))]) > 0.0
        self.places = Table(np.zeros(ends.shape), ends)
        self.places.write(n_places, static.home_share)
        self.abroad = np.zeros((countries, n_places))
        #: (reasons, rows, places) row of :attr:`gates` for a trip to a gate, row of :attr:`places` for one inland, and
        #: the row of people in which each ends
        self.gate_row, self.after_gate, self.place_row, self.after_inland = self._trips()

    def _trips(self) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """Where people of every cell look for their way, by reason, and what they become on it."""
        setting = self._setting
        row, place = setting.row_of_cell, setting.place_of_cell
        nation = setting.populations.nationality[row]
        gate_row, after_gate, place_row, after_inland = [], [], [], []
        for reason in REASONS:
            homeward, voluntary = reason in _HOMEWARD, reason is Reason.VOLUNTARY
            gate_row.append(self.home_row(row, place) if homeward else self.out_row(_KIND.get(reason, self.OUT), nation, place))
            # Papers of one host mean nothing in the next country: who moves on arrives without any.
            after_gate.append(setting.row_without_papers[row] if reason is Reason.ONWARD else setting.row_out[row, place])
            place_row.append(self.return_row(row) if voluntary else place)
            after_inland.append(setting.row_back[row] if voluntary else setting.row_fled[row, place])
        shape = (len(REASONS), setting.populations.n_rows, setting.world.n_places)
        return (
            np.stack(gate_row).reshape(shape), np.stack(after_gate).reshape(shape),
            np.stack(place_row).reshape(shape), np.stack(after_inland).reshape(shape),
        )

    def home_row(self, row: IntArray, place: IntArray) -> IntArray:
        """Rows of :attr:`gates` for returns home."""
        return row * self._setting.world.n_places + place

    def out_row(self, kind: IntArray | int, nation: IntArray, place: IntArray) -> IntArray:
        """Rows of :attr:`gates` for trips abroad of a kind."""
        world = self._setting.world
        return self._first_out + (nation * 4 + kind) * world.n_places + place

    def return_row(self, row: IntArray) -> IntArray:
        """Rows of :attr:`places` for people who go to their home region."""
        return self._setting.world.n_places + row

    def beyond_row(self, nation: IntArray, gate: IntArray) -> IntArray:
        """Rows of :attr:`places` for people behind a gate abroad."""
        return self._first_beyond + nation * self._setting.gates.n_gates + gate

    def update(self, state: State, is_open: FloatArray) -> None:
        """Bring the tables up to date with the state; ``is_open`` is (crossings,) 0..1."""
        setting = self._setting
        key = is_open.tobytes()
        news = state.mass.tobytes() + state.haven.tobytes() + state.safety.tobytes() + state.exodus.tobytes()
        if news == self._news and key == self._open:
            return
        gates_open = openness(is_open, setting)
        if key != self._open:
            ways_home = setting.gates.home_route * gates_open
            self.gates.write(0, ways_home.reshape(-1, setting.gates.n_gates))
        if news != self._news:
            self.places.write(0, setting.gates.inland * state.haven[None, :])
            for nation in setting.nationalities:
                first = self._first_beyond + nation * setting.gates.n_gates
                self.places.write(first, _beyond(setting, state.mass[nation]))
        for nation in setting.nationalities:
            self._outward(state, nation, gates_open)
        self._open, self._news = key, news

    def _outward(self, state: State, nation: int, gates_open: FloatArray) -> None:
        """Write the gates abroad of one nationality, for every kind of trip."""
        setting = self._setting
        gates = setting.gates
        reach = (gates.beyond * state.mass[nation][None, :]).sum(axis=1) * gates_open
        out = gates.pull * reach[None, :]
        power = setting.parameters.movement.safety_power
        appeal = np.minimum(state.safety[gates.destination] / max(float(state.safety[nation]), 1e-9), 1.0) ** power
        flight = out * appeal[None, :]
        third = out * (gates.destination != nation)
        kinds = np.concatenate([out, flight, third, emigration_weights(state, setting, nation, out)])
        self.gates.write(self._first_out + nation * 4 * setting.world.n_places, kinds)
        total = out.sum(axis=1)
        self.abroad[nation] = np.where(total > 0.0, flight.sum(axis=1) / np.where(total > 0.0, total, 1.0), 0.0)


def emigration_weights(state: State, setting: Setting, nation: int, weights: FloatArray) -> FloatArray:
    """Mix the everyday weights of gates with those of a dated exodus to one country, (places, gates)."""
    exodus = state.exodus[nation]
    if not exodus.any():
        return weights
    total = weights.sum(axis=1, keepdims=True)
    mixed = setting.emigration[nation] / 365.25 * weights / np.where(total > 0.0, total, 1.0)
    for country in np.flatnonzero(exodus):
        there = weights * (setting.gates.destination == country)
        total = there.sum(axis=1, keepdims=True)
        mixed = mixed + exodus[country] * there / np.where(total > 0.0, total, 1.0)
    return np.asarray(mixed)


def _beyond(setting: Setting, mass: FloatArray) -> FloatArray:
    """Weights of destinations behind each gate; when all are full people crowd in all the same."""
    weights = setting.gates.beyond * mass[None, :]
    full = weights.sum(axis=1) <= 0.0
    weights[full] = setting.gates.beyond[full] * setting.world.attractiveness[None, :]
    return np.asarray(weights)
