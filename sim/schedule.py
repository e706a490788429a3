"""The day as data: an ordered list of stages that prints itself and that a profiler can time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.borders import pass_gates, remember_returns
from sim.deadlines import follow_deadlines, remember_removals
from sim.diplomacy import move_hostility
from sim.events import play_events
from sim.fighters import turn_over
from sim.mediation import fade_and_attend
from sim.movement import depart
from sim.society import live
from sim.status import change_status
from sim.strikes import order_strikes, strike
from sim.violence import attack, bury

if TYPE_CHECKING:
    from sim.model import MarchlandModel
    from sim.today import Today


@dataclass(frozen=True)
class Stage:
    """One stage of the day.

    Parameters
    ----------
    name
        Name in the schedule and in profiles.
    does
        What happens, one line.
    module
        Where the mechanism is.
    run
        Called with the model and today's flows.
    governed
        Whether the stage has something to do only where there are governments.
    """

    name: str
    does: str
    module: str
    run: Callable[[MarchlandModel, Today], None]
    governed: bool = False


def _events(model: MarchlandModel, today: Today) -> None:
    play_events(model.state, model.setting, model.calendar, today)


def _decide(model: MarchlandModel, today: Today) -> None:
    model.decide(today)


def _diplomacy(model: MarchlandModel, today: Today) -> None:
    order_strikes(model.state, model.setting, model.streams, today)
    move_hostility(model.state, model.setting, today)


def _violence(model: MarchlandModel, today: Today) -> None:
    attack(model.state, model.setting, model.streams, today)
    strike(model.state, model.setting, model.streams, today)


def _fighters(model: MarchlandModel, today: Today) -> None:
    turn_over(model.state, model.setting, model.streams, today)
    bury(model.state, model.setting, model.streams, today)


def _movement(model: MarchlandModel, today: Today) -> None:
    state, setting, streams = model.state, model.setting, model.streams
    governed = bool(setting.cast.governments)
    if governed:
        follow_deadlines(state, setting, today)
    if model.network is not None:
        model.network.move(state, setting, streams, today)
    if model.ways is not None:
        pass_gates(state, setting, streams, today, model.ways)
        depart(state, setting, streams, today, model.ways)
    if governed:
        remember_removals(state, setting, today)
        remember_returns(state, setting, today)


def _status(model: MarchlandModel, today: Today) -> None:
    change_status(model.state, model.setting, model.streams, today)
    today.by_country = model.state.people @ model.setting.country_onehot


def _society(model: MarchlandModel, today: Today) -> None:
    live(model.state, model.setting, today)
    fade_and_attend(model.state, model.setting, model.streams, today)


def _record(model: MarchlandModel, today: Today) -> None:
    model.check_counts()
    model.record.take(model.state, model.setting, today)


DAY: tuple[Stage, ...] = (
    Stage("events", "dated events from outside take effect", "sim.events", _events),
    Stage("decide", "governments, mediators and groups decide weekly, populations daily, on the evening before", "sim.model", _decide),
    Stage("diplomacy", "the day's acts and measures in force move hostility", "sim.diplomacy", _diplomacy, governed=True),
    Stage("violence", "attacks and cross-border strikes, with deaths", "sim.violence", _violence, governed=True),
    Stage("fighters", "recruits, losses, relocation into and out of sanctuary, splinters, mergers; the dead are booked", "sim.fighters", _fighters, governed=True),
    Stage("movement", "arrivals, crossings, then flight, onward moves, returns, deportation, re-entry", "sim.movement", _movement),
    Stage("status", "registration, expiry, revocation, regularisation, settling", "sim.status", _status, governed=True),
    Stage("society", "trade, economy, host tension, legitimacy, standing, mediation", "sim.society", _society, governed=True),
    Stage("record", "counts are checked, the day is written down", "sim.record", _record),
)
