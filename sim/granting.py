"""Granting: what governments ask for, scaled down to the forces and the money they have."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.decisions import GovernmentDecision
from agents.errors import InputError
from agents.levers import BY_NAME, Slot
from sim.state import State

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]


def ask(state: State, setting: Setting, government: int, decision: GovernmentDecision) -> None:
    """Write a decision's levels into the asked levers; levers that are not registered are let go.

    Raises
    ------
    InputError
        When a policy asks for a slot that the government does not have, or a level out of range.
    """
    for slot, level in decision.levels.items():
        set_level(state, setting, government, slot, level)


def set_level(state: State, setting: Setting, government: int, slot: Slot, level: float) -> None:
    """Ask for one slot."""
    cast = setting.cast
    column = cast.columns.get(slot, -1)
    if column >= 0 and 0.0 <= level <= 1.0 and cast.owned[government, column]:  # the usual case
        state.asked[government, column] = level
        return
    who = cast.governments[government]
    lever = BY_NAME.get(slot.lever)
    if lever is None:
        raise InputError(f"policies.{who}: asked for an unknown lever {slot.lever!r}; known: {', '.join(BY_NAME)}")
    if slot.lever not in setting.config.levers:
        return  # a lever that is not registered does not exist in this run
    if column < 0 or not cast.owned[government, column]:
        raise InputError(f"policies.{who}: asked for {slot}, which this government does not have")
    if not lever.low <= level <= 1.0:
        raise InputError(f"policies.{who}: asked for {slot} at {level}; levels lie in [{lever.low:g}, 1]")
    state.asked[government, column] = level


def grant(state: State, setting: Setting, government: int) -> None:
    """Scale what was asked down to what forces and money allow.

    Levers that need forces are scaled by one factor, then those that need money by another: the most
    that fits. Levers that need neither are granted as asked.
    """
    settings = setting.cast.settings[government]
    asked = state.asked[government]
    size = np.abs(asked) * setting.cost_weights
    fits = 1.0
    # Exactly rounded sums: a slot at zero, or one that is not registered, leaves no trace in any digit.
    forces = math.fsum((size * setting.forces_cost).tolist())
    if forces > settings.forces:
        fits = settings.forces / forces
    granted = np.where(setting.forces_cost > 0.0, asked * fits, asked)
    money = math.fsum((np.abs(granted) * setting.cost_weights * setting.money_cost).tolist())
    if money > settings.money:
        granted = np.where(setting.money_cost > 0.0, granted * (settings.money / money), granted)
    state.granted[government] = granted
