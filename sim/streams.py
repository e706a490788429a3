"""Keyed random streams: every draw has an address, so two runs meet the same luck.

A stream is named by (seed, replicate, mechanism, actor) and a day. Philox is a counter-based
generator: the name becomes its key, the day a word of its counter, so any day's stream can be
reached directly and no draw of one mechanism or actor moves another's.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class Streams:
    """The random streams of one run.

    Parameters
    ----------
    seed, replicate
        Non-negative integers; together they name the run's luck.
    salt
        A further word of the name, for luck that is not the run's own (a government that looks ahead must
        not foresee the luck of the run).
    """

    def __init__(self, seed: int, replicate: int = 0, salt: str = "") -> None:
        self.seed = int(seed)
        self.replicate = int(replicate)
        self.salt = salt
        self._keys: dict[tuple[str, str], tuple[int, int]] = {}
        self._philox = np.random.Philox(key=0)
        self._generator = np.random.Generator(self._philox)
        # Writing into one prepared state mapping and handing it back re-keys in about 0.5 us, where a new
        # Generator takes about 9 us (measured in benchmarks/streams.py). Philox reads the words one by one:
        # whole numbers in lists are read several times faster than elements of arrays.
        self._counter = [0, 0, 0, 0]
        self._words: dict[str, list[int] | tuple[int, int]] = {"counter": self._counter, "key": (0, 0)}
        self._template = {
            **self._philox.state, "state": self._words, "buffer": [0, 0, 0, 0], "buffer_pos": 4, "has_uint32": 0, "uinteger": 0,
        }

    def generator(self, mechanism: str, actor: str, day: int) -> np.random.Generator:
        """Return the generator at the start of the stream (mechanism, actor, day).

        There is one generator object: it is valid until the next call.
        """
        key = self._keys.get((mechanism, actor))
        if key is None:
            key = self._keys[(mechanism, actor)] = self._hash(mechanism, actor)
        self._words["key"] = key
        self._counter[3] = int(day)
        self._philox.state = self._template  # type: ignore[assignment]  # any sequence of words will do
        return self._generator

    def uniforms(self, mechanism: str, actor: str, day: int, shape: int | tuple[int, ...]) -> FloatArray:
        """Return uniforms in [0, 1) from the stream, always the same for the same address and shape."""
        return self.generator(mechanism, actor, day).random(shape)

    def _hash(self, mechanism: str, actor: str) -> tuple[int, int]:
        text = f"marchland|{self.seed}|{self.replicate}|{mechanism}|{actor}" + (f"|{self.salt}" if self.salt else "")
        digest = hashlib.blake2b(text.encode("utf-8"), digest_size=16).digest()
        return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")
