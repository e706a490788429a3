"""Diplomacy: acts move hostility, hostility fades towards its grievance (Richardson with Goldstein weights).

    dh_ij = k * (u_ji + rho * h_ji / 7) - (a / 7) * (h_ij - g_ij)            per day

where u_ji are the hostile points (-w/10) that j did to i today: dated acts, levers raised (full weight
once), measures in force (maintenance) and attacks attributed to a j that tolerates the group. The
linear core is stable if and only if k < a (for equal k and a on both sides).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pydantic.dataclasses
from numpy.typing import NDArray

from agents.levers import BY_NAME
from agents.parameters import STRICT, par
from agents.vocabulary import GOLDSTEIN
from sim.state import State
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class DiplomacyParameters:
    """The action-reaction process."""

    reaction: float = par(
        0.15, 0.0, 0.4, "1/week", "Richardson's k: 0.05-0.4 a week (Goldstein et al. 2001, weekly reciprocity 0.1-0.4)",
        "how strongly acts received raise hostility",
    )
    fatigue: float = par(
        0.30, 0.05, 0.6, "1/week", "Richardson's a: 0.1-0.6 a week; stable for reaction < fatigue", "how fast hostility fades"
    )
    reciprocity: float = par(
        1.0, 0.0, 1.0, "-", "assumption: routine reciprocity, the unit of Richardson's equations",
        "how far the other side's hostility itself counts as acts",
    )
    attribution: float = par(
        0.15, 0.0, 0.4, "points/week per log unit", "assumption", "blame for attacks by groups that the other side tolerates"
    )
    maintenance: float = par(
        0.10, 0.0, 0.3, "-", "assumption", "weight a week of a measure in force, as a share of the act that raised it"
    )
    talk: float = par(0.7, 0.0, 1.0, "points/week", "CAMEO 046 negotiate: Goldstein weight 7", "friendly points of talks in force")
    clip: float = par(2.0, 0.5, 10.0, "points/day", "assumption: guard against absurd days", "largest points a day that count")


def points(goldstein: float) -> float:
    """Hostile points of an act: -w/10, positive for hostile acts."""
    return -goldstein / 10.0


def raised_levers(state: State, setting: Setting, government: int, before: FloatArray, today: Today) -> None:
    """Book the levers that a government changed by decision as acts towards their targets.

    A rise counts once with the full weight of the act; a fall counts nothing, except for levers that
    are friendly (their fall is unfriendly) and for forum support, which has two directions.
    """
    change = state.granted[government] - before
    for column in np.flatnonzero(change):
        slot = setting.cast.slots[column]
        lever = BY_NAME[slot.lever]
        if lever.act is None or lever.name == "strikes":
            continue  # a strike is an act on the day it is flown
        weight = GOLDSTEIN[lever.act]
        both_ways = weight > 0.0
        moved = float(change[column]) if both_ways else max(float(change[column]), 0.0)
        if not moved:
            continue
        share = 1.0
        rivals = [setting.cast.government_index(slot.target)] if slot.target in setting.cast.governments else []
        if not rivals:
            rivals = setting.cast.affected_rivals(government, slot)
            share = setting.cast.slot_share(slot)
        for rival in rivals:
            today.acts[government, rival] += points(weight) * moved * share
            if abs(moved) >= 0.25:
                today.event(
                    "act", setting.cast.governments[government], setting.cast.governments[rival], "", moved,
                    f"{slot} {'raised' if moved > 0 else 'lowered'} by {abs(moved):.2f}",
                )


def maintenance(state: State, setting: Setting) -> FloatArray:
    """Points a day of hostile measures in force, (governments, governments) of i towards j."""
    total = np.zeros_like(state.hostility)
    rate = setting.parameters.diplomacy.maintenance / 7.0
    if rate == 0.0:
        return total
    for i, j, columns, weights in setting.cast.hostile_measures:
        total[i, j] = rate * math.fsum((state.granted[i, columns] * weights).tolist())
    return total


def attributed(state: State, setting: Setting) -> FloatArray:
    """Points a day that i reads as acts of j: attacks by groups that j tolerates, (j, i)."""
    total = np.zeros_like(state.hostility)
    p = setting.parameters.diplomacy
    for group, sheltering in setting.cast.shelters:
        target = setting.cast.group_target[group]
        if sheltering == target or not np.count_nonzero(state.fighters[group]):
            continue
        tolerance = 1.0 - setting.cast.level(state, sheltering, "cooperation", setting.cast.governments[target])
        weekly = 7.0 * float(state.group_deaths[group])
        total[sheltering, target] += p.attribution * tolerance * math.log1p(weekly) / 7.0
    return total


def move_hostility(state: State, setting: Setting, today: Today) -> None:
    """Let the day's acts move every pair's hostility."""
    p = setting.parameters.diplomacy
    standing = maintenance(state, setting) + attributed(state, setting) - p.talk * state.talks / 7.0
    acts = today.acts + standing
    daily = np.minimum(np.maximum(acts, -p.clip), p.clip)
    state.acts_memory += acts
    # h[i, j] answers what j did to i: the transpose.
    change = p.reaction * (daily.T + p.reciprocity * state.hostility.T / 7.0)
    change -= p.fatigue / 7.0 * (state.hostility - setting.cast.grievance)
    change.flat[:: len(change) + 1] = 0.0  # the diagonal
    state.hostility += change


def rest_point(reaction: float, fatigue: float, reciprocity: float, g_i: float, g_j: float) -> float:
    """Hostility of i at rest between two governments without acts (closed form).

    Source: Richardson's equations with fatigue a and reaction k: h = a (a g_i + k g_j) / (a^2 - k^2).
    """
    k = reaction * reciprocity
    return fatigue * (fatigue * g_i + k * g_j) / (fatigue * fatigue - k * k)
