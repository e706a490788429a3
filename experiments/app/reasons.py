"""Reasons: what an agent said when it last decided, with the day."""

from __future__ import annotations

from experiments.app.card import Said
from experiments.app.course import Course
from experiments.app.panels.context import Pick


def said(course: Course, pick: Pick, *, daily: bool = False) -> tuple[Said, ...]:
    """What an agent said when it last decided; empty before its first decision.

    Parameters
    ----------
    daily
        Whether it decides every day: then what it said last holds for the day shown.
    """
    why = course.why(pick.name)
    if why is None:
        return ()
    day = course.day - 1 if daily else why.day
    return (Said(pick, f"decided on {course.date_of(day)} (day {day + 1})", why.reasons),)
