"""The reservoir: people of whom only the number is known enter from an account, nobody from nowhere.

The folder says how many people are counted in all camps together. Whatever that number grows by on a day
enters at places of fighting; what it falls by is a debt that later growth pays first (Flee's convention):

    n(t) = max(0, D(t) - D(t-1) - debt)

On the first day every camp starts with its own count. Home regions of those are drawn like those of
the others. The account ``outside`` goes down by everybody who enters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.errors import InputError
from agents.gravity import GravityParameters
from agents.vocabulary import Account, Status
from sim.accounts import ACCOUNT_INDEX
from sim.displacement.conflict import Conflict
from sim.displacement.network import Network
from sim.people import Populations
from sim.state import State
from sim.streams import Streams
from sim.world import World

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_OUTSIDE = ACCOUNT_INDEX[Account.OUTSIDE.value]


@dataclass(frozen=True)
class Reservoir:
    """What is known beforehand about the people of a conflict.

    Parameters
    ----------
    entered
        (days,) people who have entered by the evening of a day, those whom the camps start with included.
    origins
        (days, places) chance of each place to be where somebody who enters comes from.
    row_at
        (homes, places) row of people of a home region at a place: displaced in the own country, registered
        in camps abroad, undocumented elsewhere abroad.
    border_between
        (countries, countries) border at which a trip is booked, -1 inside a country. Trips through
        third countries are booked at a border of the country they leave.
    capacity
        (places,) capacity of camps as the folder gives it, people; inf where it gives none.
    is_camp
        (places,) camps.
    """

    entered: IntArray
    origins: FloatArray
    row_at: IntArray
    border_between: IntArray
    capacity: FloatArray
    is_camp: NDArray[np.bool_]


def build_reservoir(network: Network, world: World, populations: Populations, capacity: FloatArray, gravity: GravityParameters) -> Reservoir:
    """Work out what does not change in a run."""
    homes = len(world.homes[0])
    row_at = np.zeros((homes, world.n_places), dtype=np.int64)
    at_home = world.country == 0
    camp = np.zeros(world.n_places, dtype=np.bool_)
    camp[: network.n_places] = network.is_camp
    first = [populations.block(0, status).first for status in (Status.IDP, Status.REGISTERED, Status.UNDOCUMENTED)]
    for h in range(homes):
        row_at[h] = np.where(at_home, first[0], np.where(camp, first[1], first[2])) + h
    return Reservoir(
        entered=entered(network.conflict), origins=_origins(network, world, gravity),
        row_at=row_at, border_between=_border_between(network), capacity=capacity, is_camp=camp,
    )


def _origins(network: Network, world: World, gravity: GravityParameters) -> FloatArray:
    """Chances by place and day: residents^origin_power * intensity * (km to the nearest place abroad + softening)^-access.

    Where no place of fighting has a way abroad all places of fighting count, and all conflict zones where
    there is no fighting.
    """
    conflict = network.conflict
    n = network.n_places
    residents = np.array([place.population + 1.0 for place in conflict.places]) ** gravity.origin_power * network.is_conflict
    near = np.zeros((len(network.road_open), n))
    for phase in range(len(near)):
        km = network.distances(phase, np.ones(len(network.borders)))
        abroad = np.where(network.country[:, None] == network.country[None, :], np.inf, km).min(axis=1)
        near[phase] = np.where(np.isfinite(abroad), (np.where(np.isfinite(abroad), abroad, 0.0) + max(gravity.softening, 1.0)) ** -gravity.access, 0.0)
    fighting = residents[None, :] * conflict.intensity
    weights = np.zeros((conflict.days, world.n_places))
    weights[:, :n] = fighting * near[network.phase]
    cut_off = weights.sum(axis=1) <= 0.0
    weights[cut_off, :n] = fighting[cut_off]
    nowhere = weights.sum(axis=1) <= 0.0
    weights[nowhere, :n] = residents
    if not network.is_conflict.any() and conflict.known.max(initial=0) > conflict.known[:1].max(initial=0):
        raise InputError(
            f"{conflict.folder}: people arrive, but no place is ever a conflict zone; give locations.csv one of type conflict, "
            "or conflicts.csv an intensity above 0"
        )
    return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300))


def _border_between(network: Network) -> IntArray:
    """Border for every two countries: their own, else the first border of the one that is left."""
    size = len(network.countries)
    between = np.full((size, size), -1, dtype=np.int64)
    for b, (one, other) in enumerate(network.borders.tolist()):
        between[one, other] = between[other, one] = b
    for one in range(size):
        own = np.flatnonzero((network.borders == one).any(axis=1))
        for other in range(size):
            if one != other and between[one, other] < 0 and len(own):
                between[one, other] = own[0]
    return between


def entered(conflict: Conflict) -> IntArray:
    """People who have entered by the evening of each day, (days,).

    Growth after falls are made up for adds up to the running maximum of the known total. The camps start
    with their own counts; other series of the folder add to growth only.
    """
    highest = np.maximum.accumulate(conflict.known)
    return np.asarray(highest - highest[0] + conflict.counts[0].sum())


@dataclass(frozen=True)
class Arrivals:
    """People who enter on a day: row, home region, place, number; all arrays have one length."""

    row: IntArray
    home: IntArray
    place: IntArray
    number: IntArray


def draw_arrivals(
    state: State, setting: Setting, streams: Streams, chances: FloatArray, entered: IntArray, *, camps: bool = True
) -> Arrivals:
    """Draw where the day's people come from, and book them out of the reservoir.

    Parameters
    ----------
    chances
        (places,) weights of places as origins. Where all are 0 nobody enters, and the number is due later.
    entered
        (days,) people who have entered by the evening of each day.
    camps
        Whether the camps start with their own counts on day 0 (else those people come like the others).
    """
    reservoir, network = setting.reservoir, setting.network
    assert reservoir is not None and network is not None
    day = state.day
    if day == 0 and camps:
        number = np.round(network.conflict.counts[0] * setting.scale).astype(np.int64)
        unknown = np.full(len(number), len(setting.world.homes[0]) - 1)
        camps_at = network.conflict.camps
        arrivals = Arrivals(reservoir.row_at[unknown, camps_at], unknown, camps_at, number)
    else:
        due = round(int(entered[day]) * setting.scale) + int(state.accounts[_OUTSIDE].sum())
        arrivals = _draw(setting, streams, day, due, chances)
    np.subtract.at(state.accounts[_OUTSIDE], arrivals.row, arrivals.number)
    return arrivals


def _draw(setting: Setting, streams: Streams, day: int, number: int, weights: FloatArray) -> Arrivals:
    """Draw where ``number`` people come from."""
    assert setting.reservoir is not None
    places = np.flatnonzero(weights)
    if number <= 0 or not len(places):
        return Arrivals(places[:0], places[:0], places[:0], places[:0])
    some = weights[places]
    drawn = streams.generator("reservoir", "", day).multinomial(number, some / some.sum())
    origin, drawn = places[drawn > 0], drawn[drawn > 0]
    home = setting.world.home[origin]
    return Arrivals(setting.reservoir.row_at[home, origin], home, origin, drawn)


def feed(state: State, setting: Setting, streams: Streams) -> None:
    """Let the day's people in; on day 0 those whom the camps start with."""
    assert setting.reservoir is not None
    arrivals = draw_arrivals(state, setting, streams, setting.reservoir.origins[state.day], setting.reservoir.entered)
    state.people[arrivals.row, arrivals.place] += arrivals.number  # each place stands there once
