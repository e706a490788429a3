"""The queue of a sweep, cut into chunks by time."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from experiments.study.site import Site
from experiments.study.task import STOP, Chunk, Payload, Row

TARGET_SECONDS = 4.0  # of a chunk
SHORTEST_SECONDS = 0.2  # of a chunk at the end, where the rest is shared out finely
GROWTH = 8  # at most, from one chunk to the next
LARGEST = 2_000  # rows of a chunk: what a worker holds, and the parent takes in at once
CHUNKS_A_WORKER = 4  # at least


@dataclass
class Work:
    """The queue of a sweep: takes chunks off it that grow until they last a few seconds.

    Parameters
    ----------
    base
        Payload without rows; its ``control`` folder exists.
    rows
        What is to be run, in order.
    workers
        How many share it.
    site
        Where they are.
    """

    base: Payload
    rows: deque[Row]
    workers: int = 1
    site: Site = field(default_factory=Site)
    chunks: int = 0
    _size: int = 1
    _seconds_a_row: float = 0.0
    _total: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._total = len(self.rows)

    def give_back(self, rows: Sequence[Row]) -> None:
        """Put rows that were taken and not run back at the head of the queue."""
        self.rows.extendleft(reversed(rows))

    def take(self) -> Payload | None:
        """Return the next chunk, or nothing when there is no more or the user wants to stop."""
        if not self.rows or self.stopped:
            return None
        cap = math.ceil(self._total / (CHUNKS_A_WORKER * self.workers))
        # The rest is shared out ever more finely, so that the workers end together.
        rest = max(math.ceil(len(self.rows) / (2 * self.workers)), self._rows_in(SHORTEST_SECONDS))
        size = max(1, min(self._size, cap, rest, LARGEST, len(self.rows)))
        return self.chunk([self.rows.popleft() for _ in range(size)])

    def chunk(self, rows: Sequence[Row]) -> Payload:
        """Return a payload for some rows, with a number of its own."""
        self.chunks += 1
        return replace(self.base, rows=tuple(rows), chunk=self.chunks)

    def learn(self, chunk: Chunk) -> None:
        """Note how long a chunk took, for the size of the next ones."""
        count = chunk.table.num_rows
        if not count:
            return
        now = max(chunk.seconds, 1e-6) / count
        self._seconds_a_row = (self._seconds_a_row + now) / 2.0 if self._seconds_a_row else now
        self._size = max(1, min(self._rows_in(TARGET_SECONDS), GROWTH * max(count, self._size)))

    def _rows_in(self, seconds: float) -> int:
        return int(seconds / self._seconds_a_row) if self._seconds_a_row else 1

    @property
    def stopped(self) -> bool:
        """Whether the user asked to stop."""
        return bool(self.base.control) and (Path(self.base.control) / STOP).exists()

    def at(self, payload: Payload) -> int | None:
        """Return the index of the row that a chunk was at, or nothing when no worker had begun it."""
        try:
            note = (Path(self.base.control) / str(payload.chunk)).read_bytes()
        except FileNotFoundError:
            return None
        return min(int.from_bytes(note, "little"), len(payload.rows) - 1) if len(note) == 8 else None

    def forget(self, payload: Payload) -> None:
        """Remove the note of a chunk that is done with."""
        (Path(self.base.control) / str(payload.chunk)).unlink(missing_ok=True)
