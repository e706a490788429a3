"""Movement: who sets out, for which reason, and to which gate or place.

All reasons compete: one multinomial for each cell of the table with *stay* last. What a person does
depends on the cell only, so counting is exact in distribution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pydantic.dataclasses
from numpy.typing import NDArray

from agents.decisions import PopulationIntentions
from agents.parameters import STRICT, par
from agents.vocabulary import ABROAD, REASONS, Reason, Status
from sim import draws, measures
from sim.borders import openness as openness_of_gates
from sim.people import Block
from sim.state import State
from sim.streams import Streams
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_INDEX = {reason: i for i, reason in enumerate(REASONS)}
_DEPORTATION = _INDEX[Reason.DEPORTATION]


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class MovementParameters:
    """Choice of ways and destinations."""

    gamma: float = par(1.0, 0.0, 3.0, "-", "gravity exponents of 1-2 in migration studies; level assumption", "how fast destinations lose weight with distance")
    route_power: float = par(4.0, 0.0, 12.0, "-", "assumption: detours are rare", "how strongly returnees prefer the shorter way home")
    network: float = par(
        0.7, 0.0, 1.0, "-", "networks of compatriots moderate destinations (Adhikari 2013); level assumption", "weight of compatriots against residents in the mass of a destination"
    )
    speed: float = par(200.0, 20.0, 1000.0, "km/day", "assumption: bus and lorry with stops", "speed of travel")
    short: float = par(20.0, 0.0, 200.0, "km", "assumption", "distance added to every way")
    most_deported: float = par(0.05, 0.0, 1.0, "1/day", "assumption: guard for small stocks", "largest share of a status deported in a day")


def depart(
    state: State, setting: Setting, streams: Streams, today: Today, intentions: dict[str, PopulationIntentions]
) -> None:
    """Draw departures of every population and send them on their way."""
    masses = [measures.destination_mass(state, setting, n) for n in range(len(setting.world.countries))]
    openness = openness_of_gates(state, setting)
    room = np.array([s.deportation_capacity * setting.scale for s in setting.cast.settings])
    deportation = deportation_hazards(state, setting)
    for block in setting.populations.blocks:
        intent = intentions.get(block.name)
        if intent is None:
            continue
        counts = state.people[block.rows]
        hazards = _stack(intent, counts.shape)
        if block.status in ABROAD:
            hazards[:, :, _DEPORTATION] = deportation[ABROAD.index(block.status)][None, :]
            _not_at_home(hazards, setting, block)
        cells = np.flatnonzero(counts.ravel())
        chosen = hazards.reshape(-1, len(REASONS))[cells]
        if not chosen.any():
            continue
        rng = streams.generator("leave", block.name, today.day)
        drawn: IntArray = rng.multinomial(counts.ravel()[cells], draws.risks_to_chances(chosen))[:, :-1]
        leavers = np.zeros((counts.size, len(REASONS)), dtype=np.int64)
        leavers[cells] = drawn
        leavers = leavers.reshape(*counts.shape, len(REASONS))
        if block.status in ABROAD:
            _cap_deportation(leavers, setting, streams, today, block, room)
        if not leavers.any():
            continue
        state.people[block.rows] -= leavers.sum(axis=2)
        today.left[:, block.rows] += leavers.sum(axis=1).T
        if block.status in ABROAD and leavers[:, :, _DEPORTATION].any():
            for country, places in enumerate(setting.places_of):
                today.deported[country, block.rows] += leavers[:, places, _DEPORTATION].sum(axis=1)
        _send(state, setting, streams, today, block, leavers, masses[block.nationality], openness)


def _stack(intent: PopulationIntentions, shape: tuple[int, int]) -> FloatArray:
    """Hazards of all reasons as one array (homes, places, reasons)."""
    stacked = np.zeros((*shape, len(REASONS)))
    for reason, hazard in intent.hazards.items():
        stacked[:, :, _INDEX[reason]] = hazard
    return stacked


def _not_at_home(hazards: FloatArray, setting: Setting, block: Block) -> None:
    """People abroad who are, by accident, in their own country cannot return or be deported."""
    own = setting.world.country == block.nationality
    hazards[:, own, 1:] = 0.0


def deportation_hazards(state: State, setting: Setting) -> FloatArray:
    """Hazard a day of formal deportation by status and place, (statuses, places).

    The lever asks for a share of the daily capacity; the stock of the status shares it out.
    """
    cast, world = setting.cast, setting.world
    hazards = np.zeros((len(ABROAD), world.n_places))
    if not any(lever.lever == "deportation" for lever in cast.slots):
        return hazards
    stock = measures.foreigners_by_status(state, setting)
    for i, settings in enumerate(cast.settings):
        levels = np.array([cast.level(state, i, "deportation", status.value) for status in ABROAD])
        if not levels.any():
            continue
        levels = levels / max(float(levels.sum()), 1.0)
        wanted = levels * settings.deportation_capacity * setting.scale
        share = np.minimum(wanted / np.maximum(stock[i], 1), setting.parameters.movement.most_deported)
        hazards[:, world.country == cast.country[i]] = share[:, None]
    return hazards


def _cap_deportation(
    leavers: IntArray, setting: Setting, streams: Streams, today: Today, block: Block, room: FloatArray
) -> None:
    """Let no government deport more than its capacity in a day; those left over stay."""
    for i, country in enumerate(setting.cast.country):
        here = setting.world.country == country
        wanted = int(leavers[:, here, _DEPORTATION].sum())
        if wanted > room[i]:
            rng = streams.generator("deportation capacity", f"{block.name}@{country}", today.day)
            kept = draws.share_out(rng, leavers[:, here, _DEPORTATION], int(room[i]))
            today.refused += wanted - int(kept.sum())
            leavers[:, here, _DEPORTATION] = kept
            wanted = int(kept.sum())
        room[i] -= wanted


#: What a trip for each reason aims at: a gate homewards, any gate, a gate to a third country, a place.
_HOMEWARD, _OUTWARD, _THIRD, _INLAND = range(4)
_AIM = {
    Reason.FLIGHT: _INLAND,
    Reason.EMIGRATION: _OUTWARD,
    Reason.ONWARD: _THIRD,
    Reason.VOLUNTARY: _HOMEWARD,
    Reason.FEAR: _HOMEWARD,
    Reason.DEPORTATION: _HOMEWARD,
    Reason.REENTRY: _OUTWARD,
}


def _aims(block: Block) -> IntArray:
    """Aim of each reason for a population; displaced people return inside their country."""
    aims = [_AIM[reason] for reason in REASONS]
    if block.status is Status.IDP:
        aims[_INDEX[Reason.VOLUNTARY]] = _INLAND
    return np.array(aims, dtype=np.int64)


def _send(
    state: State, setting: Setting, streams: Streams, today: Today, block: Block, leavers: IntArray,
    mass: FloatArray, openness: FloatArray,
) -> None:
    """Draw gates and inland destinations of those who left, and put them on the road."""
    home, place, reason = np.nonzero(leavers)
    number = leavers[home, place, reason]
    aim = _aims(block)[reason]
    outward = outward_weights(setting, mass, openness)
    inland = aim == _INLAND
    if inland.any():
        abroad = flee_abroad(setting, streams, today, block, reason, place, number * inland, outward)
        send_inland(state, setting, streams, today, block, (home, place, reason, (number - abroad) * inland), mass)
        number = np.where(inland, abroad, number)
    weights = np.zeros((len(number), setting.gates.n_gates))
    homeward = aim == _HOMEWARD
    weights[homeward] = setting.gates.home_route[block.nationality][home[homeward], place[homeward]] * openness
    weights[~homeward] = outward[place[~homeward]]
    third = aim == _THIRD
    weights[third] *= setting.gates.destination != block.nationality
    moving = reason == _INDEX[Reason.EMIGRATION]
    if moving.any():
        weights[moving] = emigration_weights(state, setting, today.day, block.nationality, weights[moving])
    _to_gates(state, setting, streams, today, block, (home, place, reason, number), weights)


def outward_weights(setting: Setting, mass: FloatArray, openness: FloatArray) -> FloatArray:
    """Weight of every gate for people who go abroad, (places, gates): all that lies beyond it."""
    gates = setting.gates
    return np.asarray(gates.pull * ((gates.beyond * mass[None, :]).sum(axis=1) * openness)[None, :])


def emigration_weights(state: State, setting: Setting, day: int, nationality: int, weights: FloatArray) -> FloatArray:
    """Mix the everyday weights of gates with those of a dated exodus to one country."""
    exodus = measures.exodus_rates(state, setting, nationality, day)
    if not exodus.any():
        return weights
    total = weights.sum(axis=1, keepdims=True)
    mixed = setting.parameters.flight.emigration / 365.25 * weights / np.where(total > 0.0, total, 1.0)
    for country in np.flatnonzero(exodus):
        there = weights * (setting.gates.destination == country)
        total = there.sum(axis=1, keepdims=True)
        mixed = mixed + exodus[country] * there / np.where(total > 0.0, total, 1.0)
    return np.asarray(mixed)


def _to_gates(
    state: State, setting: Setting, streams: Streams, today: Today, block: Block,
    movers: tuple[IntArray, IntArray, IntArray, IntArray], weights: FloatArray,
) -> None:
    """Put movers on the road to gates; those to whom no gate is open stay where they are."""
    home, place, reason, number = movers
    stuck = (weights.sum(axis=1) <= 0.0) & (number > 0)
    if stuck.any():
        np.add.at(state.people, (block.first + home[stuck], place[stuck]), number[stuck])
        np.add.at(today.left, (reason[stuck], block.first + home[stuck]), -number[stuck])
        number = np.where(stuck, 0, number)
    rows = np.flatnonzero(number)
    if not len(rows):
        return
    rng = streams.generator("gate", block.name, today.day)
    drawn = draws.split(rng, number[rows], weights[rows])
    which, gate = np.nonzero(drawn)
    line = rows[which]
    arrival = (today.day + setting.gates.days_to_gate[place[line], gate]) % setting.ring
    row = setting.row_abroad(block, home[line], place[line])
    np.add.at(state.toward, (arrival, reason[line], row, gate), drawn[which, gate])


def flee_abroad(
    setting: Setting, streams: Streams, today: Today, block: Block, reason: IntArray, place: IntArray,
    number: IntArray, outward: FloatArray,
) -> IntArray:
    """How many of those who flee at home go abroad rather than elsewhere in the country."""
    if block.status in ABROAD:
        return np.zeros_like(number)
    can = (reason == _INDEX[Reason.FLIGHT]) & (outward[place].sum(axis=1) > 0.0)
    chance = np.where(can, setting.parameters.flight.abroad_share, 0.0)
    return streams.generator("flee abroad", block.name, today.day).binomial(number, chance)


def send_inland(
    state: State, setting: Setting, streams: Streams, today: Today, block: Block,
    movers: tuple[IntArray, IntArray, IntArray, IntArray], mass: FloatArray,
) -> None:
    """Put people on the road inside their country: away from violence, or home again."""
    home, place, reason, number = movers
    rows = np.flatnonzero(number)
    if not len(rows):
        return
    home, place, reason, number = home[rows], place[rows], reason[rows], number[rows]
    back = reason == _INDEX[Reason.VOLUNTARY]
    weights = setting.gates.inland[place] * (mass * calm(state, setting))[None, :]
    if back.any():
        weights[back] = setting.gates.home_share[block.nationality][home[back]]
    stuck = weights.sum(axis=1) <= 0.0
    if stuck.any():
        np.add.at(state.people, (block.first + home[stuck], place[stuck]), number[stuck])
        np.add.at(today.left, (reason[stuck], block.first + home[stuck]), -number[stuck])
        number = np.where(stuck, 0, number)
    rng = streams.generator("inland", block.name, today.day)
    drawn = draws.split(rng, number, weights)
    which, target = np.nonzero(drawn)
    arrival = (today.day + setting.gates.days_inland[place[which], target]) % setting.ring
    row = setting.row_inland(block, home[which], place[which], back[which])
    np.add.at(state.inland, (arrival, row, target), drawn[which, target])


def calm(state: State, setting: Setting) -> FloatArray:
    """Factor of destinations by recent violence: 1 where it is calm, lower where people die, (places,)."""
    return np.asarray(1.0 / (1.0 + measures.deaths_per_100k(state, setting)))
