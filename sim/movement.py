"""Movement: who sets out, for which reason, and to which gate or place.

All reasons compete: one multinomial for each cell of the table with *stay* last. What a person does
depends on the cell only, so counting is exact in distribution. Weights and chances are worked out for
all populations at once; each population draws from its own stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pydantic.dataclasses
from numpy.typing import NDArray

from agents.parameters import STRICT, par
from agents.vocabulary import ABROAD, REASONS, Reason
from sim import draws, measures
from sim.borders import openness
from sim.state import State
from sim.streams import Streams
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_INDEX = {reason: i for i, reason in enumerate(REASONS)}
_FLIGHT, _EMIGRATION, _ONWARD = _INDEX[Reason.FLIGHT], _INDEX[Reason.EMIGRATION], _INDEX[Reason.ONWARD]
_VOLUNTARY, _DEPORTATION = _INDEX[Reason.VOLUNTARY], _INDEX[Reason.DEPORTATION]
#: Reasons that lead to a gate homewards, for people abroad.
_HOMEWARD = np.array([reason in (Reason.VOLUNTARY, Reason.FEAR, Reason.DEPORTATION) for reason in REASONS])


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class MovementParameters:
    """Choice of ways and destinations."""

    gamma: float = par(
        1.0, 0.0, 3.0, "-", "gravity exponents of 1-2 in migration studies; level assumption",
        "how fast destinations lose weight with distance",
    )
    route_power: float = par(4.0, 0.0, 12.0, "-", "assumption: detours are rare", "how strongly returnees prefer the shorter way home")
    network: float = par(
        0.7, 0.0, 1.0, "-", "networks of compatriots moderate destinations (Adhikari 2013); level assumption",
        "weight of compatriots against residents in the mass of a destination",
    )
    safety_power: float = par(
        2.0, 0.0, 6.0, "-", "assumption: people do not flee to a country less safe than their own",
        "how fast a less safe country loses weight for those who flee",
    )
    speed: float = par(200.0, 20.0, 1000.0, "km/day", "assumption: bus and lorry with stops", "speed of travel")
    short: float = par(20.0, 0.0, 200.0, "km", "assumption", "distance added to every way")
    most_deported: float = par(0.05, 0.0, 1.0, "1/day", "assumption: guard for small stocks", "largest share of a status deported in a day")


@dataclass(frozen=True)
class Movers:
    """People who set out today, grouped by row, place and reason; sorted by row."""

    row: IntArray
    place: IntArray
    reason: IntArray
    number: IntArray

    def only(self, chosen: NDArray[np.bool_], number: IntArray | None = None) -> Movers:
        """Return the chosen groups, with other numbers if given (groups of nobody are dropped)."""
        counts = self.number if number is None else number
        keep = np.flatnonzero(chosen & (counts > 0))
        return Movers(self.row[keep], self.place[keep], self.reason[keep], counts[keep])


def depart(state: State, setting: Setting, streams: Streams, today: Today) -> None:
    """Draw departures of every population and send them on their way."""
    movers = set_out(state, setting, streams, today)
    if not len(movers.number):
        return
    open_gates = openness(state, setting)
    abroad = setting.row_is_abroad[movers.row]
    fleeing = movers.reason == _FLIGHT
    inland = fleeing | ((movers.reason == _VOLUNTARY) & ~abroad)
    to_gates = movers.only(~inland)
    if inland.any():
        stay_inside = movers.only(inland)
        outside = flee_abroad(state, setting, streams, today, stay_inside, open_gates)
        send_inland(state, setting, streams, today, stay_inside.only(np.ones(len(outside), dtype=np.bool_), stay_inside.number - outside))
        gone = stay_inside.only(np.ones(len(outside), dtype=np.bool_), outside)
        if len(gone.number):
            send_to_gates(state, setting, streams, today, gone, flight_weights(state, setting, gone, open_gates), "flight gate")
    if len(to_gates.number):
        send_to_gates(state, setting, streams, today, to_gates, gate_weights(state, setting, today.day, to_gates, open_gates), "gate")


def set_out(state: State, setting: Setting, streams: Streams, today: Today) -> Movers:
    """Draw who sets out and for which reason; take them out of their places."""
    hazards = np.zeros((len(REASONS), *state.people.shape))
    active: list[int] = []
    for b, block in enumerate(setting.populations.blocks):
        intent = today.intentions.get(block.name)
        if intent is not None:
            active.append(b)
            for reason, hazard in intent.hazards.items():
                hazards[_INDEX[reason], block.rows] = hazard
    deportation_hazards(state, setting, hazards[_DEPORTATION])
    row, place = np.nonzero(state.people)
    counts = state.people[row, place]
    chances = draws.risks_to_chances(hazards[:, row, place].T)
    bounds = np.searchsorted(row, setting.block_bounds)
    drawn = np.zeros((len(row), len(REASONS)), dtype=np.int64)
    for b in active:
        cells = slice(bounds[b], bounds[b + 1])
        if bounds[b] < bounds[b + 1]:
            rng = streams.generator("leave", setting.populations.blocks[b].name, today.day)
            drawn[cells] = rng.multinomial(counts[cells], chances[cells])[:, :-1]
    _cap_deportation(drawn[:, _DEPORTATION], setting, streams, today, place)
    cell, reason = np.nonzero(drawn)
    movers = Movers(row[cell], place[cell], reason, drawn[cell, reason])
    np.subtract.at(state.people, (movers.row, movers.place), movers.number)
    np.add.at(today.left, (movers.reason, movers.row), movers.number)
    deported = movers.only(movers.reason == _DEPORTATION)
    np.add.at(today.deported, (setting.world.country[deported.place], deported.row), deported.number)
    return movers


def deportation_hazards(state: State, setting: Setting, hazards: FloatArray) -> None:
    """Write the hazard a day of formal deportation into ``hazards`` (rows, places).

    The lever asks for a share of the daily capacity; the stock of the status shares it out.
    """
    cast = setting.cast
    for i, settings in enumerate(cast.settings):
        levels = np.array([cast.level(state, i, "deportation", status.value) for status in ABROAD])
        if not levels.any():
            continue
        levels = levels / max(float(levels.sum()), 1.0)
        country = cast.country[i]
        here = setting.places_of[country]
        for s, rows in enumerate(setting.foreign_rows[country]):
            stock = int(state.people[np.ix_(rows, here)].sum())
            wanted = float(levels[s]) * settings.deportation_capacity * setting.scale
            hazards[np.ix_(rows, here)] = min(wanted / max(stock, 1), setting.parameters.movement.most_deported)


def _cap_deportation(deported: IntArray, setting: Setting, streams: Streams, today: Today, place: IntArray) -> None:
    """Let no government deport more than its capacity in a day; those left over stay."""
    if not deported.any():
        return
    for i, country in enumerate(setting.cast.country):
        room = int(setting.cast.settings[i].deportation_capacity * setting.scale)
        here = setting.world.country[place] == country
        wanted = int(deported[here].sum())
        if wanted > room:
            rng = streams.generator("deportation capacity", setting.cast.governments[i], today.day)
            deported[here] = draws.share_out(rng, deported[here], room)
            today.refused += wanted - room


def outward_weights(state: State, setting: Setting, nationality: int, open_gates: FloatArray) -> FloatArray:
    """Weight of every gate for people who go abroad, (places, gates): all that lies beyond it."""
    gates = setting.gates
    mass = measures.destination_mass(state, setting, nationality)
    return np.asarray(gates.pull * ((gates.beyond * mass[None, :]).sum(axis=1) * open_gates)[None, :])


def _outward(state: State, setting: Setting, movers: Movers, open_gates: FloatArray) -> FloatArray:
    """Outward weights for every group of movers, (groups, gates)."""
    nationality = setting.populations.nationality[movers.row]
    weights = np.zeros((len(movers.row), setting.gates.n_gates))
    for nation in setting.nationalities:
        mine = nationality == nation
        if mine.any():
            weights[mine] = outward_weights(state, setting, nation, open_gates)[movers.place[mine]]
    return weights


def gate_weights(state: State, setting: Setting, day: int, movers: Movers, open_gates: FloatArray) -> FloatArray:
    """Weights of gates for people who cross a border for any reason but flight, (groups, gates)."""
    gates = setting.gates
    weights = gates.home_route[movers.row, movers.place] * open_gates
    outward = ~_HOMEWARD[movers.reason]
    if outward.any():
        some = movers.only(outward)
        out = _outward(state, setting, some, open_gates)
        nationality = setting.populations.nationality[some.row]
        # People who move on leave for a third country; the others for anywhere abroad.
        third = some.reason == _ONWARD
        out[third] *= gates.destination[None, :] != nationality[third, None]
        for nation in setting.nationalities:
            moving = (some.reason == _EMIGRATION) & (nationality == nation)
            if moving.any():
                out[moving] = emigration_weights(state, setting, day, nation, out[moving])
        weights[outward] = out
    return np.asarray(weights)


def emigration_weights(state: State, setting: Setting, day: int, nationality: int, weights: FloatArray) -> FloatArray:
    """Mix the everyday weights of gates with those of a dated exodus to one country."""
    exodus = measures.exodus_rates(state, setting, nationality, day)
    if not exodus.any():
        return weights
    total = weights.sum(axis=1, keepdims=True)
    mixed = setting.emigration[nationality] / 365.25 * weights / np.where(total > 0.0, total, 1.0)
    for country in np.flatnonzero(exodus):
        there = weights * (setting.gates.destination == country)
        total = there.sum(axis=1, keepdims=True)
        mixed = mixed + exodus[country] * there / np.where(total > 0.0, total, 1.0)
    return np.asarray(mixed)


def flight_weights(state: State, setting: Setting, movers: Movers, open_gates: FloatArray) -> FloatArray:
    """Weights of gates for people who flee: a country less safe than their own has less weight."""
    own = state.safety[setting.populations.nationality[movers.row]]
    behind = state.safety[setting.gates.destination]
    appeal = np.minimum(behind[None, :] / np.maximum(own, 1e-9)[:, None], 1.0) ** setting.parameters.movement.safety_power
    return _outward(state, setting, movers, open_gates) * appeal


def flee_abroad(
    state: State, setting: Setting, streams: Streams, today: Today, movers: Movers, open_gates: FloatArray
) -> IntArray:
    """How many of those who flee at home go abroad rather than elsewhere in the country, (groups,)."""
    number = np.zeros_like(movers.number)
    can = (movers.reason == _FLIGHT) & ~setting.row_is_abroad[movers.row]
    if not can.any() or setting.parameters.flight.abroad_share <= 0.0:
        return number
    plain = _outward(state, setting, movers, open_gates).sum(axis=1)
    safe = flight_weights(state, setting, movers, open_gates).sum(axis=1)
    chance = np.where(can & (plain > 0.0), setting.parameters.flight.abroad_share * safe / np.where(plain > 0.0, plain, 1.0), 0.0)
    for block, rows in _by_block(setting, movers.row):
        number[rows] = streams.generator("flee abroad", block, today.day).binomial(movers.number[rows], chance[rows])
    return number


def send_to_gates(
    state: State, setting: Setting, streams: Streams, today: Today, movers: Movers, weights: FloatArray, stream: str
) -> None:
    """Put movers on the road to gates; those to whom no gate is open stay where they are."""
    movers, weights = _without_stuck(state, today, movers, weights)
    drawn = _split(setting, streams, today, movers, weights, stream)
    which, gate = np.nonzero(drawn)
    arrival = (today.day + setting.gates.days_to_gate[movers.place[which], gate]) % setting.ring
    row = setting.row_out[movers.row[which], movers.place[which]]
    np.add.at(state.toward, (arrival, movers.reason[which], row, gate), drawn[which, gate])


def send_inland(state: State, setting: Setting, streams: Streams, today: Today, movers: Movers) -> None:
    """Put people on the road inside their country: away from violence, or home again."""
    if not len(movers.number):
        return
    back = movers.reason == _VOLUNTARY
    calm = 1.0 / (1.0 + measures.deaths_per_100k(state, setting))
    mass = setting.world.attractiveness * calm
    if setting.has_limits:
        mass = np.where(measures.displaced_at(state, setting) >= setting.world.limit, 0.0, mass)
    weights = setting.gates.inland[movers.place] * mass[None, :]
    weights[back] = setting.home_share[movers.row[back]]
    movers, weights = _without_stuck(state, today, movers, weights)
    drawn = _split(setting, streams, today, movers, weights, "inland")
    which, target = np.nonzero(drawn)
    back = movers.reason[which] == _VOLUNTARY
    arrival = (today.day + setting.gates.days_inland[movers.place[which], target]) % setting.ring
    row = np.where(back, setting.row_back[movers.row[which]], setting.row_fled[movers.row[which], movers.place[which]])
    np.add.at(state.inland, (arrival, row, target), drawn[which, target])


def _without_stuck(state: State, today: Today, movers: Movers, weights: FloatArray) -> tuple[Movers, FloatArray]:
    """Send those back who have nowhere to go."""
    ways = weights.sum(axis=1) > 0.0
    if ways.all():
        return movers, weights
    stuck = movers.only(~ways)
    np.add.at(state.people, (stuck.row, stuck.place), stuck.number)
    np.subtract.at(today.left, (stuck.reason, stuck.row), stuck.number)
    return movers.only(ways), weights[ways & (movers.number > 0)]


def _by_block(setting: Setting, row: IntArray) -> list[tuple[str, slice]]:
    """Slices of sorted rows by population, with the population's name."""
    bounds = np.searchsorted(row, setting.block_bounds).tolist()
    blocks = setting.populations.blocks
    return [(blocks[b].name, slice(bounds[b], bounds[b + 1])) for b in range(len(blocks)) if bounds[b] < bounds[b + 1]]


def _split(
    setting: Setting, streams: Streams, today: Today, movers: Movers, weights: FloatArray, stream: str
) -> IntArray:
    """Share out movers over targets, each population from its own stream, (groups, targets)."""
    chances = draws.shares(weights)
    drawn = np.empty(weights.shape, dtype=np.int64)
    for block, rows in _by_block(setting, movers.row):
        rng = streams.generator(stream, block, today.day)
        drawn[rows] = rng.multinomial(movers.number[rows], chances[rows])
    return draws.settle_strays(drawn, weights)
