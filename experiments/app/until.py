"""Run until: conditions that stop a running course, each checked on the evening of a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from experiments.app.course import Course

Kind = Literal["end", "date", "event", "deaths", "rupture", "ceasefire"]
#: Kinds of events that stand in the calendar or are decided for a date: what "next dated event" means.
DATED = frozenset({"act", "announcement", "deadline", "closure", "opening", "exogenous", "strike", "intervention"})


@dataclass(frozen=True)
class Until:
    """A condition: ``day`` is the number of days done for ``date``, ``deaths`` the threshold for ``deaths``."""

    kind: Kind = "end"
    day: int = 0
    deaths: int = 10


def met(course: Course, until: Until) -> str:
    """Return why the course stops on this evening, in words; empty when it goes on."""
    last = course.day - 1
    if until.kind == "date" and course.day >= until.day:
        return f"the date is reached: {course.date}"
    if until.kind == "deaths" and course.today.worst > until.deaths:
        return f"{course.today.worst_text} (more than {until.deaths})"
    if until.kind == "rupture":
        texts = [event.text for event in course.turning() if event.kind == "rupture" and event.day == last]
    else:
        kinds = {"event": DATED, "ceasefire": frozenset({"truce"})}.get(until.kind, frozenset())
        texts = [event.text for event in course.model.record.events_of(last) if event.kind in kinds]
    if texts:
        return texts[0] + (f" (and {len(texts) - 1} more)" if len(texts) > 1 else "")
    return f"the scenario ends on {course.date}" if course.done else ""
