"""Buckets: the cells of all tables of people as one row of numbers, so that a move leads from one to another.

People at a place, on the road inside a country, on the road to a gate, waiting at a gate, booked out. Those who
have just come through a gate stand *through* it for a moment: from there, people of one home region go on
together, whatever brought them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.vocabulary import ACCOUNTS, REASONS
from sim.accounts import ACCOUNT_INDEX
from sim.state import State

if TYPE_CHECKING:
    from sim.setting import Setting

IntArray = NDArray[np.int64]


class Kind(StrEnum):
    """Kinds of buckets."""

    PLACE = "place"
    ROAD = "road"  #: inside a country
    TO_GATE = "to gate"
    QUEUE = "queue"
    THROUGH = "through"  #: just through a gate: empty on every evening
    ACCOUNT = "account"


class Bucket(NamedTuple):
    """A bucket in the indices of the state; what does not apply is -1. ``slot`` is the arrival day modulo the ring."""

    kind: Kind
    row: int
    place: int = -1
    gate: int = -1
    slot: int = -1
    reason: int = -1
    account: int = -1


class Layout(NamedTuple):
    """Numbers of all buckets, end to end, from the shapes of the tables."""

    rows: int
    places: int
    gates: int
    ring: int

    @classmethod
    def of(cls, state: State) -> Layout:
        """Return the layout of a state."""
        rows, places = state.people.shape
        return cls(rows, places, state.queue.shape[2], state.inland.shape[0])

    @property
    def firsts(self) -> tuple[int, ...]:
        """First number of every kind of bucket, and the number of all, in the order of :class:`Kind`."""
        people, wait = self.rows * self.places, self.rows * self.gates
        sizes = (people, self.ring * people, self.ring * len(REASONS) * wait, len(REASONS) * wait, wait, len(ACCOUNTS) * self.rows)
        firsts = [0]
        for size in sizes:
            firsts.append(firsts[-1] + size)
        return tuple(firsts)

    def place(self, row: IntArray, place: IntArray | int) -> IntArray:
        """People at places."""
        return row * self.places + place

    def road(self, slot: IntArray | int, row: IntArray, place: IntArray) -> IntArray:
        """People on the road inside a country."""
        return self.firsts[1] + (slot * self.rows + row) * self.places + place

    def to_gate(self, slot: IntArray | int, reason: IntArray, row: IntArray, gate: IntArray | int) -> IntArray:
        """People on the road to a gate."""
        return self.firsts[2] + ((slot * len(REASONS) + reason) * self.rows + row) * self.gates + gate

    def queue(self, reason: IntArray, row: IntArray, gate: IntArray | int) -> IntArray:
        """People waiting at a gate."""
        return self.firsts[3] + (reason * self.rows + row) * self.gates + gate

    def through(self, setting: Setting, row: IntArray, gate: IntArray | int) -> IntArray:
        """People just through a gate; on the way home those of one home region stand together."""
        together = np.where(setting.leads_home[row, gate], setting.first_of_home[row], row)
        return np.asarray(self.firsts[4] + together * self.gates + gate)

    def account(self, account: str, row: IntArray) -> IntArray:
        """People booked out."""
        return self.firsts[5] + ACCOUNT_INDEX[account] * self.rows + row

    def counts(self, state: State) -> IntArray:
        """People in every bucket of an evening."""
        through = np.zeros(self.rows * self.gates, dtype=np.int64)
        parts = (state.people, state.inland, state.toward, state.queue, through, state.accounts)
        return np.concatenate([part.reshape(-1) for part in parts])

    def bucket(self, number: int) -> Bucket:
        """Return the bucket with a number."""
        firsts = self.firsts
        k = next(k for k in range(len(firsts) - 1) if number < firsts[k + 1])
        kind, rest = tuple(Kind)[k], int(number) - firsts[k]
        if kind is Kind.ACCOUNT:
            return Bucket(kind, rest % self.rows, account=rest // self.rows)
        if kind in (Kind.PLACE, Kind.ROAD):
            rest, place = divmod(rest, self.places)
            slot, row = divmod(rest, self.rows)
            return Bucket(kind, row, place=place, slot=slot if kind is Kind.ROAD else -1)
        rest, gate = divmod(rest, self.gates)
        rest, row = divmod(rest, self.rows)
        slot, reason = divmod(rest, len(REASONS))
        if kind is Kind.THROUGH:
            return Bucket(kind, row, gate=gate)
        return Bucket(kind, row, gate=gate, slot=slot if kind is Kind.TO_GATE else -1, reason=reason)
