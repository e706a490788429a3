"""Choose the dated events worth a number on the time axis, and say each in a line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from experiments.figures import style
from experiments.figures.run import Event, Run
from experiments.geography import short_place

#: Kinds of events: colour of the marker, how many are kept at most, and the word that says what it is.
KINDS: Mapping[str, tuple[str, int, str]] = MappingProxyType({
    "rupture": (style.BLACK, 2, "Relations rupture"),
    "collapse": (style.BLACK, 2, "Collapse of legitimacy"),
    "escalation": (style.BLACK, 3, "Escalation"),
    "announcement": (style.ORANGE, 4, "Deadline announced"),
    "deadline": (style.ORANGE, 3, "Deadline passes"),
    "truce": (style.GREEN, 4, "Truce"),
    "exogenous": (style.PURPLE, 4, "From outside"),
    "strike": (style.VERMILLION, 4, "Cross-border strike"),
    "splinter": (style.BLACK, 2, "Splinter"),
    "merger": (style.BLACK, 1, "Merger"),
    "closure": (style.BLUE, 4, "Crossing closed"),
    "talks": (style.SKY, 2, "Talks"),
    "attack": ("#7A7A7A", 3, "Attack"),
})
MOST = 18  # what the list beside the panels has room for
_LONG = 92  # letters that fit on two lines
_SAME = 10  # days within which a repeated event of one kind and actor is the same event


@dataclass(frozen=True)
class Note:
    """One numbered event: where it stands, what it says, and when it ends (days, -1 = at once)."""

    event: Event
    text: str
    colour: str
    end: int


def chosen(run: Run) -> list[Note]:
    """Return at most :data:`MOST` notes in order of date.

    Kinds take turns in the order of :data:`KINDS`, each up to its own limit, so that many events of one
    kind never hide the only one of another; within a kind the longest closures and truces, the deadliest
    attacks and strikes, and otherwise the first ones come first.
    """
    ranked: list[tuple[int, Note]] = []
    for kind, (colour, most, word) in KINDS.items():
        found = [(event, _end(run, event)) for event in _distinct([e for e in run.events if e.kind == kind])]
        if kind in ("attack", "strike"):
            found.sort(key=lambda pair: -pair[0].value)
        elif kind in ("closure", "truce"):
            found.sort(key=lambda pair: pair[0].day - (pair[1] if pair[1] >= 0 else len(run.dates)))
        notes = [Note(event, _text(run, event, word), colour, end) for event, end in found[:most]]
        ranked += enumerate(notes)
    ranked.sort(key=lambda pair: pair[0])  # stable: within a turn the order of the kinds
    return sorted((note for _, note in ranked[:MOST]), key=lambda note: note.event.day)


def spans(run: Run, kind: str, actor_of: str = "") -> list[tuple[Event, int]]:
    """Return every event of a kind with the day on which it ends (the last day when it never does)."""
    last = len(run.dates) - 1
    found = [event for event in run.events if event.kind == kind and actor_of in ("", event.actor)]
    return [(event, end if (end := _end(run, event)) >= 0 else last) for event in found]


def _distinct(events: list[Event]) -> list[Event]:
    """Drop what repeats: the same kind, actor and target (or the same text) within ten days."""
    kept: list[Event] = []
    latest: dict[tuple[str, str, str], int] = {}
    for event in sorted(events, key=lambda one: (one.day, -one.value)):
        if event.kind == "exogenous":  # several effects of one event share the words before the colon
            same = (event.kind, "", event.text.split(":")[0])
        elif event.kind == "closure":  # both sides may close the same crossing
            same = (event.kind, "", event.place)
        else:
            same = (event.kind, event.actor, event.place if event.kind == "attack" else event.target)
        if event.day - latest.get(same, -_SAME - 1) > _SAME:
            kept.append(event)
        latest[same] = event.day
    return kept


def _end(run: Run, event: Event) -> int:
    """Return the day a truce or a closure ends, -1 when it does not or when it has no length."""
    ending = {"truce": "truce_end", "closure": "opening"}.get(event.kind)
    if ending is None:
        return -1
    for other in run.events:
        same = other.actor == event.actor if event.kind == "truce" else other.place == event.place
        if other.kind == ending and other.day >= event.day and same:
            return other.day
    return -1


def _text(run: Run, event: Event, word: str) -> str:
    """Return what happened in the words of the scenario, or made from the event's own fields."""
    said = _brief(_named(run, event))
    place = short_place(event.place)
    if event.kind == "attack":
        return f"{run.name(event.actor)} attack, {place}: {event.value:.0f} killed" if place else said
    if event.kind in ("announcement", "exogenous", "strike") and said:
        return said
    if event.kind == "deadline":
        return said or f"{run.name(event.actor)}: deadline passes"
    if event.kind == "truce":
        return said or f"{run.name(event.actor)}: truce"
    if event.kind == "closure":
        return said or f"{place} closed by {run.name(event.actor)}"
    if said:
        return said
    between = event.target and event.kind in ("rupture", "escalation", "strike", "talks")
    towards = f" towards {run.name(event.target)}" if between else ""
    return f"{word}: {run.name(event.actor)}{towards}"


def _named(run: Run, event: Event) -> str:
    """Return the event's text with names as readers write them: ``ttp declares`` as ``TTP declares``."""
    said = event.text
    keys = {event.actor, event.target, *event.target.split("-")} - {"", "region"}
    for key in sorted(keys, key=len, reverse=True):
        said = re.sub(rf"(?<![\w-]){re.escape(key)}(?![\w])", run.name(key), said)
    if event.place and said.count(event.place) == 1:
        said = said.replace(event.place, short_place(event.place))
    return said[:1].upper() + said[1:]


def _brief(text: str) -> str:
    """Return a text without what does not fit: first brackets go, then clauses from the end."""
    said = re.sub(r"\s+", " ", text).strip()
    if len(said) > _LONG:
        said = re.sub(r"\s*\([^)]*\)", "", said)
    while len(said) > _LONG and (cut := max(said.rfind(";"), said.rfind(". "))) > 0:
        said = said[:cut]
    return said
