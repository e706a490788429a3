"""Following: one family of a course, day by day, and what the page tells about it.

The family reads the book of each day that is played, so going back and playing the same days again gives the
same path; when the days come out otherwise, because somebody intervened, the path does too.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from numpy.typing import NDArray

from agents.errors import InputError
from agents.vocabulary import REASONS
from sim import family as families
from sim.buckets import Bucket, Kind, Layout
from sim.family import Family, Step
from sim.flows import WORDS, FlowBook, Note
from sim.state import State
from sim.streams import Streams

if TYPE_CHECKING:
    from experiments.app.course import Course
    from sim.setting import Setting

IntArray = NDArray[np.int64]
#: Instead of a population: those who set out today.
SET_OUT = "set out"
#: Kinds of buckets in which people are at a place or at a crossing, and not on a road or out of the books.
_STANDS = frozenset({Kind.PLACE, Kind.QUEUE, Kind.THROUGH})


class PathPoint(TypedDict):
    """A point of the path on the map: the evening on which the family was first there, and the number of the place."""

    day: int
    place: int


class FamilyData(TypedDict):
    """What the map shows of a family."""

    path: list[PathPoint]
    at: int


@dataclass(frozen=True)
class Moment:
    """A line of a family's path."""

    date: dt.date
    text: str


def live(family: Family | None, book: FlowBook, before: State) -> None:
    """Let a family live through the day that was played from the evening ``before``, if it is followed then."""
    if family is not None and family.day == before.day:
        book.open(before)  # dates the book of a day on which nobody moved
        family.follow(book)


def cut(family: Family | None, day: int) -> None:
    """Forget what a family did from ``day`` on."""
    if family is not None:
        family.rewind(min(max(day, family.first_day), family.day))


def departures(course: Course, place: str = "") -> Note | None:
    """Who set out today, from a place or from anywhere, as the book of the day has it; None for nobody."""
    book, world = course.book, course.setting.world
    if book is None or book.layout is None:
        return None
    layout = book.layout
    parts: list[tuple[IntArray, ...]] = []
    for note in book.notes:
        chosen = (note.source < layout.firsts[1]) & (note.target >= layout.firsts[1]) & (note.word < len(REASONS))
        if place:
            chosen &= note.source % layout.places == world.place_index(place)
        if chosen.any():
            parts.append(tuple(column[chosen] for column in (note.source, note.target, note.number, note.stock, note.word)))
    return Note(*(np.concatenate(column) for column in zip(*parts, strict=True))) if parts else None


def choose(course: Course, *, population: str = "", place: str = "", number: int = 0) -> None:
    """Follow another family from the evening shown.

    Parameters
    ----------
    population, place
        Whose family and where it is; any displaced family when there is no population, one of those who set
        out today for :data:`SET_OUT`.
    number
        Which of the many families there are.

    Raises
    ------
    InputError
        When there is no such family.
    """
    setting, state, seed = course.setting, course.model.state, course.model.streams.seed
    if population == SET_OUT:
        course.family = _of_today(course, place, number)
        return
    if not population:
        course.family = families.start_anywhere(state, setting, seed=seed, number=number)
        return
    block = next((block for block in setting.populations.blocks if block.name == population), None)
    if block is None:
        known = ", ".join(block.name for block in setting.populations.blocks)
        raise InputError(f"no population {population!r}; known: {known}")
    course.family = families.start_with(
        state, setting, nationality=setting.world.countries[block.nationality], status=block.word, place=place, seed=seed, number=number
    )


def _of_today(course: Course, place: str, which: int) -> Family:
    """Return a family that set out today: every person has the same chance."""
    found, state, seed = departures(course, place), course.model.state, course.model.streams.seed
    if found is None:
        raise InputError(f"family: nobody set out {f'from {place} ' if place else ''}today")
    ends = found.number.cumsum()
    lot = Streams(seed, salt=f"family {which}").generator("family start", "", state.day).integers(0, int(ends[-1]))
    k = int(ends.searchsorted(lot, side="right"))
    source, target, number, stock = (int(column[k]) for column in (found.source, found.target, found.number, found.stock))
    step = Step(course.day - 1, source, target, WORDS[int(found.word[k])], number, stock)
    family = Family(Layout.of(state), source, state.day, seed=seed, number=which)
    family.path = (step,)
    return family


def path_data(course: Course) -> FamilyData | None:
    """The path of the followed family on the map; None when there is none."""
    family, setting = course.family, course.setting
    if family is None:
        return None
    start = family.layout.bucket(family.start)
    path: list[PathPoint] = [PathPoint(day=family.first_day, place=_place(setting, start))]
    for step in family.path:
        bucket = family.layout.bucket(step.target)
        if bucket.kind in _STANDS and (place := _place(setting, bucket)) != path[-1]["place"]:
            path.append(PathPoint(day=step.day + 1, place=place))
    return FamilyData(path=path, at=path[-1]["place"])


def _place(setting: Setting, bucket: Bucket) -> int:
    """Number of the place at which a bucket is; a crossing is a place."""
    return bucket.place if bucket.kind is Kind.PLACE else int(setting.world.crossing_place[setting.gates.crossing[bucket.gate]])


def now(course: Course) -> str:
    """Who the followed family is and where it is on the evening shown, in words; empty when there is none."""
    family, setting = course.family, course.setting
    if family is None:
        return ""
    where = families.where(setting, family.bucket)
    return where if family.over else f"{families.who(setting, family.bucket)}; {where}"


def story(course: Course) -> list[Moment]:
    """The path of the followed family in words, latest first."""
    family, setting = course.family, course.setting
    if family is None:
        return []
    lines = families.journey(setting, family)
    days = [family.first_day - 1, *(step.day for step in family.path)]
    return [Moment(course.date_of(day), line.partition(": ")[2]) for day, line in zip(days, lines, strict=True)][::-1]
