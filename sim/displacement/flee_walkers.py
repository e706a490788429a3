"""Travellers of the rule ``flee``, counted: a table of distinct states and how many people are in each.

Two people in the same state face the same odds, so a number for each state is all there is to know. The
state is what decides a traveller's next step: where he is, how far along a link, the rest of a planned
route, whether he is still on his first link, and how far he came lately. ``row`` is a label (home, status)
that is carried along and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Lines of :attr:`Walkers.state`.
ROW, WHERE, METRES, PLAN, FIRST, MEMORY, MOVED, USED = range(8)
#: Keys of more than this many values would overflow.
_WIDEST = 2**62


@dataclass
class Walkers:
    """Counts of travellers by state.

    Parameters
    ----------
    state
        Integer array (8, states). Lines: ``row`` (label); ``where`` (a place p as p, a directed link l as
        ``~l``); ``metres`` on the link; ``plan`` (rest of the route, 0 for none); ``first`` (1 until a
        first link has been walked to its end); ``memory`` (recent travel, in quanta); and what is used
        within a day only: ``moved`` (metres today) and ``used`` (thousandths of the day).
    count
        (states,) people.
    """

    state: IntArray
    count: IntArray

    @classmethod
    def empty(cls) -> Walkers:
        """Nobody."""
        return cls(np.zeros((8, 0), dtype=np.int64), np.zeros(0, dtype=np.int64))

    @classmethod
    def set_out(cls, row: IntArray, place: IntArray, count: IntArray) -> Walkers:
        """People who have not moved yet: ``count`` of label ``row`` at each ``place``."""
        some = np.asarray(count) > 0
        state = np.zeros((8, int(some.sum())), dtype=np.int64)
        state[ROW], state[WHERE], state[FIRST] = np.asarray(row)[some], np.asarray(place)[some], 1
        return cls(state, np.asarray(count, dtype=np.int64)[some])

    @property
    def row(self) -> IntArray:
        """(states,) labels."""
        labels: IntArray = self.state[ROW]
        return labels

    @property
    def place(self) -> IntArray:
        """(states,) place, -1 on the way."""
        where = self.state[WHERE]
        return np.where(where >= 0, where, -1)

    @property
    def link(self) -> IntArray:
        """(states,) directed link, -1 at a place."""
        where = self.state[WHERE]
        return np.where(where < 0, ~where, -1)

    def copy(self) -> Walkers:
        """Return a copy that shares nothing."""
        return Walkers(self.state.copy(), self.count.copy())

    def total(self) -> int:
        """Number of people."""
        return int(self.count.sum())

    def at_places(self, n_rows: int, n_places: int) -> IntArray:
        """People at places, (rows, places); those on the way are not among them."""
        here = self.state[WHERE] >= 0
        table = np.zeros((n_rows, n_places), dtype=np.int64)
        np.add.at(table, (self.state[ROW, here], self.state[WHERE, here]), self.count[here])
        return table

    def on_links(self, n_rows: int, n_links: int) -> IntArray:
        """People on the way, (rows, directed links)."""
        away = self.state[WHERE] < 0
        table = np.zeros((n_rows, n_links), dtype=np.int64)
        np.add.at(table, (self.state[ROW, away], ~self.state[WHERE, away]), self.count[away])
        return table

    def part(self, which: BoolArray | IntArray) -> Walkers:
        """Some of the states, by mask or index."""
        return Walkers(self.state[:, which], self.count[which])

    def merged(self) -> Walkers:
        """Each state once, in an order that depends on the states alone; without those of nobody."""
        some = self.count > 0
        state, count = (self.state, self.count) if some.all() else (self.state[:, some], self.count[some])
        if count.size == 0:
            return Walkers(state, count)
        key = _keys(state)
        order = np.argsort(key, kind="stable")
        ordered = key[order]
        starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        return Walkers(state[:, order[starts]], np.add.reduceat(count[order], starts))


def together(*parts: Walkers) -> Walkers:
    """All of them in one table (see :meth:`Walkers.merged`)."""
    return Walkers(np.concatenate([p.state for p in parts], axis=1), np.concatenate([p.count for p in parts]))


def _keys(state: IntArray) -> IntArray:
    """One number for each state, equal for equal states."""
    key = np.zeros(state.shape[1], dtype=np.int64)
    span = 1
    for line in state:
        low = int(line.min())
        width = int(line.max()) - low + 1
        if width == 1:
            continue
        if span * width >= _WIDEST:
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
            span = int(key.max()) + 1
        key = key * width + (line - low)
        span *= width
    return key
