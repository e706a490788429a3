"""Measures: what can be read off a state and a setting, used by several mechanisms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.vocabulary import REASONS, Reason
from sim.state import State
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_COERCED = tuple([REASONS.index(Reason.FEAR), REASONS.index(Reason.DEPORTATION)])


def people_by_country(state: State, setting: Setting) -> IntArray:
    """People at places, (rows, countries)."""
    counted: IntArray = state.people @ setting.country_onehot
    return counted


def foreigners_by_status(by_country: IntArray, setting: Setting) -> IntArray:
    """Foreigners at places of each government's country, (governments, statuses abroad).

    ``by_country`` is what :func:`people_by_country` counts.
    """
    # Nobody with a status of people abroad is at a place of the own country, so rows need no sorting out.
    counted: IntArray = (setting.by_status @ by_country).T[list(setting.cast.country)]
    return counted


def log_foreigners(by_country: IntArray, setting: Setting, government: int) -> float:
    """Log ratio of foreigners to the start; 0 where there were none."""
    start = int(np.add.reduce(setting.foreigners_at_start[government]))
    if start <= 0:
        return 0.0
    country = setting.cast.country[government]
    return math.log(max(int(np.add.reduce(by_country[setting.all_foreign_rows[country], country])), 1) / start)


def log_undocumented(by_country: IntArray, setting: Setting, government: int) -> float:
    """Log ratio of undocumented people in a country to the start; 0 where there were none."""
    start = setting.foreigners_at_start[government, -1]
    if start <= 0:
        return 0.0
    country = setting.cast.country[government]
    return math.log(max(int(by_country[setting.foreign_rows[country][-1], country].sum()), 1) / start)


def citizens_abroad(by_country: IntArray, setting: Setting, government: int) -> int:
    """Citizens of a government's country who are at places abroad."""
    rows = setting.abroad_rows[setting.cast.country[government]]
    return int(np.add.reduce(by_country[rows], axis=None)) if len(rows) else 0


def returnee_share(by_country: IntArray, setting: Setting, country: int) -> float:
    """Recent returnees as a share of a country's residents at the start."""
    residents = float(setting.residents_of[country])
    if country not in setting.nationalities or not residents:
        return 0.0
    return float(by_country[setting.returnee_row[country], country]) / residents


def displaced_at(state: State, setting: Setting) -> IntArray:
    """People displaced or abroad at each place, (places,)."""
    return np.asarray(state.people[setting.displaced_rows].sum(axis=0))


def deaths_by_country(state: State, setting: Setting) -> FloatArray:
    """Deaths a day, 30-day memory, (countries,)."""
    return np.array([np.add.reduce(state.death_memory[places]) for places in setting.places_of])


def deaths_per_100k(state: State, setting: Setting) -> FloatArray:
    """Deaths of the last 30 days per 100,000 residents at the start, (places,)."""
    return state.death_memory * setting.per_100k


def coerced_returns(today: Today, setting: Setting) -> IntArray:
    """People who crossed into their own country today by deportation or for fear of it, (countries,)."""
    by_row = np.add.reduce(today.crossed[_COERCED[0]] + today.crossed[_COERCED[1]], axis=1)
    if not np.count_nonzero(by_row):
        return np.zeros(len(setting.by_nation), dtype=np.int64)
    counted: IntArray = setting.by_nation @ by_row
    return counted


def exodus_rates(state: State, setting: Setting, nationality: int, day: int) -> FloatArray:
    """Extra hazards of emigration to each country from dated events, 1/day, (countries,)."""
    rates = np.zeros(len(setting.world.countries))
    for wave in state.exoduses:
        if wave.nationality == nationality and day >= wave.start:
            share = wave.people * setting.scale / max(float(setting.residents_of[nationality]), 1.0)
            rates[wave.country] += share / wave.decay * math.exp(-(day - wave.start) / wave.decay)
    return rates


def level_at_places(state: State, setting: Setting, lever: str, target: str = "") -> FloatArray:
    """Level of a lever of the government of each place, 0 where there is none, (places,)."""
    levels = np.zeros(setting.world.n_places)
    for i, country in enumerate(setting.cast.country):
        level = setting.cast.level(state, i, lever, target)
        if level:
            levels[setting.places_of[country]] = level
    return levels


def pair_closure(setting: Setting, shut: FloatArray, i: int, j: int) -> float:
    """Share of trade crossings between two governments that is shut, 0..1."""
    weights = setting.pair_weights[i][j]
    return float(np.add.reduce(weights * shut))


def aid_level(state: State, setting: Setting, government: int) -> float:
    """Aid in a country: the government's own lever and what mediators fund, at most 1."""
    own = setting.cast.level(state, government, "aid")
    return min(own + float(state.mediator_aid[government]), 1.0)


def admission_limits(state: State, setting: Setting) -> FloatArray:
    """Displaced people whom each place admits at most, (places,) whole people; inf where there is no limit.

    The lever ``admission`` leaves a place with a capacity 1 - level of it; at level 1 no camp admits anybody
    more. In a conflict folder it acts on camps alone, and where capacities are withheld only level 1 acts.
    """
    limit = setting.world.limit
    if not setting.cast.governments or ("admission", "") not in setting.cast.columns:
        return limit
    level = level_at_places(state, setting, "admission")
    if not level.any():
        return limit
    bounded = np.isfinite(limit)
    left = np.floor(np.where(bounded, limit, 0.0) * (1.0 - level))
    shut = (level >= 1.0) & (bounded if setting.reservoir is None else setting.reservoir.is_camp)
    return np.where(shut, 0.0, np.where(bounded & (level > 0.0), left, limit))


def full_places(state: State, setting: Setting) -> NDArray[np.bool_]:
    """Whether a place admits nobody more, (places,)."""
    return np.asarray(displaced_at(state, setting) >= admission_limits(state, setting))


def destination_mass(state: State, setting: Setting, nationality: int) -> FloatArray:
    """Mass of every place as a destination for a nationality, (places,).

    A geometric mean of attractiveness and compatriots there; full places have none.
    """
    world, eta = setting.world, setting.parameters.gravity.followers
    rows = setting.abroad_rows[nationality]
    if not len(rows):
        return world.attractiveness
    compatriots = state.people[rows].sum(axis=0) / setting.scale
    mass = np.asarray(world.attractiveness ** (1.0 - eta) * (compatriots + 1.0) ** eta)
    if setting.has_limits:
        mass[full_places(state, setting)] = 0.0
    return mass
