"""Fighters: recruitment, attrition, relocation across the border, splinters and mergers.

    recruits  ~ Poisson( rho * G * (1 + s (1 - coop)) / (1 + s/2) + chi * coerced returnees )
    G         = exp( clip( gL (L0 - L) + gc [ln(1 + C30/5) - ln(1 + Cref/5)] + gy (1 - Y) + gr ln(R/R0), -1.4, 1.4 ) )
    deployed  : killed or captured by operations, leave, withdraw, die in attacks
    sheltered : killed or captured by a cooperating host, leave, infiltrate

Recruits come from a pool: nothing here is proportional to the number of fighters, so the loop from
violence to recruits is bounded (G is clipped).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pydantic.dataclasses
from numpy.typing import NDArray

from agents.parameters import STRICT, par
from agents.vocabulary import REASONS, Reason
from sim import draws, measures
from sim.accounts import FIGHTER_INDEX, book_from_place
from sim.state import State
from sim.streams import Streams
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
YEAR = 365.25


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class FighterParameters:
    """Recruitment, attrition and relocation."""

    legitimacy: float = par(1.5, 0.0, 3.0, "log recruits per unit of legitimacy", "assumption", "recruits gained as the state loses legitimacy")
    civilian_harm: float = par(
        0.10, -0.1, 0.35, "elasticity",
        "contested: Condra et al. 2010 and Dell & Querubin 2018 (more) against Lyall 2009 (fewer)", "recruits and civilians killed by the state",
    )
    harm_reference: float = par(4.5, 0.1, 100.0, "civilians in 30 days", "assumption: 15 a day in 100, 2021", "civilians killed at which the effect is nil")
    hardship: float = par(
        0.0, -2.0, 2.0, "log recruits per unit of output", "contested: Blair et al. 2013 find the poor dislike militants more", "recruits and economic loss"
    )
    refugees: float = par(
        0.0, -0.1, 0.1, "elasticity", "contested: Salehyan & Gleditsch 2006 (+) against Zhou & Shaver 2021 (0)",
        "recruits and the number of foreigners in the target country",
    )
    deportees: float = par(
        1e-4, 0.0, 1e-3, "recruits per coerced returnee", "contested: prior 0-1e-3; Ambrosius & Leblang 2020 on convicts only",
        "recruits among people returned by force or fear into the sanctuary's country",
    )
    sanctuary: float = par(
        0.4, 0.0, 1.0, "-", "sanctuary speeds recovery 1.2-2 times (Salehyan 2007, 2009)", "recruits gained by a tolerated sanctuary"
    )
    attrition: float = par(0.25, 0.0, 1.0, "1/year at operations 1", "951 militants killed in 2024 (PICSS); assumption 0.1-0.5", "fighters killed or captured by operations")
    host_attrition: float = par(
        0.3, 0.0, 1.0, "1/year at cooperation 1", "sanctuary lowers attrition to 0.4-0.8 (Salehyan 2009); assumption", "fighters killed or captured by a cooperating host"
    )
    host_floor: float = par(0.02, 0.0, 0.2, "1/year", "assumption", "attrition in sanctuary without cooperation")
    attack_loss: float = par(0.35, 0.0, 1.0, "fighters per attack", "derived: about 0.4 militants killed in attacks (PICSS 2024)", "fighters who die in an attack")
    leaving: float = par(0.08, 0.0, 0.5, "1/year", "assumption: 0.03-0.15", "fighters who give up")
    captured: float = par(0.3, 0.0, 1.0, "-", "assumption", "share of those taken by operations who are captured rather than killed")
    civilians: float = par(
        0.6, 0.0, 3.0, "people per fighter", "assumption", "civilians killed in operations per fighter killed when they are not selective at all"
    )
    infiltration: float = par(0.8, 0.0, 4.0, "1/year", "assumption: 0.4-2", "sheltered fighters who go across, on an open border and tolerated")
    permeability: float = par(0.6, 0.1, 0.9, "-", "fence 98 % complete, yet attacks grew: 0.3-0.9", "how passable the border is to fighters")
    withdrawal: float = par(0.4, 0.0, 2.0, "1/year", "assumption: 0.2-0.9", "deployed fighters who go back into sanctuary")
    splinter: float = par(
        0.0, 0.0, 2.0, "1/year in a truce", "off by default: small, and no count to fit it to", "hazard that part of a group in a truce breaks away"
    )
    splinter_share: float = par(0.2, 0.01, 0.9, "-", "assumption", "share of fighters who break away")
    merger: float = par(0.0, 0.0, 2.0, "1/year", "off by default", "hazard that a weak group joins the strongest one with the same target")
    merger_size: int = par(200, 0, 10_000, "fighters", "assumption", "below this a group counts as weak")


def grievance(state: State, setting: Setting, government: int) -> float:
    """The bounded grievance factor G of recruitment against a government, 1 at the start."""
    p, cast = setting.parameters.fighters, setting.cast
    harm = 30.0 * float(state.civilian_harm[government])
    log = p.legitimacy * (cast.settings[government].legitimacy - float(state.legitimacy[government]))
    log += p.civilian_harm * (math.log1p(harm / 5.0) - math.log1p(p.harm_reference / 5.0))
    log += p.hardship * (1.0 - float(state.economy[government]))
    if p.refugees:
        log += p.refugees * measures.log_foreigners(state, setting, government)
    return math.exp(min(max(log, -1.4), 1.4))


def turn_over(state: State, setting: Setting, streams: Streams, today: Today) -> None:
    """Run a day of every group: losses, leaving, relocation, recruits, splinters and mergers."""
    harmed = np.zeros(len(setting.cast.governments))
    for g, name in enumerate(setting.cast.groups):
        recruit(state, setting, streams, today, g)
        if state.fighters[g].any():
            _leave_and_move(state, setting, streams, today, g)
            splinter(state, setting, streams, today, g)
            merge(state, setting, streams, today, g)
        state.losses[g] += (float(today.fighters_killed[g]) - state.losses[g]) / 90.0
        del name
    _civilian_harm(state, setting, streams, today)
    harmed += today.civilians_killed
    state.civilian_harm += (harmed - state.civilian_harm) / 30.0


def hazards(state: State, setting: Setting, group: int) -> FloatArray:
    """Hazards a day by place: taken by the state, leaving, relocating; (places, 3)."""
    p, cast, world = setting.parameters.fighters, setting.cast, setting.world
    settings, target = cast.group_settings[group], cast.group_target[group]
    deployed = world.country == cast.country[target]
    host = cast.group_sanctuary[group]
    rates = np.empty((world.n_places, 3))
    rates[:, 1] = p.leaving
    campaign = state.campaigns[group]
    rates[:, 0] = np.where(deployed, p.attrition * settings.exposure * cast.level(state, target, "operations"), p.host_floor)
    rates[:, 2] = np.where(deployed, p.withdrawal * campaign.withdrawal, 0.0)
    if host < 0:
        rates[:, 2] = 0.0
        return rates / YEAR
    sheltering = cast.of_country[host]
    cooperation = cast.level(state, sheltering, "cooperation", cast.governments[target]) if sheltering >= 0 else 0.0
    sheltered = world.country == host
    rates[sheltered, 0] = p.host_floor + p.host_attrition * cooperation
    rates[sheltered, 2] = p.infiltration * campaign.infiltration * p.permeability * (1.0 - cooperation)
    return rates / YEAR


def _leave_and_move(state: State, setting: Setting, streams: Streams, today: Today, group: int) -> None:
    """Draw who is taken, leaves, relocates or dies in today's attacks; book and move them."""
    p, name = setting.parameters.fighters, setting.cast.groups[group]
    fighters = state.fighters[group]
    chances = draws.risks_to_chances(hazards(state, setting, group))
    luck = streams.uniforms("fighters", name, today.day, (5, fighters.size))
    dead = np.minimum(draws.binomial(luck[4], today.attacks[group], np.full(fighters.size, p.attack_loss)), fighters)
    remaining = fighters - dead
    used = np.zeros(fighters.size)
    drawn: list[IntArray] = []
    for k in range(3):
        conditional = np.clip(chances[:, k] / np.maximum(1.0 - used, 1e-12), 0.0, 1.0)
        gone = draws.binomial(luck[k], remaining, conditional)
        remaining = remaining - gone
        used = used + chances[:, k]
        drawn.append(gone)
    taken, left, moved = drawn
    captured = draws.binomial(luck[3], taken, np.full(fighters.size, p.captured))
    killed = int(dead.sum() + taken.sum() - captured.sum())
    accounts = state.fighter_accounts
    accounts[FIGHTER_INDEX["killed"], group] += killed
    accounts[FIGHTER_INDEX["captured"], group] += int(captured.sum())
    accounts[FIGHTER_INDEX["left"], group] += int(left.sum())
    today.fighters_killed[group] += killed
    home = setting.world.country == setting.cast.country[setting.cast.group_target[group]]
    today.fighters_taken_at_home[group] += int((taken - captured)[home].sum())
    state.fighters[group] = remaining
    if moved.any():
        _relocate(state, setting, streams, today, group, moved, home)


