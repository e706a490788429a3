"""Dated events: what happens to the world from outside, and the scripts that policies may play.

Exogenous rows are always played. History rows are sorted by actor into scripts: only an actor's
``scripted`` policy ever plays them, so replacing a policy removes its scripted acts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.decisions import Act, Announcement, DatedChange
from agents.levers import Slot
from agents.situations import Script
from agents.vocabulary import ABROAD
from sim.csvrows import matching
from sim.diplomacy import points
from sim.granting import grant
from sim.state import Exodus, State, Surge
from sim.tables import ExogenousRow, HistoryRow
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting

#: Types of history rows that are strikes flown on the day.
STRIKES = ("airstrike", "strike")


@dataclass(frozen=True)
class Calendar:
    """Dated rows by day: exogenous starts and ends, and the script of every actor."""

    starts: dict[int, tuple[ExogenousRow, ...]]
    ends: dict[int, tuple[ExogenousRow, ...]]
    scripts: dict[str, Script]

    def script(self, actor: str, first: int, last: int) -> Script:
        """Return the part of an actor's script from day ``first`` to ``last``, both included."""
        whole = self.scripts.get(actor)
        if whole is None:
            return Script()
        # On the first day what began before it and is still in force is taken up as well.
        since = first if first > 0 else -(10**9)
        return Script(
            changes=tuple(c for c in whole.changes if since <= c.day <= last),
            acts=tuple(a for a in whole.acts if first <= a.day <= last),
            announcements=tuple(n for n in whole.announcements if since <= n.day <= last and n.deadline >= first),
            truces=tuple(t for t in whole.truces if first <= t[0] <= last),
        )


def build_calendar(setting: Setting) -> Calendar:
    """Sort the tables by day. Rows before the start of the run that are still in force start with it."""
    starts: dict[int, list[ExogenousRow]] = {}
    ends: dict[int, list[ExogenousRow]] = {}
    for row in setting.tables.exogenous:
        day = setting.day_of(row.date)
        end = setting.day_of(row.end_date) if row.end_date is not None else None
        if day < 0:
            lasting = row.effect in ("cooperation", "safety", "exodus") or (end is not None and end > 0)
            if not lasting or not row.effect:
                continue
        starts.setdefault(max(day, 0), []).append(row)
        if end is not None:
            ends.setdefault(end, []).append(row)
    scripts = {actor: _script(setting, actor) for actor in (*setting.cast.governments, *setting.cast.groups)}
    return Calendar(
        {day: tuple(rows) for day, rows in starts.items()}, {day: tuple(rows) for day, rows in ends.items()}, scripts
    )


def _script(setting: Setting, actor: str) -> Script:
    """Turn an actor's history rows into dated changes, acts, announcements and truces."""
    changes: list[tuple[int, Slot, float, int]] = []
    acts: list[Act] = []
    notes: list[Announcement] = []
    truces: list[tuple[int, int]] = []
    for order, row in enumerate(r for r in setting.tables.history if r.actor == actor):
        day = setting.day_of(row.date)
        end = setting.day_of(row.end_date) if row.end_date is not None else -1
        if row.lever and row.level is not None and row.lever in setting.config.levers:
            changes += [(day, slot, row.level, order) for slot in _slots(setting, row)]
            if row.end_date is not None:
                changes += [(end, slot, np.nan, order) for slot in _slots(setting, row)]
        if row.type == "ceasefire" and actor in setting.cast.groups and end >= 0:
            truces.append((max(day, 0), end))
        if row.deadline is not None:
            notes.append(Announcement(_statuses(row), day, setting.day_of(row.deadline), row.salience, row.implemented))
        if row.goldstein is not None or row.type in STRIKES:
            kind = "strike" if row.type in STRIKES else row.type
            acts.append(Act(day, row.target, kind, row.goldstein or 0.0, row.description, row.places))
    return Script(_resolve(setting, actor, changes), tuple(acts), tuple(notes), tuple(truces))


def _statuses(row: HistoryRow) -> tuple[str, ...]:
    return matching(row.statuses, tuple(status.value for status in ABROAD))


def _slots(setting: Setting, row: HistoryRow) -> tuple[Slot, ...]:
    known = tuple(slot.target for slot in setting.cast.slots if slot.lever == row.lever)
    if not row.lever_targets:
        return (Slot(row.lever),) if known == ("",) else ()
    i = setting.cast.governments.index(row.actor)
    slots = (Slot(row.lever, target) for target in matching(row.lever_targets, known))
    return tuple(s for s in slots if setting.cast.owned[i, setting.cast.columns[(s.lever, s.target)]])


