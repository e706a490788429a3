"""Follow one family: a path through the realised flows, drawn person by person from the books of the days.

There are no persons in the model. But a person chosen at random from a bucket on the evening before went where
the book of the day says that its people went: with the share of the bucket that moved, mechanism by mechanism.
Paths drawn so are samples of the flows that really happened. The luck of a family is its own: it moves
nobody in the model, and the same books give the same path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.errors import InputError, one_of
from agents.vocabulary import ACCOUNTS, Account, Reason, Status
from sim.buckets import Bucket, Kind, Layout
from sim.flows import WORDS, FlowBook
from sim.state import State
from sim.streams import Streams

if TYPE_CHECKING:
    from sim.setting import Setting

IntArray = NDArray[np.int64]

#: What makes people set out, to end a sentence with.
_WHY: Mapping[str, str] = MappingProxyType({
    Reason.FLIGHT: "fleeing violence",
    Reason.EMIGRATION: "to live abroad",
    Reason.ONWARD: "for fear of deportation, to move on to another country",
    Reason.VOLUNTARY: "going home of their own accord",
    Reason.FEAR: "going home for fear of arrest and deportation",
    Reason.DEPORTATION: "by force",
    Reason.REENTRY: "going back to the country they had returned from",
})
_STATUS: Mapping[Status, str] = MappingProxyType({
    Status.CITIZEN: "settled at home", Status.RETURNEE: "recently returned", Status.IDP: "displaced inside the country",
    Status.REGISTERED: "registered as refugees", Status.DOCUMENTED: "documented", Status.UNDOCUMENTED: "without papers",
})  # fmt: skip
_END: Mapping[str, str] = MappingProxyType({
    Account.DEAD: "is killed in violence at", Account.RECRUITED: "joins an armed group at", Account.NATURALISED: "is naturalised at",
    Account.OUTSIDE: "leaves the region from",
})  # fmt: skip


class Step(NamedTuple):
    """A move of the family.

    Parameters
    ----------
    day
        Day of the move.
    source, target
        Numbers of buckets, see :class:`sim.buckets.Layout`.
    word
        Why, one of :data:`sim.flows.WORDS`.
    moved, alike
        How many left the family's bucket at that moment (for whatever goal), of how many who were in it.
    """

    day: int
    source: int
    target: int
    word: str
    moved: int
    alike: int


class Family:
    """A family that is followed.

    Parameters
    ----------
    layout
        Layout of the run's buckets.
    start
        Bucket on the evening before ``day``.
    day
        First day that it is followed.
    seed, number
        Its luck: the run's seed, and a number of its own.
    """

    def __init__(self, layout: Layout, start: int, day: int, *, seed: int, number: int = 0) -> None:
        self.layout = layout
        self.start = int(start)
        self.first_day = day
        self.day = day  #: the next day to be followed
        self.number = number
        self.path: tuple[Step, ...] = ()
        self._streams = Streams(seed, salt=f"family {number}")

    @property
    def bucket(self) -> Bucket:
        """Where it is now."""
        return self.layout.bucket(self.position)

    @property
    def position(self) -> int:
        """Number of the bucket where it is now."""
        return self.path[-1].target if self.path else self.start

    @property
    def over(self) -> bool:
        """Whether it has left the books: nothing happens to it any more."""
        return self.bucket.kind is Kind.ACCOUNT

    def follow(self, book: FlowBook) -> tuple[Step, ...]:
        """Live through a day; return the day's steps.

        Raises
        ------
        ValueError
            When the book is not of the next day.
        """
        if book.day != self.day:
            raise ValueError(f"a family followed up to day {self.day} needs the book of that day, not of day {book.day}")
        rng = self._streams.generator("family", "", self.day)
        steps: list[Step] = []
        here = self.position
        for note in book.notes:
            mine = (note.source == here).nonzero()[0]
            if not len(mine):
                continue
            ends, alike = note.number[mine].cumsum(), int(note.stock[mine[0]])
            lot = int(rng.integers(0, alike))  # which of the people of the bucket the family is
            if lot < ends[-1]:
                k = int(mine[ends.searchsorted(lot, side="right")])
                steps.append(Step(self.day, here, int(note.target[k]), WORDS[int(note.word[k])], int(ends[-1]), alike))
                here = steps[-1].target
        self.path += tuple(steps)
        self.day += 1
        return tuple(steps)

    def follow_all(self, books: Sequence[FlowBook]) -> None:
        """Live through several days."""
        for book in books:
            self.follow(book)

    def rewind(self, day: int) -> None:
        """Go back to the evening before ``day``; following the same books again gives the same path.

        Raises
        ------
        ValueError
            When the family was not followed then.
        """
        if not self.first_day <= day <= self.day:
            raise ValueError(f"day {day}: this family was followed from day {self.first_day} to day {self.day}")
        self.path = tuple(step for step in self.path if step.day < day)
        self.day = day

    def where(self, day: int) -> Bucket:
        """Return the bucket on the evening before ``day``."""
        before = [step.target for step in self.path if step.day < day]
        return self.layout.bucket(before[-1] if before else self.start)


def start_with(state: State, setting: Setting, *, nationality: str, status: str, place: str, home: str = "", seed: int, number: int = 0) -> Family:
    """Return a family of a nationality and status at a place, from a home region where the status has several.

    Raises
    ------
    InputError
        When there is no such population or place, nobody of it is there, or the run keeps no flows.
    """
    _needs_gates(setting)
    world, layout = setting.world, Layout.of(state)
    if nationality not in world.countries:
        raise InputError(f"family: no country {nationality!r}; known: {one_of(world.countries)}")
    if place not in world.places:
        raise InputError(f"family: no place {place!r} in this scenario")
    country = world.countries.index(nationality)
    blocks = {block.word: block for block in setting.populations.blocks if block.nationality == country}
    if status not in blocks:
        raise InputError(f"family: {nationality} has no people {status!r}; known: {one_of(sorted(blocks))}")
    block, here = blocks[status], world.place_index(place)
    rows = np.arange(block.first, block.first + block.homes)
    if home:
        if not block.by_home or home not in world.homes[country]:
            raise InputError(f"family: {block.name} are not told apart by a home region {home!r}; known: {one_of(world.homes[country])}")
        rows = rows[[world.homes[country].index(home)]]
    cells = layout.place(rows, here)
    return Family(layout, _chosen(state, cells, f"{block.name} at {place}", seed, number), state.day, seed=seed, number=number)


def start_anywhere(state: State, setting: Setting, *, seed: int, number: int = 0) -> Family:
    """Return a family picked at random among the displaced at places: every person has the same chance."""
    _needs_gates(setting)
    layout = Layout.of(state)
    cells = layout.place(setting.displaced_rows[:, None], np.arange(layout.places)).reshape(-1)
    return Family(layout, _chosen(state, cells, "displaced people", seed, number), state.day, seed=seed, number=number)


def _needs_gates(setting: Setting) -> None:
    if setting.network is not None:
        raise InputError("family: this scenario moves people over a network, where no flows are kept; follow one in a scenario with crossings")


def _chosen(state: State, cells: IntArray, who: str, seed: int, number: int) -> int:
    ends = state.people.reshape(-1)[cells].cumsum()
    if not len(ends) or not ends[-1]:
        raise InputError(f"family: there are no {who} today")
    lot = Streams(seed, salt=f"family {number}").generator("family start", "", state.day).integers(0, int(ends[-1]))
    return int(cells[ends.searchsorted(lot, side="right")])


# -- words ------------------------------------------------------------------------------------------


def who(setting: Setting, bucket: Bucket) -> str:
    """Say who is in a bucket: nationality, status, home region."""
    populations, world = setting.populations, setting.world
    block = next(block for block in populations.blocks if bucket.row in block.rows_range)
    home = int(populations.home[bucket.row])
    region = f", home region {world.homes[block.nationality][home]}" if home >= 0 else ""
    return f"from {world.countries[block.nationality]}, {_STATUS[block.status]}{region}"


def where(setting: Setting, bucket: Bucket) -> str:
    """Say where a bucket is."""
    if bucket.kind is Kind.ACCOUNT:
        return {Account.DEAD: "dead", Account.RECRUITED: "with an armed group", Account.NATURALISED: "citizens of their host"}.get(
            ACCOUNTS[bucket.account], "outside the region"
        )
    if bucket.kind is Kind.PLACE:
        return f"at {setting.world.places[bucket.place]}"
    if bucket.kind is Kind.ROAD:
        return f"on the road to {setting.world.places[bucket.place]}"
    crossing = setting.world.crossings[int(setting.gates.crossing[bucket.gate])]
    return {Kind.TO_GATE: f"on the road to {crossing}", Kind.QUEUE: f"waiting at {crossing}"}.get(bucket.kind, f"just through {crossing}")


def words(setting: Setting, layout: Layout, step: Step) -> str:
    """Say in a sentence what a step was: day, date, what, why, and how many like them did so."""
    told = _told(setting, layout.bucket(step.source), layout.bucket(step.target), step.word)
    share = f" ({step.moved:,} of {step.alike:,} like them{_did(step.word)} that day)" if step.moved < step.alike else ""
    return f"Day {step.day} ({setting.date(step.day)}): {told}{share}"


def _did(word: str) -> str:
    if word in _WHY:
        return " left"
    return "" if word in _END else {"status": " changed status", "crosses": " were let through"}.get(word, " did not stay")


def _told(setting: Setting, source: Bucket, target: Bucket, word: str) -> str:
    """What happened, without day and numbers."""
    places, populations = setting.world.places, setting.populations
    if target.kind is Kind.ACCOUNT:
        return f"{_END[word]} {places[source.place]}"
    if word == "status":
        block = {row: block for block in populations.blocks for row in block.rows_range}
        before, after = block[source.row].status, block[target.row].status
        return f"no longer {_STATUS[before]}, now {_STATUS[after]}, at {places[target.place]}"
    if word in _WHY:
        goal = where(setting, target).removeprefix("on the road to ")
        if word == Reason.DEPORTATION:
            return f"is deported from {places[source.place]} by way of {goal}"
        return f"leaves {places[source.place]} for {goal}, {_WHY[word]}"
    if word == "arrives":
        return f"arrives at {places[target.place]}"
    crossing = setting.world.crossings[int(setting.gates.crossing[source.gate])]
    into = setting.world.countries[int(setting.gates.destination[source.gate])]
    return {
        "reaches crossing": f"reaches {crossing}",
        "crosses": f"crosses at {crossing} into {into}",
        "crosses irregularly": f"crosses near {crossing} into {into} by an irregular way",
        "goes on": f"goes on from {crossing} to {places[target.place] if target.place >= 0 else into}",
        "tries another crossing": f"gives up waiting at {crossing} and sets out for {_crossing(setting, target)}",
        "turns back": f"gives up waiting at {crossing} and turns back to {places[target.place]}",
    }[word]


def _crossing(setting: Setting, bucket: Bucket) -> str:
    return setting.world.crossings[int(setting.gates.crossing[bucket.gate])] if bucket.gate >= 0 else ""


def journey(setting: Setting, family: Family) -> list[str]:
    """The whole path in words, who and where it was at first included."""
    start = family.layout.bucket(family.start)
    begin = f"Day {family.first_day} ({setting.date(family.first_day)}): a family {who(setting, start)}, {where(setting, start)}"
    return [begin, *(words(setting, family.layout, step) for step in family.path)]
