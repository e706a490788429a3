"""Deadlines and removals: how near a credible deadline is, and how many removals people have seen.

    FD = max( FD * exp(-1/tdn), s * C * exp(-(D - t)/tup) )     between announcement and deadline D
    at D: implemented -> C += gain * (1 - C);  not implemented -> C *= loss

FD is held by host and legal status. Fear is a hazard of nearness to the deadline, never a multiple of
deportations. Source of the shape: returns of October-December 2023 (IOM, UNHCR).
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pydantic.dataclasses
from numpy.typing import NDArray

from agents.decisions import Announcement
from agents.parameters import STRICT, par
from agents.vocabulary import ABROAD
from sim import measures
from sim.state import State
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting

_STATUS = MappingProxyType({status.value: i for i, status in enumerate(ABROAD)})


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class DeadlineParameters:
    """Nearness to a deadline, and the host's credibility."""

    rise: float = par(9.0, 2.0, 30.0, "days", "derived: returns peak within ten days of the deadline; 5-15", "how fast fear rises towards a deadline")
    decay: float = par(14.0, 5.0, 60.0, "days", "derived: back to a floor in 8-10 weeks; 12-28", "how fast fear fades after a deadline")
    credibility_gain: float = par(0.5, 0.0, 1.0, "-", "assumption", "credibility won by an enforced deadline, as a share of what is missing")
    credibility_kept: float = par(0.6, 0.0, 1.0, "-", "assumption: the deadline of April 2024 passed unenforced and raised returns only mildly", "credibility kept after an empty deadline")
    removal_memory: float = par(14.0, 3.0, 90.0, "days", "assumption", "memory of removals")


def announce(state: State, government: int, note: Announcement) -> None:
    """Take up an announcement: it counts from its day until its deadline."""
    state.announced = (*state.announced, (government, note))


def _expose(state: State, setting: Setting, government: int, note: Announcement, today: Today) -> None:
    """Set apart those who do not react to deadlines, when their status is addressed for the first time."""
    share = setting.parameters.returns.exposed_share
    if share >= 1.0:
        return
    stock = measures.foreigners_by_status(today.by_country, setting)[government]
    for status in note.statuses:
        s = _STATUS[status]
        if not state.unexposed[government, s]:
            state.unexposed[government, s] = (1.0 - share) * float(stock[s])


def exposed_shares(state: State, setting: Setting, by_country: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of each status that reacts to deadlines now, (governments, statuses): those who could go, go first."""
    stock = np.maximum(measures.foreigners_by_status(by_country, setting), 1)
    return np.maximum(1.0 - state.unexposed / stock, 0.0)


def _tell(setting: Setting, government: int, note: Announcement, today: Today) -> None:
    name = setting.cast.governments[government]
    today.event("announcement", name, "", "", note.salience,
                f"{name} tells {', '.join(note.statuses)} people to leave by {setting.date(note.deadline)}")


def follow_deadlines(state: State, setting: Setting, today: Today) -> None:
    """Move fear towards the announced deadlines, and credibility when one passes."""
    p = setting.parameters.deadlines
    state.fear *= math.exp(-1.0 / p.decay)
    kept: list[tuple[int, Announcement]] = []
    for government, note in state.announced:
        left = note.deadline - today.day
        if left < 0:
            continue
        kept.append((government, note))
        if today.day < note.day:
            continue
        if today.day == note.day:
            _tell(setting, government, note, today)
        _expose(state, setting, government, note, today)
        near = note.salience * float(state.credibility[government]) * math.exp(-left / p.rise)
        for status in note.statuses:
            cell = (government, _STATUS[status])
            state.fear[cell] = max(float(state.fear[cell]), near)
        if left == 0:
            _pass_deadline(state, setting, government, note, today)
    state.announced = tuple(kept)


def _pass_deadline(state: State, setting: Setting, government: int, note: Announcement, today: Today) -> None:
    p = setting.parameters.deadlines
    trust = float(state.credibility[government])
    state.credibility[government] = trust + p.credibility_gain * (1.0 - trust) if note.implemented else trust * p.credibility_kept
    for status in note.statuses:
        state.campaign[government, _STATUS[status]] |= note.implemented
    name = setting.cast.governments[government]
    what = "enforced" if note.implemented else "not enforced"
    today.event("deadline", name, "", "", float(note.implemented), f"the deadline of {name} for {', '.join(note.statuses)} people passes and is {what}")


def remember_removals(state: State, setting: Setting, today: Today) -> None:
    """Move the memory of removals by today's deportations from each government's country."""
    p = setting.parameters.deadlines
    rate: NDArray[np.float64] | float = 0.0
    if np.count_nonzero(today.deported):
        stock = measures.foreigners_by_status(today.by_country, setting)
        deported = (setting.by_status @ today.deported.T).T[list(setting.cast.country)]
        rate = np.where(stock > 0, 30_000.0 * deported / np.maximum(stock, 1), 0.0)
    state.removals += (rate - state.removals) / p.removal_memory
    if np.count_nonzero(state.campaign):  # a campaign ends when the lever is let go entirely
        pulled = state.granted[:, setting.deportation_columns] > 0.0
        state.campaign &= pulled if pulled.size else False
