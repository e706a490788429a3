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
from agents.vocabulary import Account
from sim import draws, measures
from sim.accounts import FIGHTER_INDEX, book_from_place
from sim.cast import SPLINTER
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
    harm_scale: float = par(5.0, 0.5, 100.0, "civilians in 30 days", "assumption", "civilians killed at which the log of harm sets in")
    grievance_limit: float = par(1.4, 0.0, 3.0, "log recruits", "assumption: recruits between a quarter and four times the pool", "bound of grievance either way")
    loss_memory: float = par(90.0, 7.0, 730.0, "days", "assumption", "memory of a group's losses, which make it weary")
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
    log += p.civilian_harm * (math.log1p(harm / p.harm_scale) - math.log1p(p.harm_reference / p.harm_scale))
    log += p.hardship * (1.0 - float(state.economy[government]))
    if p.refugees:
        log += p.refugees * measures.log_foreigners(measures.people_by_country(state, setting), setting, government)
    return math.exp(min(max(log, -p.grievance_limit), p.grievance_limit))


def turn_over(state: State, setting: Setting, streams: Streams, today: Today) -> None:
    """Run a day of all groups: recruits, losses, leaving, relocation, splinters and mergers."""
    recruit(state, setting, streams, today)
    leave_and_move(state, setting, streams, today)
    p = setting.parameters.fighters
    for g in range(len(setting.cast.groups)):
        if p.splinter > 0.0:
            splinter(state, setting, streams, today, g)
        if p.merger > 0.0:
            merge(state, setting, streams, today, g)
    state.losses += (today.fighters_killed - state.losses) / p.loss_memory
    _civilian_harm(state, setting, streams, today)
    state.civilian_harm += (today.civilians_killed - state.civilian_harm) / 30.0


def hazards(state: State, setting: Setting) -> FloatArray:
    """Hazards a day: taken by the state, leaving, relocating; (3, groups, places)."""
    return np.take_along_axis(_rates(state, setting), setting.whereabouts[None], axis=2)


def _rates(state: State, setting: Setting) -> FloatArray:
    """The same by whereabouts: elsewhere, in the target country, in the sanctuary; (3, groups, 3)."""
    p, cast = setting.parameters.fighters, setting.cast
    rates: list[tuple[tuple[float, ...], ...]] = []
    for g, (settings, target, host) in enumerate(zip(cast.group_settings, cast.group_target, cast.group_sanctuary, strict=True)):
        campaign = state.campaigns[g]
        taken = p.attrition * settings.exposure * cast.level(state, target, "operations") / YEAR
        if host < 0:
            rates.append(((p.host_floor / YEAR, taken, 0.0), (p.leaving / YEAR,) * 3, (0.0, 0.0, 0.0)))
            continue
        cooperation = host_cooperation(state, setting, g)
        in_sanctuary = (p.host_floor + p.host_attrition * cooperation) / YEAR
        infiltrating = p.infiltration * campaign.infiltration * p.permeability * (1.0 - cooperation) / YEAR
        withdrawing = p.withdrawal * campaign.withdrawal / YEAR
        rates.append(((p.host_floor / YEAR, taken, in_sanctuary), (p.leaving / YEAR,) * 3, (0.0, withdrawing, infiltrating)))
    return np.array(rates).reshape(len(rates), 3, 3).transpose(1, 0, 2)


def host_cooperation(state: State, setting: Setting, group: int) -> float:
    """Cooperation of the government that shelters a group with the one that the group fights, 0..1."""
    cast = setting.cast
    host = cast.group_sanctuary[group]
    sheltering = cast.of_country[host] if host >= 0 else -1
    if sheltering < 0:
        return 0.0
    return cast.level(state, sheltering, "cooperation", cast.governments[cast.group_target[group]])


def leave_and_move(state: State, setting: Setting, streams: Streams, today: Today) -> None:
    """Draw who dies in today's attacks, is taken, leaves or relocates; book and move them."""
    p, cast, fighters = setting.parameters.fighters, setting.cast, state.fighters
    if not np.count_nonzero(fighters):
        return
    luck = np.empty((len(fighters), 5, fighters.shape[1]))
    for g, name in enumerate(cast.groups):  # uniforms of every group from its own stream
        streams.generator("fighters", name, today.day).random(out=luck[g])
    dead = np.zeros(fighters.shape, dtype=np.int64)
    for g, place in zip(*(index.tolist() for index in today.attacks.nonzero()), strict=True):
        lost = draws.binomial_one(float(luck[g, 4, place]), int(today.attacks[g, place]), p.attack_loss)
        dead[g, place] = min(lost, int(fighters[g, place]))
    rates = _rates(state, setting)
    total = np.add.reduce(rates, axis=0)
    chance = -np.expm1(-total)[_column(len(total)), setting.whereabouts]
    gone = draws.binomial_rare(luck[:, 0], fighters - dead, chance)
    fighters -= dead + gone
    killed = np.add.reduce(dead, axis=1)
    moved: dict[int, IntArray] = {}
    at_home = setting.at_home
    for g, place in zip(*(index.tolist() for index in gone.nonzero()), strict=True):
        where = int(setting.whereabouts[g, place])
        number, rate, u = int(gone[g, place]), rates[:, g, where].tolist(), luck[g, :, place].tolist()
        taken = draws.binomial_one(u[1], number, rate[0] / float(total[g, where]))
        left = draws.binomial_one(u[2], number - taken, rate[1] / max(rate[1] + rate[2], 1e-300))
        captured = draws.binomial_one(u[3], taken, p.captured)
        state.fighter_accounts[FIGHTER_INDEX["captured"], g] += captured
        state.fighter_accounts[FIGHTER_INDEX["left"], g] += left
        if number > taken + left:
            moved.setdefault(g, np.zeros(len(at_home[g]), dtype=np.int64))[place] = number - taken - left
        killed[g] += taken - captured
        if at_home[g, place]:
            today.fighters_taken_at_home[g] += taken - captured
    state.fighter_accounts[FIGHTER_INDEX["killed"]] += killed
    today.fighters_killed += killed
    for g, people in moved.items():
        _relocate(state, setting, streams, today, g, people)


