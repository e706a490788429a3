"""Economy: trade on two channels, lost by sanctions, transit restrictions and closed crossings.

    transit X' = (1 - eps_t * St * (1 - dv) - kappa_t * Sd - X) / 30,   dv' = (div * [St > 0] - dv) / 365
    direct  X' = (1 - eps_d * Ss - eps_dt * St - kappa_d * Sd - X) / 30
    Y_i = 1 - s_i * (w * (1 - Xt) + (1 - w) * (1 - Xd)) - rem * (share of citizens abroad gone)
            - load * zN * Nrec / pop + aid

Diversion recovers part of lost transit over other borders within a year.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pydantic.dataclasses
from numpy.typing import NDArray

from agents.parameters import STRICT, par
from sim import measures
from sim.borders import closure
from sim.state import State

if TYPE_CHECKING:
    from sim.setting import Setting


IntArray = NDArray[np.int64]


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class EconomyParameters:
    """Trade and output."""

    transit_loss: float = par(0.85, 0.0, 0.95, "-", "derived: transit US$7.10 bn FY23, 2.89 bn FY24 with three free months", "transit lost under a full restriction, before diversion")
    direct_loss: float = par(0.6, 0.0, 0.95, "-", "GSDB: complete sanctions cut trade by 30-80 % (Felbermayr et al. 2020)", "direct trade lost under full sanctions")
    spill: float = par(0.0, 0.0, 0.5, "-", "assumption", "direct trade lost as well when transit is fully restricted")
    closure_transit: float = par(0.3, 0.0, 1.0, "-", "assumption", "transit lost when all crossings are closed to trade")
    closure_direct: float = par(0.35, 0.0, 1.0, "-", "assumption", "direct trade lost when all crossings are closed to trade")
    diversion: float = par(0.4, 0.0, 0.8, "-", "evidence: 20-60 % recovered over Iran and Central Asia in 12 months", "share of lost transit that finds another way in the end")
    diversion_days: float = par(365.0, 30.0, 1500.0, "days", "as above", "how fast diversion builds up")
    adjust_days: float = par(30.0, 5.0, 180.0, "days", "assumption", "how fast trade follows measures")
    returnee_load: float = par(0.3, 0.0, 3.0, "GDP share per share of population", "assumption", "output lost to recent returnees, as a share of the population")
    aid_effect: float = par(0.01, -0.02, 0.05, "GDP share at level 1", "contested: Nunn & Qian 2014 against Berman et al. 2011 on aid", "output gained by aid at level 1")
    forum_effect: float = par(0.005, 0.0, 0.03, "GDP share at level 1", "assumption: support at forums moves aid and credit", "output of a government per unit of support it gets from rivals")
    sanctions_effect: float = par(0.01, 0.0, 0.1, "GDP share at level 1", "assumption", "output lost when mediators join sanctions at level 1")


def trade(state: State, setting: Setting) -> None:
    """Move both channels of trade between every pair of governments by a day."""
    p, cast = setting.parameters.economy, setting.cast
    shut = closure(state, setting, "close_trade")
    any_shut = bool(np.count_nonzero(shut))
    diversion, through, direct = state.diversion.tolist(), state.transit_trade.tolist(), state.direct_trade.tolist()
    for i, name in enumerate(cast.governments):
        for j, rival in enumerate(cast.governments):
            if i == j:
                continue
            closed = measures.pair_closure(setting, shut, i, j) if any_shut else 0.0
            transit = cast.level(state, i, "transit", rival)
            building = p.diversion if transit > 0.0 else 0.0
            found = diversion[i][j] + (building - diversion[i][j]) / p.diversion_days
            state.diversion[i, j] = found
            aim = 1.0 - p.transit_loss * transit * (1.0 - found) - p.closure_transit * closed
            state.transit_trade[i, j] = through[i][j] + (max(aim, 0.0) - through[i][j]) / p.adjust_days
            if j > i:
                sanctions = max(cast.level(state, i, "sanctions", rival), cast.level(state, j, "sanctions", name))
                other = cast.level(state, j, "transit", name)
                aim = 1.0 - p.direct_loss * sanctions - p.spill * max(transit, other) - p.closure_direct * closed
                state.direct_trade[i, j] = state.direct_trade[j, i] = direct[i][j] + (max(aim, 0.0) - direct[i][j]) / p.adjust_days


def output(state: State, setting: Setting, by_country: IntArray) -> None:
    """Output of every government's country, 1 = as before."""
    p, cast = setting.parameters.economy, setting.cast
    through, direct = state.transit_trade.tolist(), state.direct_trade.tolist()
    for i, settings in enumerate(cast.settings):
        rivals = [j for j in range(len(cast.governments)) if j != i]
        lost = 0.0
        for j in rivals:
            transit = min(through[i][j], through[j][i])
            lost += settings.transit_weight * (1.0 - transit) + (1.0 - settings.transit_weight) * (1.0 - direct[i][j])
        lost = settings.trade_exposure * lost / max(len(rivals), 1)
        lost += settings.remittances * max(0.0, 1.0 - measures.citizens_abroad(by_country, setting, i) / max(float(setting.abroad_at_start[i]), 1.0))
        lost += p.returnee_load * measures.returnee_share(by_country, setting, cast.country[i])
        lost += p.sanctions_effect * float(state.mediator_sanctions[i])
        wages = setting.parameters.society.wage_effect / 0.1
        gained = wages * measures.log_foreigners(by_country, setting, i) if wages else 0.0
        gained += p.aid_effect * measures.aid_level(state, setting, i)
        for j in rivals:
            gained += p.forum_effect * cast.level(state, j, "forum_support", cast.governments[i])
        state.economy[i] = min(max(1.0 - lost + gained, 0.0), 2.0)
