"""Deciding: put decisions into effect, and play what was decided for a date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.decisions import Act, GovernmentDecision
from agents.levers import Slot
from sim.csvrows import matching
from sim.diplomacy import points, raised_levers
from sim.granting import ask, grant, set_level
from sim.state import PendingStrike, State
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting

_CLOSURES = ("close_people", "close_trade")


def take_decision(state: State, setting: Setting, today: Today, government: int, decision: GovernmentDecision) -> None:
    """Grant the levers of a decision, book them as acts, and put its dated parts on the agenda."""
    before = state.granted[government].copy()
    ask(state, setting, government, decision)
    grant(state, setting, government)
    raised_levers(state, setting, government, before, today)
    now = state.granted[government]
    for column in np.flatnonzero((before > 0.0) != (now > 0.0)):
        _closure_event(setting, today, government, setting.cast.slots[column], float(now[column]))
    state.agenda += tuple((government, change) for change in decision.agenda)
    state.acts_due += tuple((government, act) for act in decision.acts)


def play_agenda(state: State, setting: Setting, today: Today) -> None:
    """Play the changes, acts and truces that were decided for today.

    Scripted changes of levers are no acts by themselves: the script carries its own Goldstein weights.
    """
    due = [item for item in state.agenda if item[1].day <= today.day]
    if due:
        state.agenda = tuple(item for item in state.agenda if item[1].day > today.day)
        for government, change in due:
            set_level(state, setting, government, change.slot, change.level)
            if change.day == today.day:
                _closure_event(setting, today, government, change.slot, change.level)
        for government in dict.fromkeys(item[0] for item in due):
            grant(state, setting, government)
    acts = [item for item in state.acts_due if item[1].day <= today.day]
    if acts:
        state.acts_due = tuple(item for item in state.acts_due if item[1].day > today.day)
        for government, act in acts:
            _act(state, setting, today, government, act)
    _truces(state, setting, today)


def _closure_event(setting: Setting, today: Today, government: int, slot: Slot, level: float) -> None:
    lever, target = slot.lever, slot.target
    if lever in _CLOSURES:
        what = "people" if lever == "close_people" else "trade"
        name = setting.cast.governments[government]
        kind, verb = ("closure", "closes") if level > 0.0 else ("opening", "opens")
        today.event(kind, name, "", target, level, f"{name} {verb} {target} to {what}")


def _act(state: State, setting: Setting, today: Today, government: int, act: Act) -> None:
    """Book a dated act; a strike is ordered for today."""
    cast = setting.cast
    name = cast.governments[government]
    if act.target in cast.governments and act.target != name:
        rival = cast.government_index(act.target)
        today.acts[government, rival] += points(act.goldstein)
        if act.kind == "strike":
            places = tuple(setting.world.place_index(place) for place in matching(act.places, setting.world.places))
            today.strikes.append(PendingStrike(government, rival, places))
    if act.kind != "statement":
        place = act.places[0] if len(act.places) == 1 else ""
        today.event("act", name, act.target, place, act.goldstein, act.text)


def _truces(state: State, setting: Setting, today: Today) -> None:
    """Begin truces that are due, and note those that ended yesterday."""
    names = setting.cast.groups
    for g, name in enumerate(names):
        if state.truce_until[g] == today.day - 1 and state.truce_until[g] >= 0:
            today.event("truce_end", name, "", "", 0.0, f"the truce of {name} is over")
    for g, first, until in state.truces_due:
        if first <= today.day < until:
            state.truce_until[g] = until - 1
            today.event("truce", names[g], "", "", float(until - first), f"{names[g]} declares a truce to {setting.date(until - 1)}")
    state.truces_due = tuple(item for item in state.truces_due if item[1] > today.day)
