"""The first evening: everybody and everything as the scenario says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from agents.decisions import GroupDecision
from agents.vocabulary import ABROAD
from sim.diplomacy import rest_point
from sim.granting import grant
from sim.state import State, empty_state
from sim.violence import mean_deaths

if TYPE_CHECKING:
    from sim.setting import Setting


def first_state(setting: Setting) -> State:
    """Return the state on the evening before the first day.

    Hostility starts at its rest point, memories of violence at the level that the groups' fighters
    cause at their base rates, so that a run without changes starts without a jump.
    """
    cast, world = setting.cast, setting.world
    state = empty_state(
        rows=setting.populations.n_rows, places=world.n_places, crossings=world.n_crossings,
        countries=len(world.countries), governments=len(cast.governments), groups=len(cast.groups),
        mediators=len(cast.mediators), slots=len(cast.slots), ring=setting.ring, gates=setting.gates.n_gates,
    )
    state.people[:] = setting.initial
    for row in setting.tables.groups:
        if row.group in cast.groups:
            state.fighters[cast.groups.index(row.group), world.place_index(row.place)] += row.fighters
    state.campaigns = tuple(GroupDecision(effort=cast.weights[g]) for g in range(len(cast.groups)))
    _violence(state, setting)
    state.safety[:] = setting.parameters.movement.safety_elsewhere
    for i, settings in enumerate(cast.settings):
        state.safety[cast.country[i]] = settings.safety
        state.legitimacy[i] = settings.legitimacy
        state.tension[i] = settings.tension
        state.standing[i] = settings.standing
        state.asked[i] = setting.baseline_levels[i]
        grant(state, setting, i)
    state.baseline[:] = setting.baseline_levels
    _removals(state, setting)
    p = setting.parameters.diplomacy
    for i in range(len(cast.governments)):
        for j in range(len(cast.governments)):
            if i != j:
                g_ij, g_ji = float(cast.grievance[i, j]), float(cast.grievance[j, i])
                state.hostility[i, j] = rest_point(p.reaction, p.fatigue, p.reciprocity, g_ij, g_ji)
    return state


def _violence(state: State, setting: Setting) -> None:
    """Memories of violence at what the fighters at home cause at their base rates."""
    cast, p = setting.cast, setting.parameters.violence
    deaths = mean_deaths(p)
    for g, settings in enumerate(cast.group_settings):
        rate = settings.attack_rate / 365.25 * (state.fighters[g] @ setting.kernels[g])
        state.excitation[g] = p.branching * rate
        state.death_memory += deaths * rate
        state.group_deaths[g] = deaths * rate.sum()
        target = cast.group_target[g]
        state.attack_year[target] += rate.sum()
        state.attack_window[:, target] += rate.sum()
        if cast.group_sanctuary[g] >= 0:
            state.tolerated_window[:, target] += rate.sum()
    for i in range(len(cast.governments)):
        if any(target == i for target in cast.group_target):
            state.civilian_harm[i] = setting.parameters.fighters.harm_reference / 30.0


def _removals(state: State, setting: Setting) -> None:
    """Memory of removals at what the deportation levers of the first day bring about."""
    stock = setting.foreigners_at_start
    for i, settings in enumerate(setting.cast.settings):
        levels = [setting.cast.level(state, i, "deportation", status.value) for status in ABROAD]
        total = max(math.fsum(levels), 1.0)
        for s, level in enumerate(levels):
            if level > 0.0 and stock[i, s] > 0:
                daily = min(level / total * settings.deportation_capacity * setting.scale, float(stock[i, s]))
                state.removals[i, s] = 30_000.0 * daily / float(stock[i, s])
