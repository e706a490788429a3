"""Mediation: attention follows harm, offers of talks are accepted by weary and not too hostile parties.

    Q -> .25 ln(1 + deaths30/30) + .15 ln(1 + returns30/20,000) + .25 max(mean h, 0)          45 days
    P(accept) = product over both sides of logistic( m0 + mw W_i - mh max(h_i - .6, 0) + me engagement_i )

Accepted talks are worth friendly points in diplomacy and fade with an e-folding of six weeks.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pydantic.dataclasses

from agents.decisions import MediatorDecision
from agents.parameters import STRICT, par
from sim import measures
from sim.society import logistic
from sim.state import State
from sim.streams import Streams
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class MediationParameters:
    """Attention, acceptance, decay."""

    deaths: float = par(0.25, 0.0, 1.0, "-", "assumption", "attention to deaths, per log unit")
    returns: float = par(0.15, 0.0, 1.0, "-", "assumption", "attention to coerced returns, per log unit")
    hostility: float = par(0.25, 0.0, 1.0, "per point", "assumption", "attention to hostility")
    attention_days: float = par(45.0, 5.0, 365.0, "days", "assumption", "how fast attention follows")
    base: float = par(-1.0, -4.0, 2.0, "logit", "about a third of mediation offers succeed (Bercovitch); assumption", "readiness of a side to accept")
    weary: float = par(1.5, 0.0, 3.0, "logit per unit", "assumption: 0.5-3", "readiness gained by weariness")
    hostile: float = par(1.0, 0.0, 3.0, "logit per point", "assumption: 0.3-2", "readiness lost to hostility above calm")
    calm: float = par(0.6, 0.0, 2.0, "points", "assumption: the rest point of hostility at the default numbers", "hostility above which readiness falls")
    weary_deaths: float = par(0.5, 0.0, 2.0, "per log unit", "assumption", "weariness by deaths")
    weary_output: float = par(5.0, 0.0, 20.0, "per unit of output", "assumption", "weariness by economic loss")
    deaths_scale: float = par(30.0, 1.0, 1000.0, "deaths in 30 days", "assumption: about one a day", "deaths that count as one log unit's start")
    returns_scale: float = par(20_000.0, 100.0, 1e6, "people in 30 days", "assumption: the monthly floor of 2024", "coerced returns that count as one log unit's start")
    engagement: float = par(1.0, 0.0, 3.0, "logit at level 1", "assumption", "readiness gained by a government that seeks talks")
    fade: float = par(42.0, 7.0, 365.0, "days", "assumption", "how fast talks lose their strength")
    direct: float = par(2.0, 0.0, 10.0, "talks/year at level 1", "assumption", "rounds of direct talks when both sides seek them")
    truce: float = par(60.0, 0.0, 365.0, "days", "assumption: the ceasefires of 2021-22 lasted 31 and 179 days", "length of a truce that talks bring about")
    weariness_days: float = par(180.0, 30.0, 730.0, "days", "assumption", "memory of losses that make weary")


def acceptance(state: State, setting: Setting, i: int, j: int) -> float:
    """Chance that both governments accept an offer of talks."""
    p, cast = setting.parameters.mediation, setting.cast
    chance = 1.0
    for a, b in ((i, j), (j, i)):
        seeks = cast.level(state, a, "engagement", cast.governments[b])
        readiness = p.base + p.weary * float(state.weariness[a]) + p.engagement * seeks
        chance *= logistic(readiness - p.hostile * max(float(state.hostility[a, b]) - p.calm, 0.0))
    return chance


def offer_talks(state: State, setting: Setting, streams: Streams, today: Today, mediator: str, decision: MediatorDecision) -> None:
    """Put a mediator's offers to the governments, and take up its aid and sanctions."""
    cast = setting.cast
    for a, b in decision.offers:
        i, j = cast.government_index(a), cast.government_index(b)
        luck = streams.uniforms("talks", f"{mediator}:{a}-{b}", today.day, 1)[0]
        accepted = luck < acceptance(state, setting, i, j)
        if accepted:
            _begin(state, setting, today, i, j, mediator)
        else:
            today.event("talks", mediator, f"{a}-{b}", "", 0.0, f"{mediator} offers {a} and {b} talks: declined")
    for name in cast.governments:
        i = cast.government_index(name)
        # Several mediators: what counts is the one that gives, or punishes, most.
        # Aid goes to governments in good standing: levers that cost standing cost aid.
        standing = min(float(state.standing[i]) / max(cast.settings[i].standing, 1e-9), 1.0)
        state.mediator_aid[i] = max(float(state.mediator_aid[i]), decision.aid.get(name, 0.0) * standing)
        state.mediator_sanctions[i] = max(float(state.mediator_sanctions[i]), decision.sanctions.get(name, 0.0))


def _begin(state: State, setting: Setting, today: Today, i: int, j: int, who: str) -> None:
    names = setting.cast.governments
    state.talks[i, j] = state.talks[j, i] = min(float(state.talks[i, j]) + 1.0, 1.0)
    today.event("talks", who, f"{names[i]}-{names[j]}", "", 1.0, f"{names[i]} and {names[j]} begin talks ({who})")
    # A group that is weary enough lets itself be talked into a truce by the government that shelters it.
    for g, sheltering in setting.cast.shelters:
        if {setting.cast.group_target[g], sheltering} == {i, j} and state.campaigns[g].accepts_talks:
            until = today.day + 1 + round(setting.parameters.mediation.truce)
            state.truces_due = (*state.truces_due, (g, today.day + 1, until))


def fade_and_attend(state: State, setting: Setting, streams: Streams, today: Today) -> None:
    """Fade talks, hold direct ones, and move weariness and attention by a day."""
    p, cast = setting.parameters.mediation, setting.cast
    state.talks *= math.exp(-1.0 / p.fade)
    n = len(cast.governments)
    for i in range(n):
        for j in range(i + 1, n):
            both = cast.level(state, i, "engagement", cast.governments[j]) * cast.level(state, j, "engagement", cast.governments[i])
            if both <= 0.0:
                continue
            luck = streams.uniforms("direct talks", f"{cast.governments[i]}-{cast.governments[j]}", today.day, 2)
            if luck[0] < -math.expm1(-p.direct * both / 365.25) and luck[1] < acceptance(state, setting, i, j):
                _begin(state, setting, today, i, j, "direct")
    deaths = measures.deaths_by_country(state, setting).tolist()
    direct = state.direct_trade.tolist()
    for i in range(n):
        trade = [direct[i][j] for j in range(n) if j != i]
        lost = 1.0 - (math.fsum(trade) / len(trade) if trade else 1.0)
        aim = p.weary_deaths * math.log1p(30.0 * deaths[cast.country[i]] / p.deaths_scale) + lost
        aim += p.weary_output * max(1.0 - float(state.economy[i]), 0.0)
        weariness = float(state.weariness[i])
        state.weariness[i] = weariness + (aim - weariness) / p.weariness_days
    hostility = state.hostility.tolist()
    heat = max((hostility[i][j] + hostility[j][i]) / 2.0 for i in range(n) for j in range(i)) if n > 1 else 0.0
    total = math.fsum(deaths[c] for c in cast.country)
    coerced = 30.0 * float(np.add.reduce(state.return_memory)) / setting.scale
    aim = p.deaths * math.log1p(30.0 * total / p.deaths_scale) + p.returns * math.log1p(coerced / p.returns_scale)
    aim += p.hostility * max(heat, 0.0)
    state.attention += (aim - state.attention) / p.attention_days
