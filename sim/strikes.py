"""Cross-border strikes: they kill fighters and civilians, and are acts of war between governments.

Whether a strike lowers or raises later attacks is a sign switch (``violence.strike_effect``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pydantic.dataclasses

from agents.parameters import STRICT, par
from agents.vocabulary import GOLDSTEIN
from sim import draws
from sim.accounts import FIGHTER_INDEX
from sim.diplomacy import points
from sim.state import PendingStrike, State
from sim.streams import Streams
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class StrikeParameters:
    """What a strike does."""

    rate: float = par(12.0, 0.0, 365.0, "strikes/year at level 1", "assumption", "how often the lever at level 1 strikes")
    kill_share: float = par(0.02, 0.0, 0.5, "-", "assumption", "chance that a fighter of the group at a struck place is killed")
    civilians: float = par(
        30.0, 0.0, 200.0, "people", "derived: 8 to 47 civilians killed in the strikes of 2022-2024 by Afghan and UN accounts",
        "civilians a strike kills when it is not selective at all",
    )
    memory: float = par(28.0, 7.0, 180.0, "days", "four weeks, as in the studies of strikes (Johnston & Sarbahi 2016; Mahmood & Jetter 2023)", "memory of strikes")
    selectivity: float = par(
        0.5, 0.0, 1.0, "-", "Kalyvas 2006 on selective and indiscriminate violence; level assumption",
        "share of civilian deaths avoided, in strikes and in operations",
    )


def order_strikes(state: State, setting: Setting, streams: Streams, today: Today) -> None:
    """Draw today's strikes from the levers; dated strikes of the history are already in the list."""
    cast = setting.cast
    rate = setting.parameters.strikes.rate / 365.25
    for i, name in enumerate(cast.governments):
        for j, rival in enumerate(cast.governments):
            level = 0.0 if i == j else cast.level(state, i, "strikes", rival)
            if level <= 0.0:
                continue
            luck = streams.uniforms("strike", f"{name}>{rival}", today.day, 2)
            if luck[0] >= -np.expm1(-rate * level):
                continue
            places = _sheltered_places(state, setting, i, j)
            if not len(places):
                continue
            place = int(places[int(luck[1] * len(places))])
            today.strikes.append(PendingStrike(i, j, (place,)))
            today.acts[i, j] += points(GOLDSTEIN["strike"])


def _sheltered_places(state: State, setting: Setting, government: int, rival: int) -> np.ndarray:
    """Places in the rival's country where enemies of the government are."""
    cast = setting.cast
    enemies = [g for g, target in enumerate(cast.group_target) if target == government]
    if not enemies:
        return np.zeros(0, dtype=np.int64)
    there = state.fighters[enemies].sum(axis=0) > 0
    return np.flatnonzero(there & (setting.world.country == cast.country[rival]))


def strike(state: State, setting: Setting, streams: Streams, today: Today) -> None:
    """Resolve today's strikes: fighters and civilians killed, memories moved."""
    p, cast, world = setting.parameters.strikes, setting.cast, setting.world
    state.strike_memory *= np.exp(-1.0 / p.memory)
    state.strikes_made *= np.exp(-1.0 / p.memory)
    for number, order in enumerate(today.strikes):
        enemies = [g for g, target in enumerate(cast.group_target) if target == order.government]
        for place in order.places:
            address = f"{cast.governments[order.government]}@{world.places[place]}#{number}"
            luck = float(streams.uniforms("strike civilians", address, today.day, 1)[0])
            killed = 0
            for g in enemies:
                hit = float(streams.uniforms("strike fighters", f"{cast.groups[g]}<{address}", today.day, 1)[0])
                dead = draws.binomial_one(hit, int(state.fighters[g, place]), p.kill_share)
                state.fighters[g, place] -= dead
                state.fighter_accounts[FIGHTER_INDEX["killed"], g] += dead
                today.fighters_killed[g] += dead
                killed += dead
            civilians = draws.poisson_one(luck, p.civilians * (1.0 - p.selectivity))
            today.people_killed[place] += civilians
            today.civilians_killed[order.government] += civilians
            today.event(
                "strike", cast.governments[order.government], cast.governments[order.rival], world.places[place],
                civilians, f"strike on {world.places[place]}: {killed} fighters and {civilians} civilians killed",
            )
        for g in enemies:
            if cast.group_sanctuary[g] == cast.country[order.rival]:
                state.strike_memory[g] += 1.0
        state.strikes_made[order.government] += 1.0
