"""Society: host tension, legitimacy and standing, each drawn towards what conditions make of it.

    T -> logistic( logit(T0) + tr ln(R/R0) + ta v + ty (1 - Y) - aid )                          90 days
    L -> logistic( logit(L0) - cv v - cy (1 - Y) - cT (T - T0) - co (ops - ops0) - cc coop )     180 days

v = ln(1 + deaths30/10) less its value at the start. Both are latent: only differences mean anything.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pydantic.dataclasses

from agents.parameters import STRICT, par
from sim import measures
from sim.economy import output, trade
from sim.state import State
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class SocietyParameters:
    """Tension, legitimacy, standing."""

    tension_refugees: float = par(0.5, -0.2, 1.5, "logit per log foreigners", "contested: Zhou, Grossman & Ge 2023 find no backlash with services", "host tension and foreigners")
    tension_attacks: float = par(0.5, 0.0, 1.0, "logit per log unit", "assumption", "host tension and deaths")
    tension_economy: float = par(6.0, 0.0, 12.0, "logit per unit of output", "assumption", "host tension and economic loss")
    tension_aid: float = par(0.5, -0.5, 1.5, "logit at level 1", "Lehmann & Masterson 2020: cash aid lowers hostility; contested", "host tension lowered by aid at level 1")
    tension_days: float = par(90.0, 10.0, 365.0, "days", "assumption", "how fast tension follows")
    legitimacy_violence: float = par(0.45, 0.0, 0.9, "logit per log unit", "assumption: 0.1-0.9", "legitimacy lost to deaths")
    deaths_scale: float = par(10.0, 1.0, 1000.0, "deaths in 30 days", "assumption", "deaths at which the log of violence sets in")
    legitimacy_economy: float = par(6.0, 0.0, 12.0, "logit per unit of output", "assumption: 2-12", "legitimacy lost to economic loss")
    legitimacy_tension: float = par(1.0, 0.0, 2.0, "logit per unit of tension", "assumption", "legitimacy lost to host tension")
    legitimacy_operations: float = par(1.0, 0.0, 2.0, "logit per unit of operations", "assumption: 0-2; the literature on operations and support is mixed (Lyall 2009; Dell & Querubin 2018)", "legitimacy lost to operations")
    legitimacy_cooperation: float = par(0.3, 0.0, 1.0, "logit per unit of cooperation", "assumption: acting against kin groups costs standing at home", "legitimacy lost by acting against groups on own soil")
    legitimacy_days: float = par(180.0, 30.0, 730.0, "days", "assumption: 60-365", "how fast legitimacy follows")
    wage_effect: float = par(0.0, -0.1, 0.05, "output per 10 % inflow", "meta-analysis: most labour effects insignificant (Verme & Schuettler 2021); -0.1 to 0.05", "effect of foreigners on host output")
    standing_days: float = par(365.0, 30.0, 1500.0, "days", "assumption", "how fast international standing recovers")


def logit(value: float) -> float:
    """Log odds."""
    return math.log(value / (1.0 - value))


def logistic(value: float) -> float:
    """Inverse of :func:`logit`, safe for any number."""
    return 1.0 / (1.0 + math.exp(-min(max(value, -40.0), 40.0)))


def tension_target(setting: Setting, government: int, foreigners: float, violence: float, economy: float, aid: float) -> float:
    """Host tension that conditions pull towards; ``foreigners`` is a log ratio to the start."""
    p = setting.parameters.society
    push = p.tension_refugees * foreigners + p.tension_attacks * violence
    push += p.tension_economy * (1.0 - economy) - p.tension_aid * aid
    return logistic(logit(setting.cast.settings[government].tension) + push)


def legitimacy_target(
    setting: Setting, government: int, violence: float, economy: float, tension: float, operations: float, cooperation: float
) -> float:
    """Legitimacy that conditions pull towards; operations and cooperation are changes since the start."""
    p, settings = setting.parameters.society, setting.cast.settings[government]
    push = p.legitimacy_violence * violence + p.legitimacy_economy * (1.0 - economy)
    push += p.legitimacy_tension * (tension - settings.tension) + p.legitimacy_operations * operations
    push += p.legitimacy_cooperation * cooperation
    return logistic(logit(settings.legitimacy) - push)


def live(state: State, setting: Setting, today: Today) -> None:
    """Move trade, output, tension, legitimacy and standing by a day."""
    p, cast = setting.parameters.society, setting.cast
    trade(state, setting)
    output(state, setting, today.by_country)
    deaths = measures.deaths_by_country(state, setting).tolist()
    for i in range(len(cast.governments)):
        foreigners = measures.log_foreigners(today.by_country, setting, i)
        violence = math.log1p(30.0 * deaths[cast.country[i]] / p.deaths_scale) - float(setting.violence_at_start[i])
        economy = float(state.economy[i])
        aim = tension_target(setting, i, foreigners, violence, economy, measures.aid_level(state, setting, i))
        tension = float(state.tension[i])
        tension += (aim - tension) / p.tension_days
        state.tension[i] = tension
        operations = cast.level(state, i, "operations") - float(setting.baseline_operations[i])
        cooperation = math.fsum(cast.level(state, i, "cooperation", rival) for rival in cast.governments)
        cooperation -= float(setting.baseline_cooperation[i])
        aim = legitimacy_target(setting, i, violence, economy, tension, operations, cooperation)
        legitimacy = float(state.legitimacy[i])
        state.legitimacy[i] = legitimacy + (aim - legitimacy) / p.legitimacy_days
        _standing(state, setting, i)


def _standing(state: State, setting: Setting, government: int) -> None:
    """International standing: levers in force wear it down, time brings it back."""
    p, cast = setting.parameters.society, setting.cast
    raised = np.maximum(state.granted[government] - setting.baseline_levels[government], 0.0)
    worn = math.fsum((raised * setting.standing_cost).tolist())
    start, now = cast.settings[government].standing, float(state.standing[government])
    now += (start - now) / p.standing_days - worn / 365.25
    state.standing[government] = min(max(now, 0.0), 1.0)

