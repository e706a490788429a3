"""The event log: what happened, in plain words, newest first, with filters.

Attacks that kill fewer than ten are no events of their own: :data:`BY_DAY` sums up the attacks of a day.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType

from agents.levers import BY_NAME, Slot
from experiments.app.card import count
from experiments.app.course import Course
from experiments.app.inspect import resolve
from experiments.app.levers import label_of
from experiments.app.panels.context import Pick
from sim.today import Event

#: The filter of attacks summed up by day; it is off unless asked for.
BY_DAY = "days"
#: Filters with the words on their buttons.
FILTERS: Mapping[str, str] = MappingProxyType({
    "politics": "politics", "violence": "violence", "borders": "borders", "deadlines": "deadlines", "talks": "talks and truces",
    "turning": "turning points", "interventions": "interventions", BY_DAY: "all attacks by day",
})  # fmt: skip
#: Kinds of events: filter, letter, label.
_KINDS: Mapping[str, tuple[str, str, str]] = MappingProxyType({
    "act": ("politics", "P", "act"), "exogenous": ("politics", "E", "event of the scenario"),
    "attack": ("violence", "A", "attack"), "strike": ("violence", "S", "cross-border strike"),
    "splinter": ("violence", "G", "splinter group"), "merger": ("violence", "G", "merger of groups"),
    "closure": ("borders", "×", "closure"), "opening": ("borders", "○", "opening"),
    "announcement": ("deadlines", "D", "deadline announced"), "deadline": ("deadlines", "D", "deadline"),
    "talks": ("talks", "T", "talks"), "truce": ("talks", "C", "truce"), "truce_end": ("talks", "C", "end of a truce"),
    "rupture": ("turning", "!", "rupture"), "escalation": ("turning", "!", "escalation"), "collapse": ("turning", "!", "collapse of legitimacy"),
    "intervention": ("interventions", "I", "intervention"), BY_DAY: (BY_DAY, "a", "attacks of the day"),
})  # fmt: skip
_LEVER = re.compile(r"(?P<lever>[a-z_]+)(?:/(?P<target>.+))? (?P<moved>raised|lowered) by (?P<by>\d+\.\d+)")


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Parameters
    ----------
    filters
        Keys of :data:`FILTERS`.
    text
        Words that must stand in the line, whatever their case.
    only
        Whether only what happened at what is picked, or what that did or suffered.
    """

    filters: frozenset[str] = frozenset(FILTERS) - {BY_DAY}
    text: str = ""
    only: bool = False


@dataclass(frozen=True)
class Line:
    """A line of the log; ``day`` counts from 0, ``filter`` is a key of :data:`FILTERS`, ``pick`` where it leads."""

    day: int
    date: dt.date
    kind: str
    filter: str
    letter: str
    label: str
    text: str
    pick: Pick | None


def log(course: Course, wanted: Wanted, picked: Pick | None = None, most: int = 200) -> tuple[list[Line], bool]:
    """The latest lines, newest first, and whether there are older ones."""
    found = list(islice(_lines(course, wanted, picked if wanted.only else None), most + 1))
    return found[:most], len(found) > most


def _lines(course: Course, wanted: Wanted, pick: Pick | None) -> Iterator[Line]:
    """All lines that are wanted, newest first."""
    words = wanted.text.lower().split()
    for line in _all(course, wanted.filters, pick):
        low = f"{line.text} {line.label} {line.date}".lower()
        if all(word in low for word in words):
            yield line


def _all(course: Course, filters: frozenset[str], pick: Pick | None) -> Iterator[Line]:
    by_day: dict[int, list[Event]] = {}
    for event in course.events():
        if _filter(event.kind) in filters and (pick is None or concerns(event, pick)):
            by_day.setdefault(event.day, []).append(event)
    if BY_DAY not in filters:
        for day in sorted(by_day, reverse=True):
            yield from (_line(course, event) for event in reversed(by_day[day]))
        return
    attacks = _Attacks(course, pick)
    for day in range(course.day - 1, -1, -1):
        yield from (_line(course, event) for event in reversed(by_day.get(day, [])))
        if attacks.any(day):
            yield attacks.line(day)


def _filter(kind: str) -> str:
    return _KINDS.get(kind, ("politics", "", ""))[0]


def concerns(event: Event, pick: Pick) -> bool:
    """Whether an event happened at what is picked, or was done or suffered by it; pairs are named ``a-b``."""
    name = pick.name
    if not name or name in (event.actor, event.target, event.place):
        return True
    return pick.kind == "government" and (event.target.startswith(f"{name}-") or event.target.endswith(f"-{name}"))


def _line(course: Course, event: Event) -> Line:
    which, letter, label = _KINDS.get(event.kind, ("politics", "P", event.kind.replace("_", " ")))
    pick = next((found for found in _picks(course, event) if found is not None), None)
    return Line(event.day, course.date_of(event.day), event.kind, which, letter, label, told(event, course), pick)


def _picks(course: Course, event: Event) -> Iterator[Pick | None]:
    """Where an event leads: its place, else who did it, else to whom."""
    yield resolve(course, Pick("place", event.place))
    for name in (event.actor, event.target):
        for kind in ("government", "group", "mediator"):
            yield resolve(course, Pick(kind, name))


def told(event: Event, course: Course) -> str:
    """The text of an event; levers are called as on the page."""
    lever = _LEVER.fullmatch(event.text) if event.kind == "act" else None
    if lever is None or lever["lever"] not in BY_NAME:  # an act of a user's own history may read alike
        return event.text
    verb = "raises" if lever["moved"] == "raised" else "lowers"
    return f"{event.actor} {verb} \"{label_of(Slot(lever['lever'], lever['target'] or ''), course)}\" by {lever['by']}"


class _Attacks:
    """Attacks day by day, of everybody or as far as they concern what is picked."""

    def __init__(self, course: Course, pick: Pick | None) -> None:
        record, world = course.model.record, course.setting.world
        self._course, self._place = course, -1
        self._whose = ""
        if pick is not None and pick.name in world.places:
            self._place = world.place_index(pick.name)
            at_place = record.at_place(self._place)
            self._attacks, self._killed = at_place[0].astype(float), at_place[1].astype(float)
        elif pick is not None and pick.kind in ("government", "group"):
            self._whose = f" by {pick.name}" if pick.kind == "group" else f" on {pick.name}"
            self._attacks, self._killed = (record.series(pick.kind, pick.name, variable) for variable in ("attacks", "deaths"))
        else:
            self._attacks, self._killed = (record.series("region", "region", variable) for variable in ("attacks", "deaths"))

    def any(self, day: int) -> bool:
        """Whether there was an attack."""
        return day < len(self._attacks) and bool(self._attacks[day])

    def line(self, day: int) -> Line:
        """Sum up a day."""
        course, names = self._course, self._course.setting.world.places
        number, killed = int(self._attacks[day]), int(self._killed[day])
        text = f"{number} attack{'s' if number != 1 else ''}{self._whose}"
        place, worst = self._place, ""
        if place < 0 and not self._whose:
            there = course.model.record.attacks_on(day).nonzero()[0]
            place = int(there[0]) if len(there) == 1 else course.log(day).worst_place
            worst = f", worst at {names[place]}" if len(there) > 1 and place >= 0 else ""
        text += f"{f' at {names[place]}' if place >= 0 and not worst else ''}, {count(killed)} killed{worst}"
        which, letter, label = _KINDS[BY_DAY]
        pick = resolve(course, Pick("place", names[place])) if place >= 0 else None
        return Line(day, course.date_of(day), BY_DAY, which, letter, label, text, pick)
