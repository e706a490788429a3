"""Attacks of militant groups: a Hawkes process by group and place, with power-law severity.

    mu  = (1 - n) * y * F * exp(omega * (L0 - L) + strike * S + psi * ln(U / U0)) * (1 - sigma * (ops - ops0))
    lam = mu * (1 - truce) + E,   N ~ Poisson(lam),   E' = E * exp(-1/tau) + n * (1 - exp(-1/tau)) * N

F are the fighters in reach of the place, y the yearly rate a fighter *including* triggered attacks, so the
mean does not depend on the branching ratio n. Severity: no death with chance p0, else a discrete power law.
Sources: Porter & White 2012 (self-excitation, hurdle), Clauset, Young & Gleditsch 2007 (severity).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pydantic.dataclasses
from numpy.typing import NDArray

from agents.parameters import STRICT, par
from agents.vocabulary import Account
from sim import draws, measures
from sim.accounts import book_from_place
from sim.state import State
from sim.streams import Streams
from sim.today import Today

if TYPE_CHECKING:
    from sim.cast import Cast
    from sim.setting import Setting
    from sim.world import World

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
YEAR = 365.25


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class ViolenceParameters:
    """Attack process and severity."""

    branching: float = par(
        0.55, 0.0, 0.9, "-", "assumption within 0.2-0.7 (Porter & White 2012; Lewis et al. 2012); pooled estimates confuse trend with triggering",
        "share of attacks triggered by earlier ones",
    )
    memory: float = par(5.0, 1.0, 60.0, "days", "assumption: 2-20 days", "memory of self-excitation")
    opportunity: float = par(1.5, 0.0, 3.0, "log attacks per unit of legitimacy", "assumption", "attacks gained as the state loses legitimacy")
    suppression: float = par(0.4, 0.0, 0.9, "per unit of operations", "assumption: 0.1-0.6", "share of attacks that operations prevent")
    strike_effect: float = par(
        0.0, -0.25, 0.25, "log attacks for 4 weeks",
        "contested: Johnston & Sarbahi 2016 (fewer) against Mahmood & Jetter 2023 (up to 19 % caused)", "effect of a strike on later attacks",
    )
    reach: float = par(
        0.15, 0.0, 1.0, "-", "assumption", "share of fighters who attack the group's other targets in reach rather than their own place"
    )
    reach_km: float = par(200.0, 10.0, 1000.0, "km", "assumption", "how far from their place fighters attack other targets")
    strikes_counted: float = par(2.0, 1.0, 10.0, "strikes", "assumption", "recent strikes beyond which more of them change nothing")
    no_death: float = par(0.35, 0.0, 0.95, "-", "derived: 1.3 deaths an attack (PICSS 2023-24)", "share of attacks without a death")
    alpha: float = par(2.4, 1.5, 4.0, "-", "Clauset, Young & Gleditsch 2007: 2.4 +- 0.2", "exponent of the severity")
    largest: int = par(150, 10, 5000, "deaths", "largest attacks in Pakistan 2007-2024 killed about 150", "cut-off of the severity")
    most: float = par(50.0, 1.0, 500.0, "attacks/day and place", "guard, not a finding", "upper bound of the intensity at a place")


def severity_table(alpha: float, largest: int) -> FloatArray:
    """Cumulated chances of 1, 2, ... ``largest`` deaths, discrete power law with a cut-off."""
    law = np.arange(1, largest + 1, dtype=np.float64) ** -alpha
    return np.asarray(np.cumsum(law) / law.sum())


def mean_deaths(parameters: ViolenceParameters) -> float:
    """Deaths an attack on average."""
    x = np.arange(1, parameters.largest + 1, dtype=np.float64)
    law = x**-parameters.alpha
    return float((1.0 - parameters.no_death) * (x * law).sum() / law.sum())


def in_reach(reach: float, reach_km: float, world: World, cast: Cast, group: int) -> FloatArray:
    """Kernel (places, places): where a fighter at a row's place attacks; rows of targets sum to 1.

    Only places with weight in the group's target country are attacked; a fighter in sanctuary does not
    attack until it has come across.
    """
    weights = cast.weights[group]
    target = cast.country[cast.group_target[group]]
    open_to = (weights > 0.0) & (world.country == target)
    near = (world.land <= reach_km) & open_to[:, None] & open_to[None, :]
    np.fill_diagonal(near, False)
    pull = np.where(near, weights[None, :], 0.0)
    total = pull.sum(axis=1, keepdims=True)
    share = np.where(total > 0.0, reach, 0.0)
    kernel = share * pull / np.where(total > 0.0, total, 1.0)
    kernel[np.diag_indices_from(kernel)] = np.where(open_to, 1.0 - share[:, 0], 0.0)
    return np.asarray(kernel)


def intensity(state: State, setting: Setting, group: int, kernel: FloatArray, undocumented: float) -> FloatArray:
    """Background attacks a day at each place before truce and self-excitation, (places,)."""
    p, cast = setting.parameters.violence, setting.cast
    settings, government = cast.group_settings[group], cast.group_target[group]
    drive = p.opportunity * (cast.settings[government].legitimacy - float(state.legitimacy[government]))
    drive += p.strike_effect * min(float(state.strike_memory[group]), p.strikes_counted)
    drive += settings.refugee_milieu * undocumented
    operations = cast.level(state, government, "operations") - float(setting.baseline_operations[government])
    held = max(1.0 - p.suppression * settings.exposure * operations, 0.0)
    rate = (1.0 - p.branching) * settings.attack_rate / YEAR * math.exp(drive) * held
    base = rate * (state.fighters[group] @ kernel)
    effort = state.campaigns[group].effort
    if effort is not cast.weights[group]:
        weights = cast.weights[group]
        base *= np.where(weights > 0.0, effort / np.where(weights > 0.0, weights, 1.0), 0.0)
    for surge in state.surges:
        if surge.group == group:
            if surge.places:
                base[list(surge.places)] *= surge.factor
            else:
                base *= surge.factor
    return np.asarray(base)


def attack(state: State, setting: Setting, streams: Streams, today: Today) -> None:
    """Draw today's attacks and their deaths, and update the memories of violence."""
    p, cast = setting.parameters.violence, setting.cast
    fade = math.exp(-1.0 / p.memory)
    for g, name in enumerate(cast.groups):
        if not np.count_nonzero(state.fighters[g]) and not np.count_nonzero(state.excitation[g]):
            continue
        milieu = 0.0
        if cast.group_settings[g].refugee_milieu:
            milieu = measures.log_undocumented(today.by_country, setting, cast.group_target[g])
        background = intensity(state, setting, g, setting.kernels[g], milieu)
        if today.day <= state.truce_until[g]:
            # The truce withholds its share of the background; scaling triggered attacks too would
            # compound over generations and withhold far more than the share in the long run.
            background = background * (1.0 - cast.group_settings[g].truce_effect)
        mean = np.minimum(background + state.excitation[g], p.most)
        attacks = draws.poisson_rare(streams.uniforms("attacks", name, today.day, mean.size), mean)
        state.excitation[g] *= fade
        for place in attacks.nonzero()[0].tolist():
            number = today.attacks[g, place] = int(attacks[place])
            state.excitation[g, place] += p.branching * (1.0 - fade) * number
            _deaths(state, setting, streams, today, g, place)
    _remember(state, setting, today)


