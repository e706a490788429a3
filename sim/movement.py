"""Movement: who sets out, for which reason, and to which gate or place.

All reasons compete: one multinomial for each cell of the table with *stay* last. What a person does
depends on the cell only, so counting is exact in distribution. Weights and chances are worked out for
all populations at once; each population draws from its own stream.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pydantic.dataclasses
from numpy.typing import NDArray

from agents.parameters import STRICT, par
from agents.vocabulary import REASONS, Reason
from sim import draws
from sim.state import State
from sim.streams import Streams
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting
    from sim.ways import Ways

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_INDEX = MappingProxyType({reason: i for i, reason in enumerate(REASONS)})
_FLIGHT = _INDEX[Reason.FLIGHT]
_VOLUNTARY, _DEPORTATION = _INDEX[Reason.VOLUNTARY], _INDEX[Reason.DEPORTATION]


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class MovementParameters:
    """Choice of ways; how distance and compatriots weigh is in :class:`agents.gravity.GravityParameters`."""

    route_power: float = par(4.0, 0.0, 12.0, "-", "assumption: detours are rare", "how strongly returnees prefer the shorter way home")
    safety_power: float = par(
        2.0, 0.0, 6.0, "-", "assumption: people do not flee to a country less safe than their own",
        "how fast a less safe country loses weight for those who flee",
    )
    safety_elsewhere: float = par(0.6, 0.0, 1.0, "-", "assumption: as the default of a government's country", "base safety of countries without a government")
    most_deported: float = par(0.05, 0.0, 1.0, "1/day", "assumption: guard for small stocks", "largest share of a status deported in a day")


@dataclass(frozen=True)
class Movers:
    """People who set out today, grouped by row, place and reason.

    A group may occur more than once. All arrays have one length.
    """

    row: IntArray
    place: IntArray
    reason: IntArray
    number: IntArray

    def only(self, chosen: NDArray[np.bool_]) -> Movers:
        """Return the chosen groups."""
        return Movers(self.row[chosen], self.place[chosen], self.reason[chosen], self.number[chosen])

    def at(self, which: IntArray) -> Movers:
        """Return the groups with these indices; a group may be named more than once."""
        return Movers(self.row[which], self.place[which], self.reason[which], self.number[which])

    def joined(self, other: Movers) -> Movers:
        """Return both, one after the other."""
        return Movers(*(np.concatenate([a, b]) for a, b in zip(self._arrays(), other._arrays(), strict=True)))

    def _arrays(self) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        return self.row, self.place, self.reason, self.number

    def less(self, number: IntArray) -> Movers:
        """Return the same groups with other numbers, groups of nobody dropped."""
        keep = number > 0
        return Movers(self.row[keep], self.place[keep], self.reason[keep], number[keep])


def depart(state: State, setting: Setting, streams: Streams, today: Today, ways: Ways) -> None:
    """Draw departures of every population and send them on their way."""
    if today.flows is None:
        _depart(state, setting, streams, today, ways)
        return
    today.flows.leaving(state)
    _depart(state, setting, streams, today, ways)
    today.flows.close()  # all departures of a day are one draw


def _depart(state: State, setting: Setting, streams: Streams, today: Today, ways: Ways) -> None:
    movers = set_out(state, setting, streams, today)
    if not len(movers.number):
        return
    inland = (movers.reason == _FLIGHT) | ((movers.reason == _VOLUNTARY) & ~setting.row_is_abroad[movers.row])
    if np.count_nonzero(inland):
        inside = movers.only(inland)
        outside = flee_abroad(setting, streams, today, inside, ways)
        movers = movers.only(~inland)
        if np.count_nonzero(outside):
            movers = movers.joined(inside.less(outside))
            inside = inside.less(inside.number - outside)
        send_inland(state, setting, streams, today, inside, ways)
    if len(movers.number):
        send_to_gates(state, setting, streams, today, movers, ways)


def set_out(state: State, setting: Setting, streams: Streams, today: Today) -> Movers:
    """Draw who sets out and for which reason; take them out of their places.

    The multinomial over reasons with *stay* last is drawn as what it is: a binomial of those who leave,
    and their reasons given that they leave.
    """
    hazards = _hazards(state, setting, today)
    people = state.people.reshape(-1)
    flat = people.nonzero()[0]
    rates = hazards.reshape(len(REASONS), -1).take(flat, axis=1)
    chance = -np.expm1(-np.add.reduce(rates, axis=0))
    if np.count_nonzero(chance) < len(chance):  # nobody can have a reason to leave
        able = chance > 0.0
        flat, rates, chance = flat[able], rates[:, able], chance[able]
    gone = _leavers(setting, streams, today, flat, people[flat], chance)
    leaving = gone.nonzero()[0]
    if not len(leaving):
        nobody = np.zeros(0, dtype=np.int64)
        return Movers(nobody, nobody, nobody, nobody)
    rng = streams.generator("reason", "", today.day)
    gone = gone[leaving]
    which, reason, number = draws.spread_few(rng, gone, rates[:, leaving])
    cell = flat[leaving]
    people[cell] -= gone
    cell = cell[which]
    drawn = Movers(setting.row_of_cell[cell], setting.place_of_cell[cell], reason, number)
    movers = within_capacity(drawn, setting, streams, today)
    if movers is not drawn:  # those left over go back
        np.add.at(people, cell, number)
        np.subtract.at(people, movers.row * state.people.shape[1] + movers.place, movers.number)
    np.add.at(today.left.reshape(-1), movers.reason * len(setting.row_back) + movers.row, movers.number)
    return movers


def _hazards(state: State, setting: Setting, today: Today) -> FloatArray:
    """Hazards a day of every reason, (reasons, rows, places)."""
    hazards = np.zeros((len(REASONS), *state.people.shape))
    shared: FloatArray | None = None  # the hazard of flight, one array for all who share the day's rules
    without: list[slice] = []
    for block in setting.populations.blocks:
        intent = today.intentions.get(block.name)
        if intent is None:
            without.append(block.rows)
            continue
        for kind, hazard in intent.hazards.items():
            if kind is not Reason.FLIGHT:
                hazards[_INDEX[kind], block.rows] = hazard
            elif shared is None:
                hazards[_FLIGHT] = shared = hazard
            elif hazard is not shared:
                hazards[_FLIGHT, block.rows] = hazard
    for rows in without:
        hazards[_FLIGHT, rows] = 0.0
    deportation_hazards(state, setting, today, hazards[_DEPORTATION])
    return hazards


#: Up to this many expected leavers of a population they are counted out here, above it by NumPy. Both draw by
#: inversion of one uniform a cell as long as NumPy does: up to 30 expected and a chance of one half.
_FEW = 20.0


def _leavers(
    setting: Setting, streams: Streams, today: Today, flat: IntArray, counts: IntArray, chance: FloatArray
) -> IntArray:
    """Draw how many leave each cell, every population from its own stream; every ``chance`` is above 0."""
    blocks, day = setting.populations.blocks, today.day
    bounds = flat.searchsorted(setting.first_cells).tolist()
    uniforms = np.full(len(flat), -1.0)  # below every chance: nobody leaves
    many: list[tuple[slice, IntArray]] = []
    expected = (counts * chance).cumsum().tolist()
    few = _FEW if chance.max(initial=0.0) <= 0.5 else -1.0
    for b, block in enumerate(blocks):
        first, end = bounds[b], bounds[b + 1]
        if first == end:
            continue
        rng = streams.generator("leave", block.name, day)
        if expected[end - 1] - (expected[first - 1] if first else 0.0) <= few:
            rng.random(out=uniforms[first:end])
        else:
            cells = slice(first, end)
            many.append((cells, rng.binomial(counts[cells], chance[cells])))
    gone = draws.binomial_rare(uniforms, counts, chance) if few > 0.0 else np.zeros(len(flat), dtype=np.int64)
    for cells, drawn in many:
        gone[cells] = drawn
    return gone


def deportation_hazards(state: State, setting: Setting, today: Today, hazards: FloatArray) -> None:
    """Write the hazard a day of formal deportation into ``hazards`` (rows, places).

    The lever asks for a share of the daily capacity; the stock of the status shares it out.
    """
    cast = setting.cast
    for i, settings in enumerate(cast.settings):
        levels = state.granted[i, setting.deportation_columns].tolist()
        if settings.deportation_capacity <= 0.0 or not any(levels):
            continue
        total = max(math.fsum(levels), 1.0)
        country = cast.country[i]
        for s, rows in enumerate(setting.foreign_rows[country]):
            if levels[s] <= 0.0 or not len(rows):
                continue
            stock = int(today.by_country[rows, country].sum())
            wanted = levels[s] / total * settings.deportation_capacity * setting.scale
            hazards[setting.foreign_cells[country][s]] = min(wanted / max(stock, 1), setting.parameters.movement.most_deported)


def within_capacity(movers: Movers, setting: Setting, streams: Streams, today: Today) -> Movers:
    """Let no government deport more than its capacity in a day; those left over stay."""
    deported = (movers.reason == _DEPORTATION).nonzero()[0]
    if not len(deported):
        return movers
    number = movers.number
    country = setting.world.country[movers.place[deported]]
    if int(number[deported].sum()) <= setting.least_room:  # the usual case
        np.add.at(today.deported, (country, movers.row[deported]), number[deported])
        return movers
    for i, own in enumerate(setting.cast.country):
        room = math.ceil(setting.cast.settings[i].deportation_capacity * setting.scale)
        here = deported[country == own]
        wanted = int(number[here].sum())
        if wanted > room:
            rng = streams.generator("deportation capacity", setting.cast.governments[i], today.day)
            number = number.copy()
            number[here] = draws.share_out(rng, number[here], room)
            today.refused += wanted - room
    np.add.at(today.deported, (country, movers.row[deported]), number[deported])
    return movers if number is movers.number else movers.less(number)


def flee_abroad(setting: Setting, streams: Streams, today: Today, movers: Movers, ways: Ways) -> IntArray:
    """How many of those who flee at home go abroad rather than elsewhere in the country, (groups,)."""
    share = setting.parameters.flight.abroad_share
    can = (movers.reason == _FLIGHT) & ~setting.row_is_abroad[movers.row]
    if share <= 0.0 or not np.count_nonzero(can):
        return np.zeros(len(movers.number), dtype=np.int64)
    chance = np.where(can, share * ways.abroad[setting.populations.nationality[movers.row], movers.place], 0.0)
    return draws.binomials(streams.generator("flee abroad", "", today.day), movers.number, chance)


def send_to_gates(state: State, setting: Setting, streams: Streams, today: Today, movers: Movers, ways: Ways) -> None:
    """Put movers on the road to gates; those to whom no gate is open stay where they are."""
    movers, index = _without_stuck(state, setting, today, movers, ways.gates, ways.gate_row)
    if not len(index):
        return
    rng = streams.generator("gate", "", today.day)
    which, gate, number = draws.spread(rng, movers.number, ways.gates, index)
    arrival = (today.day + setting.gates.days_to_gate[movers.place[which], gate]) % setting.ring
    after = ways.after_gate[movers.reason, movers.row, movers.place][which]
    if today.flows is not None:
        on_road = today.flows.open(state).to_gate(arrival, movers.reason[which], after, gate)
        today.flows.left(movers.row[which], movers.place[which], on_road, number, movers.reason[which])
    state.send_to_gates(arrival, movers.reason[which], after, gate, number)


def send_inland(state: State, setting: Setting, streams: Streams, today: Today, movers: Movers, ways: Ways) -> None:
    """Put people on the road inside their country: away from violence, or home again."""
    movers, index = _without_stuck(state, setting, today, movers, ways.places, ways.place_row)
    if not len(index):
        return
    rng = streams.generator("inland", "", today.day)
    which, target, number = draws.spread(rng, movers.number, ways.places, index)
    arrival = (today.day + setting.gates.days_inland[movers.place[which], target]) % setting.ring
    after = ways.after_inland[movers.reason, movers.row, movers.place][which]
    if today.flows is not None:
        on_road = today.flows.open(state).road(arrival, after, target)
        today.flows.left(movers.row[which], movers.place[which], on_road, number, movers.reason[which])
    state.send_inland(arrival, after, target, number)


def _without_stuck(
    state: State, setting: Setting, today: Today, movers: Movers, table: draws.Table, rows: IntArray
) -> tuple[Movers, IntArray]:
    """Rows of a table that movers choose from, with those sent back who have nowhere to go."""
    index = rows[movers.reason, movers.row, movers.place]
    possible = table.possible[index]
    if np.count_nonzero(possible) == len(index):
        return movers, index
    stuck = movers.only(~possible)
    np.add.at(state.people, (stuck.row, stuck.place), stuck.number)
    np.subtract.at(today.left, (stuck.reason, stuck.row), stuck.number)
    held = stuck.only(stuck.reason == _DEPORTATION)  # a deportation that finds no way out did not happen
    np.subtract.at(today.deported, (setting.world.country[held.place], held.row), held.number)
    return movers.only(possible), index[possible]
