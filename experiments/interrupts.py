"""Ctrl-C while things start: remembered, since libraries that are being imported may lose it or turn it into another error."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """A handler of Ctrl-C that raises ``KeyboardInterrupt``, as Python's own does, and remembers that it did."""

    def __init__(self) -> None:
        self.seen = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Do what Python's handler does."""
        self.seen = True
        raise KeyboardInterrupt


@contextmanager
def remembered() -> Iterator[Interrupts]:
    """Remember Ctrl-C while the block lasts; where somebody else handles it, or it is ignored, nothing changes."""
    found = Interrupts()
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield found
        return
    signal.signal(signal.SIGINT, found)
    try:
        yield found
    finally:
        if signal.getsignal(signal.SIGINT) is found:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def again() -> None:
    """Raise ``KeyboardInterrupt`` when there was a Ctrl-C that something lost."""
    handler = signal.getsignal(signal.SIGINT)
    if isinstance(handler, Interrupts) and handler.seen:
        raise KeyboardInterrupt