def _resolve(setting: Setting, actor: str, changes: list[tuple[int, Slot, float, int]]) -> tuple[DatedChange, ...]:
    """Resolve ends of spells: a slot goes back to the level it had before (the last one set, or the baseline)."""
    if not changes:
        return ()
    i = setting.cast.governments.index(actor)
    resolved: list[DatedChange] = []
    open_spells: dict[Slot, list[tuple[int, float]]] = {}
    for day, slot, level, order in sorted(changes, key=lambda c: (c[0], not np.isnan(c[2]), c[3])):
        base = float(setting.baseline_levels[i, setting.cast.columns[(slot.lever, slot.target)]])
        spells = open_spells.setdefault(slot, [(-1, base)])
        if np.isnan(level):
            spells[:] = [spell for spell in spells if spell[0] != order]
            level = spells[-1][1]
        else:
            ends = any(c[3] == order and c[1] == slot and np.isnan(c[2]) for c in changes)
            if not ends:  # a standing change replaces the ground on which spells rest
                spells[:] = [spell for spell in spells if spell[0] != -1]
                spells.insert(0, (-1, level))
            else:
                spells.append((order, level))
            level = spells[-1][1]
        resolved.append(DatedChange(day, slot, level))
    return tuple(resolved)


def play_events(state: State, setting: Setting, calendar: Calendar, today: Today) -> None:
    """Let today's exogenous events take effect, and those that end today cease."""
    for row in calendar.ends.get(today.day, ()):
        _end(setting, row, today)
    for row in calendar.starts.get(today.day, ()):
        _start(state, setting, row, today)
    if today.day in calendar.starts or today.day in calendar.ends:
        state.exogenous_people = _closed(setting, "close_people", today.day)
        state.exogenous_trade = _closed(setting, "close_trade", today.day)
    state.surges = tuple(surge for surge in state.surges if surge.until > today.day)


def _start(state: State, setting: Setting, row: ExogenousRow, today: Today) -> None:
    cast, world = setting.cast, setting.world
    places = matching(row.places, world.places)
    if row.effect == "cooperation":
        i = cast.governments.index(row.subject)
        column = cast.columns.get(("cooperation", row.target), -1)
        if column >= 0:
            state.baseline[i, column] = state.asked[i, column] = row.value
            grant(state, setting, i)
    elif row.effect == "safety":
        state.safety[world.countries.index(row.subject)] = row.value
    elif row.effect == "exodus":
        wave = Exodus(
            world.countries.index(row.subject), world.countries.index(row.target), row.value, setting.day_of(row.date), row.decay_days
        )
        state.exoduses = (*state.exoduses, wave)
    elif row.effect == "intensity":
        until = setting.day_of(row.end_date) if row.end_date is not None else setting.days
        indices = tuple(world.place_index(place) for place in places)
        state.surges = (*state.surges, Surge(cast.groups.index(row.subject), row.value, until, indices))
    if row.goldstein is not None and row.actor in cast.governments and row.target in cast.governments:
        today.acts[cast.governments.index(row.actor), cast.governments.index(row.target)] += points(row.goldstein)
    place = places[0] if len(places) == 1 else ""
    today.event("exogenous", row.actor, row.target, place, row.value, row.description or row.type.replace("_", " "))


def _closed(setting: Setting, effect: str, day: int) -> NDArray[np.float64]:
    """Closures by events in force on a day, (crossings,); where several overlap the strictest counts."""
    closed = np.zeros(setting.world.n_crossings)
    for row in setting.tables.exogenous:
        over = row.end_date is not None and setting.day_of(row.end_date) <= day
        if row.effect == effect and setting.day_of(row.date) <= day and not over:
            for place in matching(row.places, setting.world.crossings):
                crossing = setting.world.crossings.index(place)
                closed[crossing] = max(closed[crossing], row.value)
    return closed


def _end(setting: Setting, row: ExogenousRow, today: Today) -> None:
    if row.effect not in ("close_people", "close_trade"):
        return
    for place in matching(row.places, setting.world.crossings):
        today.event("opening", row.actor, row.target, place, 0.0, f"{place} opens again")