def _deaths(state: State, setting: Setting, streams: Streams, today: Today, group: int, place: int) -> None:
    """Draw the deaths of each attack of a group at a place, and book them."""
    p, world = setting.parameters.violence, setting.world
    number = int(today.attacks[group, place])
    luck = streams.uniforms("severity", f"{setting.cast.groups[group]}@{world.places[place]}", today.day, (number, 2))
    sizes = np.where(luck[:, 0] < p.no_death, 0, 1 + np.searchsorted(setting.severity, luck[:, 1], side="right"))
    total = int(np.minimum(sizes, p.largest).sum())
    today.deaths[group, place] = total
    today.people_killed[place] += total
    largest = int(min(sizes.max(), p.largest))
    if largest >= 10:
        actor = setting.cast.groups[group]
        today.event("attack", actor, setting.cast.governments[setting.cast.group_target[group]], world.places[place],
                    largest, f"an attack by {actor} at {world.places[place]} kills {largest}")


def _remember(state: State, setting: Setting, today: Today) -> None:
    """Move the memories of attacks and deaths by today's counts."""
    cast = setting.cast
    row = today.day % 28
    state.attack_window[row] = 0.0
    state.tolerated_window[row] = 0.0
    for g, count in enumerate(np.add.reduce(today.attacks, axis=1).tolist()):
        if not count:
            continue
        target = cast.group_target[g]
        state.attack_window[row, target] += count
        if cast.group_sanctuary[g] >= 0:
            state.tolerated_window[row, target] += count
    state.attack_year += (state.attack_window[row] - state.attack_year) / YEAR
    state.group_deaths += (np.add.reduce(today.deaths, axis=1) - state.group_deaths) / 30.0


def bury(state: State, setting: Setting, streams: Streams, today: Today) -> None:
    """Take today's dead out of the table of people, at random among those at the place."""
    state.death_memory += (today.people_killed - state.death_memory) / 30.0
    for place in today.people_killed.nonzero()[0].tolist():
        rng = streams.generator("dead", setting.world.places[place], today.day)
        before = state.people[:, place].copy() if today.flows is not None else None
        book_from_place(state, rng, place, int(today.people_killed[place]), "dead")
        if today.flows is not None and before is not None:
            today.flows.booked(state, place, before, Account.DEAD)
