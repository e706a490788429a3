"""What a keyed stream costs: re-keying one Philox state against making a new generator.

python benchmarks/streams.py
"""

from __future__ import annotations

import timeit

import numpy as np

from sim.streams import Streams


def main() -> None:
    """Print microseconds for each way."""
    streams = Streams(1)
    number = 20_000
    rekey = timeit.timeit(lambda: streams.generator("attacks", "ttp", 7), number=number) / number
    fresh = timeit.timeit(lambda: np.random.Generator(np.random.Philox(key=7)), number=number) / number
    print(f"re-key {1e6 * rekey:.2f} us, new generator {1e6 * fresh:.2f} us, ratio {fresh / rekey:.1f}")


if __name__ == "__main__":
    main()
