"""Which windows are open: each has a kernel of its own, and what belongs to it goes when it is closed.

Solara tells when a kernel starts and closes. A page that is closed says so; one whose browser has crashed is noticed by
its connection, and closed after :data:`experiments.app.application.WAIT`.
"""

from __future__ import annotations

import gc
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

#: Seconds after the closing of a window until its memory is asked back: Solara takes the page down meanwhile.
SETTLE = 0.5
#: Kernels that are no window: Solara runs the page's module in one.
_NO_WINDOW = "dummy"


@dataclass
class Windows:
    """Register of the open windows of one server.

    Parameters
    ----------
    verbose
        Whether to say when a window is opened or closed.
    stream
        Where to; the standard error of the moment when None.
    """

    verbose: bool = False
    stream: TextIO | None = None
    _open: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    @property
    def count(self) -> int:
        """How many windows are open."""
        return len(self._open)

    def opened(self, window: str) -> None:
        """Note that a window was opened."""
        with self._lock:
            self._open.add(window)
            count = len(self._open)
        self._say(f"window opened ({count} open)")

    def closed(self, window: str) -> None:
        """Note that a window was closed, and ask its memory back a moment later."""
        with self._lock:
            self._open.discard(window)
        self._closed.put(window)

    def sweep(self) -> None:
        """Ask the memory of closed windows back, from now on, in a thread of its own.

        To be called while no window is open: Solara ties a thread to the window in which it was started, which it would
        keep in memory.
        """
        threading.Thread(target=self._sweep, name="marchland-windows", daemon=True).start()

    def watch(self) -> Callable[[], Callable[[], None] | None]:
        """Return what Solara calls, inside its context, when a kernel starts; it returns what to call at its close."""

        def start() -> Callable[[], None] | None:
            from solara.server.kernel_context import get_current_context

            window = get_current_context().id
            if window == _NO_WINDOW:
                return None
            self.opened(window)
            return lambda: self.closed(window)

        return start

    def _sweep(self) -> None:
        while self._closed.get():
            time.sleep(SETTLE)
            gc.collect()  # a page and its model hold each other: without this they stay until Python happens to look
            if self.verbose:
                models = models_in_memory()
                self._say(f"window closed ({self.count} open, {models} model{'' if models == 1 else 's'} in memory)")

    def _say(self, text: str) -> None:
        if self.verbose:
            print(text, file=self.stream or sys.stderr, flush=True)


def models_in_memory() -> int:
    """Return how many models this process holds: looked for among all objects, so nobody has to report any."""
    module = sys.modules.get("sim.model")
    if module is None:
        return 0
    model = module.MarchlandModel
    return sum(1 for thing in gc.get_objects() if isinstance(type(thing), type) and issubclass(type(thing), model))