def _relocate(
    state: State, setting: Setting, streams: Streams, today: Today, group: int, moved: IntArray, home: NDArray[np.bool_]
) -> None:
    """Send withdrawing fighters into the sanctuary, infiltrating ones to the group's targets."""
    name = setting.cast.groups[group]
    numbers = np.array([moved[home].sum(), moved[~home].sum()], dtype=np.int64)
    effort = np.where(home, state.campaigns[group].effort, 0.0)
    weights = np.stack([setting.shelter_weights[group], effort])
    if (weights.sum(axis=1) <= 0.0).any():
        state.fighters[group] += moved  # nowhere to go: they stay
        return
    rng = streams.generator("relocation", name, today.day)
    state.fighters[group] += draws.split(rng, numbers, weights).sum(axis=0)


def recruit(state: State, setting: Setting, streams: Streams, today: Today, group: int) -> None:
    """Draw today's recruits and take them out of the people at the places where they join."""
    p, cast, world = setting.parameters.fighters, setting.cast, setting.world
    settings, target, host = cast.group_settings[group], cast.group_target[group], cast.group_sanctuary[group]
    mean = settings.recruits / YEAR * grievance(state, setting, target)
    home_share, extra = 1.0, 0.0
    if host >= 0:
        sheltering = cast.of_country[host]
        cooperation = cast.level(state, sheltering, "cooperation", cast.governments[target]) if sheltering >= 0 else 0.0
        mean *= (1.0 + p.sanctuary * (1.0 - cooperation)) / (1.0 + p.sanctuary / 2.0)
        home_share = settings.home_share
        extra = p.deportees * measures.coerced_into(today, setting, host) / setting.scale if settings.recruits > 0.0 else 0.0
    means = np.array([mean * home_share, mean * (1.0 - home_share) + extra])
    numbers = draws.poisson(streams.uniforms("recruits", cast.groups[group], today.day, 2), means)
    if not numbers.any():
        return
    home = np.where(world.country == cast.country[target], cast.weights[group], 0.0)
    weights = np.stack([home, setting.shelter_weights[group]])
    numbers[weights.sum(axis=1) <= 0.0] = 0
    rng = streams.generator("recruits at", cast.groups[group], today.day)
    where = draws.split(rng, numbers, np.where(weights.sum(axis=1, keepdims=True) > 0.0, weights, 1.0)).sum(axis=0)
    for place in np.flatnonzero(where):
        joined = book_from_place(state, rng, int(place), int(where[place]), "recruited")
        state.fighters[group, place] += joined
        state.fighter_accounts[FIGHTER_INDEX["recruited"], group] -= joined
        today.recruits[group] += joined