def _column(n: int) -> IntArray:
    """0, 1, ... as a column, to go with rows of indices."""
    return np.arange(n)[:, None]


def _relocate(state: State, setting: Setting, streams: Streams, today: Today, group: int, moved: IntArray) -> None:
    """Send withdrawing fighters into the sanctuary, infiltrating ones to the group's targets."""
    whole, out = int(moved.sum()), int(moved[setting.at_home[group]].sum())
    table = setting.joining[group]
    effort = state.campaigns[group].effort
    if effort is not setting.cast.weights[group]:
        table = draws.Table(np.stack([np.where(setting.at_home[group], effort, 0.0), setting.shelter_weights[group]]))
    if np.count_nonzero(table.possible) < 2:
        state.fighters[group] += moved  # nowhere to go: they stay
        return
    rng = streams.generator("relocation", setting.cast.groups[group], today.day)
    rows = np.array([0] * (whole - out) + [1] * out)  # row 0: to targets, row 1: into sanctuary
    np.add.at(state.fighters[group], table.choose(rng.random(len(rows)), rows), 1)


def recruit(state: State, setting: Setting, streams: Streams, today: Today) -> None:
    """Draw today's recruits and take them out of the people at the places where they join."""
    cast = setting.cast
    for g, name in enumerate(cast.groups):
        luck = streams.uniforms("recruits", name, today.day, 2).tolist()
        table = setting.joining[g]
        numbers = [
            draws.poisson_one(u, mean) if ready else 0
            for u, mean, ready in zip(luck, _recruits(state, setting, g), table.possible.tolist(), strict=True)
        ]
        if not any(numbers):
            continue
        rng = streams.generator("recruits at", name, today.day)
        rows = np.array([0] * numbers[0] + [1] * numbers[1])
        for place in table.choose(rng.random(len(rows)), rows).tolist():
            before = state.people[:, place].copy() if today.flows is not None else None
            joined = book_from_place(state, rng, place, 1, "recruited")
            if today.flows is not None and before is not None:
                today.flows.booked(state, place, before, Account.RECRUITED)
            state.fighters[g, place] += joined
            state.fighter_accounts[FIGHTER_INDEX["recruited"], g] -= joined
            today.recruits[g] += joined


def _recruits(state: State, setting: Setting, group: int) -> tuple[float, float]:
    """Expected recruits of a group today, in the target country and in the sanctuary."""
    p, cast = setting.parameters.fighters, setting.cast
    settings, host = cast.group_settings[group], cast.group_sanctuary[group]
    mean = settings.recruits / YEAR * grievance(state, setting, cast.group_target[group])
    if host < 0:
        return mean, 0.0
    mean *= (1.0 + p.sanctuary * (1.0 - host_cooperation(state, setting, group))) / (1.0 + p.sanctuary / 2.0)
    # People recruit among those who came back by force or fear lately: the 30-day mean a day.
    returnees = p.deportees * float(state.return_memory[host]) / setting.scale
    return mean * settings.home_share, mean * (1.0 - settings.home_share) + returnees


def splinter(state: State, setting: Setting, streams: Streams, today: Today, group: int) -> None:
    """In a truce, part of the group may break away and fight on."""
    p, cast = setting.parameters.fighters, setting.cast
    name = cast.groups[group] + SPLINTER
    if p.splinter <= 0.0 or name not in cast.groups or today.day > state.truce_until[group]:
        return
    luck = streams.uniforms("splinter", cast.groups[group], today.day, 1 + setting.world.n_places)
    if luck[0] >= -math.expm1(-p.splinter / YEAR):
        return
    other = cast.groups.index(name)
    share = np.full(setting.world.n_places, p.splinter_share)
    gone = draws.binomial(luck[1:], state.fighters[group], share)
    if not gone.any():
        return
    state.fighters[group] -= gone
    state.fighters[other] += gone
    today.event("splinter", cast.groups[group], name, "", float(gone.sum()),
                f"{int(gone.sum())} fighters break away from {cast.groups[group]} over the truce")


def merge(state: State, setting: Setting, streams: Streams, today: Today, group: int) -> None:
    """A weak group may join the strongest one with the same target."""
    p, cast = setting.parameters.fighters, setting.cast
    size = int(state.fighters[group].sum())
    if p.merger <= 0.0 or not 0 < size < p.merger_size:
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
        if not killed:
            continue
        number = draws.poisson_one(float(streams.uniforms("civilians", name, today.day, 1)[0]), rate * killed)
        if not number:
            continue
        home = np.where(world.country == cast.country[target], cast.weights[g], 0.0)
        if not home.any():
            continue
        rng = streams.generator("civilians at", name, today.day)
        where = draws.split(rng, np.array([number], dtype=np.int64), home[None, :])[0]
        today.people_killed += where
        today.civilians_killed[target] += number

