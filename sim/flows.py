"""Flows: who went where today, as the mechanisms of the day really moved people between buckets.

Nobody keeps this book unless a caller asks for it with ``model.watched_step()``, which puts a :class:`FlowBook` at
``today.flows``. Then every mechanism that moves people notes what it moved: from bucket, to bucket, number, and a
word that says why. Replaying the notes on the evening before gives the evening, bucket by bucket
(``tests/test_flows.py``), so the book of a day alone says where any of its people went.

The book covers the day with gates and governments. In a conflict folder people move over a network or as walkers:
those moves are not in the book, and it has no trips.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.vocabulary import ACCOUNTS, REASONS, Account
from sim.buckets import Layout
from sim.state import State

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Words of the notes: reasons to set out first, in their usual order, then what else happens to people.
WORDS: tuple[str, ...] = (
    *(reason.value for reason in REASONS),
    "arrives", "reaches crossing", "crosses", "crosses irregularly", "tries another crossing", "turns back", "goes on", "status",
    *(account.value for account in ACCOUNTS),
)  # fmt: skip
WORD = MappingProxyType({word: i for i, word in enumerate(WORDS)})


class Trip(NamedTuple):
    """People who went from one place to another today: indices of places (crossings are places), and why."""

    origin: int
    target: int
    people: int
    reason: str


@dataclass(frozen=True)
class Note:
    """What one mechanism moved at one moment; all arrays have one length, and buckets may recur.

    Parameters
    ----------
    source, target
        Numbers of buckets, see :class:`sim.buckets.Layout`.
    number
        People moved, > 0.
    stock
        People in the source bucket right before: of them, ``number`` went this way.
    word
        Index into :data:`WORDS`.
    """

    source: IntArray
    target: IntArray
    number: IntArray
    stock: IntArray
    word: IntArray


class FlowBook:
    """The flows of one day, in the order in which they happened."""

    def __init__(self) -> None:
        self.day = -1  #: the day that the book is about; -1 while nothing has been asked of it
        self.layout: Layout | None = None
        self.notes: list[Note] = []
        self._parts: list[tuple[IntArray, ...]] = []
        self._people: IntArray | None = None  #: of every cell, right before the departures

    # -- written by the mechanisms, before they change the state ------------------------------------

    def open(self, state: State) -> Layout:
        """Return the layout; the first call dates the book."""
        if self.layout is None:
            self.layout, self.day = Layout.of(state), state.day
        return self.layout

    def add(self, source: IntArray, target: IntArray, number: IntArray, stock: IntArray, word: IntArray | int) -> None:
        """Add to the note being written; what is added until :meth:`close` happens at one moment."""
        moved = number.nonzero()[0]
        if len(moved):
            words = np.broadcast_to(np.asarray(word), number.shape)
            self._parts.append((source[moved], target[moved], number[moved], stock[moved], words[moved]))

    def close(self) -> None:
        """End the note being written."""
        if self._parts:
            self.notes.append(Note(*(np.concatenate(part) for part in zip(*self._parts, strict=True))))
            self._parts = []

    def note(self, source: IntArray, target: IntArray, number: IntArray, stock: IntArray, word: IntArray | int) -> None:
        """Write a note of one part."""
        self.add(source, target, number, stock, word)
        self.close()

    def arrivals(self, state: State, slot: int) -> None:
        """People whose road ends today: they reach places and gates."""
        layout = self.open(state)
        row, place = state.inland[slot].nonzero()
        number = state.inland[slot, row, place]
        self.add(layout.road(slot, row, place), layout.place(row, place), number, number, WORD["arrives"])
        reason, row, gate = state.toward[slot].nonzero()
        number = state.toward[slot, reason, row, gate]
        self.add(layout.to_gate(slot, reason, row, gate), layout.queue(reason, row, gate), number, number, WORD["reaches crossing"])
        self.close()

    def passing(self, state: State, setting: Setting, passed: IntArray) -> None:
        """People who pass gates in the regular way; ``passed`` is (reasons, rows, gates)."""
        layout = self.open(state)
        reason, row, gate = passed.nonzero()
        stock = state.queue[reason, row, gate]
        self.note(layout.queue(reason, row, gate), layout.through(setting, row, gate), passed[reason, row, gate], stock, WORD["crosses"])

    def leaving(self, state: State) -> None:
        """Departures are about to be drawn: remember who is where."""
        self.open(state)
        self._people = state.people.reshape(-1).copy()

    def left(self, row: IntArray, place: IntArray, target: IntArray, number: IntArray, reason: IntArray) -> None:
        """Add departures to buckets, from those who were there at :meth:`leaving`."""
        assert self.layout is not None and self._people is not None
        source = self.layout.place(row, place)
        self.add(source, target, number, self._people[source], reason)

    def booked(self, state: State, place: int, before: IntArray, account: Account) -> None:
        """People at a place, (rows,) ``before``, of whom those who are missing now went into an account."""
        layout = self.open(state)
        row = np.arange(len(before))
        self.note(layout.place(row, place), layout.account(account.value, row), before - state.people[:, place], before, WORD[account.value])

    def changed(self, state: State, rows: slice, number: IntArray, target: IntArray | Account) -> None:
        """People (rows, places) of a block who change to the rows ``target`` (rows,), or are booked out."""
        layout = self.open(state)
        line, place = number.nonzero()
        row = line + rows.start
        source, moved, stock = layout.place(row, place), number[line, place], state.people[row, place]
        if isinstance(target, Account):
            self.note(source, layout.account(target.value, row), moved, stock, WORD[target.value])
        else:
            self.note(source, layout.place(target[line], place), moved, stock, WORD["status"])

    # -- read by whoever asked -----------------------------------------------------------------------

    def trips(self, setting: Setting, most: int | None = None) -> list[Trip]:
        """Today's trips from place to place, crossings among the places, most people first (the ``most`` largest).

        Departures lead from a place to a crossing or to a place of the country, those who came through
        a crossing on to their destination; who tries another crossing or turns back leaves the crossing.
        Beyond a crossing people go on together: their reasons are shared out as they came.
        """
        layout = self.layout
        notes = [note for note in self.notes if _MATTERS[note.word[0]]]  # the others, as arrivals, are none
        if layout is None or not notes:
            return []
        source, target, number, word = (np.concatenate([getattr(note, name) for note in notes]) for name in ("source", "target", "number", "word"))
        per_reason, first_queue = layout.rows * layout.gates, layout.firsts[3]
        travels = _TRAVELS[word].nonzero()[0]
        reason = word[travels]
        waited = (reason >= len(REASONS)).nonzero()[0]  # at a gate: the reason is that of their queue
        reason[waited] = (source[travels[waited]] - first_queue) // per_reason
        ends = _where(setting, layout, source[travels]) * layout.places + _where(setting, layout, target[travels])
        sums = np.zeros(layout.places * layout.places * len(REASONS), dtype=np.int64)
        np.add.at(sums, ends * len(REASONS) + reason, number[travels])
        onward = (word == WORD["goes on"]).nonzero()[0]
        if len(onward):
            crossed = _CROSSES[word].nonzero()[0]
            mix = np.zeros((per_reason, len(REASONS)))
            np.add.at(mix, (target[crossed] - layout.firsts[4], (source[crossed] - first_queue) // per_reason), number[crossed])
            gates = (source[onward] - layout.firsts[4]) * layout.places  # by where they stand, then by where they go
            beyond, inverse = np.unique(gates + target[onward] % layout.places, return_inverse=True)
            together = np.zeros(len(beyond), dtype=np.int64)
            np.add.at(together, inverse, number[onward])
            stand, goal = np.divmod(beyond, layout.places)
            line, reason, people = _shared_out(mix[stand], together)
            origin = setting.world.crossing_place[setting.gates.crossing[stand % layout.gates]]
            np.add.at(sums, ((origin * layout.places + goal) * len(REASONS))[line] + reason, people)
        found = (sums > 0).nonzero()[0]  # of booleans: several times faster than of numbers
        found = found[np.argsort(-sums[found], kind="stable")][:most]
        ends, reason = np.divmod(found, len(REASONS))
        names = [WORDS[r] for r in reason.tolist()]
        return list(map(Trip, (ends // layout.places).tolist(), (ends % layout.places).tolist(), sums[found].tolist(), names))


def _shared_out(mix: FloatArray, number: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Share out people over reasons in the proportions of ``mix`` (trips, reasons): trip, reason, people.

    By rounded running sums: every trip keeps its people to the last one.
    """
    share = mix.cumsum(axis=1)
    people = np.diff(np.rint(share / share[:, -1:] * number[:, None]).astype(np.int64), axis=1, prepend=0)
    trip, reason = people.nonzero()
    return trip, reason, people[trip, reason]


_TRAVELS = np.array([word in (*(reason.value for reason in REASONS), "tries another crossing", "turns back") for word in WORDS])
_CROSSES = np.array([word in ("crosses", "crosses irregularly") for word in WORDS])
_MATTERS = _TRAVELS | _CROSSES | np.array([word == "goes on" for word in WORDS])
_TRAVELS.flags.writeable = _CROSSES.flags.writeable = _MATTERS.flags.writeable = False


def _where(setting: Setting, layout: Layout, number: IntArray) -> IntArray:
    """Place of buckets at a place or on the road to one, the crossing's place of buckets at or before a gate."""
    firsts = layout.firsts
    before_gate = (number >= firsts[2]) & (number < firsts[5])
    crossing = setting.world.crossing_place[setting.gates.crossing[(number - firsts[2]) % layout.gates]] if layout.gates else number
    return np.asarray(np.where(before_gate, crossing, number % layout.places))
