"""The composite stability index: the mean of five components, each 1 where things are good.

    violence   1 - clip( ln(attacks a month / a0) / ln(a1) )
    movement   1 - clip( ln(forced moves a month / m0) / ln(m1) )    coerced returns and flight, never stocks
    relations  1 - clip( H / 1.5 ),   H = (mean h - rest) / hs,  hs = k / (a - k)
    legitimacy mean L,        trade  mean of the two channels

Anchors are fixed by the scenario, never taken from the runs that are compared. The index is always shown
with its components. Forced *flow* counts, not the displaced stock: a stock calls an expulsion stable.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pydantic.dataclasses
from numpy.typing import NDArray

from agents.parameters import STRICT, par
from sim.diplomacy import DiplomacyParameters, rest_point
from sim.state import State

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]
T = TypeVar("T", float, NDArray[np.float64])
#: Components in the order of every array over them.
COMPONENTS: tuple[str, ...] = ("violence", "movement", "relations", "legitimacy", "trade")
MONTH = 365.25 / 12.0


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class OutcomeParameters:
    """Anchors of the index and thresholds of dated outcomes."""

    attacks_best: float = par(10.0, 0.1, 1000.0, "attacks/month", "assumption: an anchor", "attacks a month at which the violence component is 1")
    attacks_span: float = par(15.0, 1.5, 1000.0, "-", "assumption: an anchor", "factor of attacks at which it reaches 0")
    moves_best: float = par(1000.0, 1.0, 1e6, "people/month", "assumption: an anchor", "forced moves a month at which the movement component is 1")
    moves_span: float = par(300.0, 1.5, 1e5, "-", "assumption: an anchor", "factor of forced moves at which it reaches 0")
    relations_worst: float = par(1.5, 0.1, 10.0, "sustained acts of -10 a week", "assumption: an anchor", "normalised hostility at which the relations component is 0")
    rupture: float = par(1.0, 0.1, 10.0, "normalised hostility", "assumption: no rupture in 2021-2024 at 1", "hostility that counts as a rupture when it lasts 28 days")
    escalation: float = par(2.0, 1.1, 10.0, "-", "assumption: episode counts hang on it, so 1.75, 2 and 2.5 are reported", "28-day attacks against the year before that count as an escalation")
    collapse: float = par(0.2, 0.01, 0.5, "-", "assumption", "legitimacy that counts as collapse when it lasts 90 days and is half the start")


def normalised_hostility(state: State, setting: Setting) -> float:
    """Mean hostility above its rest point, in units of one sustained -10 act a week on both sides."""
    if len(setting.cast.governments) < 2:
        return 0.0
    return normalise(float(mean_off_diagonal(state.hostility)), setting)


def mean_off_diagonal(pairs: FloatArray) -> FloatArray:
    """Mean over the pairs of different governments; ``pairs`` is (..., governments, governments)."""
    n = pairs.shape[-1]
    own = np.trace(pairs, axis1=-2, axis2=-1)
    return np.asarray((pairs.reshape(*pairs.shape[:-2], n * n).sum(axis=-1) - own) / (n * (n - 1)))


def normalise(mean: T, setting: Setting) -> T:
    """Turn mean hostility (a number or a series) into units of one sustained -10 act a week on both sides."""
    return (mean - setting.rest_hostility) / setting.hostility_unit


def hostility_scale(parameters: DiplomacyParameters, grievance: FloatArray) -> tuple[float, float]:
    """Mean hostility at rest over all pairs, and the rise by one sustained -10 act a week on both sides: k / (a - rho k)."""
    p = parameters
    pairs = [(i, j) for i in range(len(grievance)) for j in range(len(grievance)) if i != j]
    rest = [rest_point(p.reaction, p.fatigue, p.reciprocity, float(grievance[i, j]), float(grievance[j, i])) for i, j in pairs]
    unit = max(p.reaction / (p.fatigue - p.reaction * p.reciprocity), 1e-9)
    return (math.fsum(rest) / len(rest) if rest else 0.0), unit


def components(state: State, setting: Setting) -> np.ndarray:
    """The five components this evening, (5,), each in [0, 1]."""
    n = len(setting.cast.governments)
    return np.array(index_parts(
        setting, float(state.attack_window.sum()), float(state.return_memory.sum()) + float(state.flight_memory.sum()),
        normalised_hostility(state, setting), float(state.legitimacy.mean()) if n else 1.0,
        state.direct_trade.tolist(), state.transit_trade.tolist(),
    ))


def index_parts(
    setting: Setting, attacks: float, moves: float, relations: float, legitimacy: float,
    direct: list[list[float]], transit: list[list[float]],
) -> list[float]:
    """The five components of an evening, each in [0, 1].

    Parameters
    ----------
    attacks, moves
        Attacks of the last 28 days; forced moves a day, 30-day memory.
    relations, legitimacy
        Normalised hostility; mean legitimacy.
    direct, transit
        Trade between governments on both channels, 1 = as before.
    """
    p = setting.parameters.outcomes
    attacks, moves = attacks / 28.0 * MONTH, moves / setting.scale * MONTH
    pairs = [(i, j) for i in range(len(direct)) for j in range(i + 1, len(direct))]
    trade = [(direct[i][j] + min(transit[i][j], transit[j][i])) / 2.0 for i, j in pairs]
    return [
        1.0 - _clip(math.log(max(attacks, 1e-9) / p.attacks_best) / math.log(p.attacks_span)),
        1.0 - _clip(math.log(max(moves, 1e-9) / p.moves_best) / math.log(p.moves_span)),
        1.0 - _clip(relations / p.relations_worst),
        legitimacy,
        _clip(math.fsum(trade) / len(trade)) if trade else 1.0,
    ]


def _clip(value: float) -> float:
    return min(max(value, 0.0), 1.0)