def splinter(state: State, setting: Setting, streams: Streams, today: Today, group: int) -> None:
    """In a truce, part of the group may break away and fight on."""
    p, cast = setting.parameters.fighters, setting.cast
    name = f"{cast.groups[group]}_splinter"
    if p.splinter <= 0.0 or name not in cast.groups or today.day > state.truce_until[group]:
        return
    luck = streams.uniforms("splinter", cast.groups[group], today.day, 1 + setting.world.n_places)
    if luck[0] >= -math.expm1(-p.splinter / YEAR):
        return
    other = cast.groups.index(name)
    share = np.full(setting.world.n_places, p.splinter_share)
    gone = draws.binomial(luck[1:], state.fighters[group], share)
    state.fighters[group] -= gone
    state.fighters[other] += gone
    today.event("splinter", cast.groups[group], name, "", float(gone.sum()),
                f"{int(gone.sum())} fighters break away from {cast.groups[group]} over the truce")


def merge(state: State, setting: Setting, streams: Streams, today: Today, group: int) -> None:
    """A weak group may join the strongest one with the same target."""
    p, cast = setting.parameters.fighters, setting.cast
    size = int(state.fighters[group].sum())
    if p.merger <= 0.0 or size >= p.merger_size:
        return
    others = [g for g, t in enumerate(cast.group_target) if t == cast.group_target[group] and g != group]
    others = [g for g in others if state.fighters[g].sum() > size]
    if not others or streams.uniforms("merger", cast.groups[group], today.day, 1)[0] >= -math.expm1(-p.merger / YEAR):
        return
    strongest = max(others, key=lambda g: int(state.fighters[g].sum()))
    state.fighters[strongest] += state.fighters[group]
    state.fighters[group] = 0
    today.event("merger", cast.groups[group], cast.groups[strongest], "", float(size),
                f"{size} fighters of {cast.groups[group]} join {cast.groups[strongest]}")


def _civilian_harm(state: State, setting: Setting, streams: Streams, today: Today) -> None:
    """Civilians killed in operations at home: in proportion to fighters killed, less selectivity."""
    p, cast, world = setting.parameters.fighters, setting.cast, setting.world
    rate = p.civilians * (1.0 - setting.parameters.strikes.selectivity)
    for g, name in enumerate(cast.groups):
        killed = int(today.fighters_taken_at_home[g])
        target = cast.group_target[g]
        number = int(draws.poisson(streams.uniforms("civilians", name, today.day, 1), np.array([rate * killed]))[0])
        if not number:
            continue
        home = np.where(world.country == cast.country[target], cast.weights[g], 0.0)
        rng = streams.generator("civilians at", name, today.day)
        where = draws.split(rng, np.array([number], dtype=np.int64), home[None, :])[0]
        today.people_killed += where
        today.civilians_killed[target] += number


def coerced(today: Today, rows: NDArray[np.bool_]) -> int:
    """People of the rows who crossed today by deportation or for fear of it."""
    kinds = [REASONS.index(Reason.FEAR), REASONS.index(Reason.DEPORTATION)]
    return int(today.crossed[kinds][:, rows].sum())
