"""Running: a course plays day after day in a thread of its own, at a speed that its browser can follow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: Windows that run by themselves take turns, so that a click in another one is soon answered.
_TURN = threading.Lock()
#: Seconds after which a running window looks again whether its courses are free.
_BUSY = 0.005
#: Seconds to wait at most until the browser says that it has drawn a day.
_PATIENCE = 1.0


class Running:
    """Days that are played one after the other.

    Parameters
    ----------
    lock
        Guards the courses.
    speed
        Gives the days a second at most.
    changed
        Called after each day.
    """

    def __init__(self, lock: threading.RLock, speed: Callable[[], float], changed: Callable[[], None]) -> None:
        self._lock = lock
        self._speed = speed
        self._changed = changed
        self._stop = threading.Event()
        self._shown = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def on(self) -> bool:
        """Whether days are being played."""
        return self._thread is not None and self._thread.is_alive() and not self._stop.is_set()

    def start(self, day: Callable[[], bool]) -> None:
        """Begin to play days; ``day`` plays one and says whether another one is wanted."""
        self._stop = threading.Event()
        self._shown.set()
        self._thread = threading.Thread(target=self._run, args=(day, self._stop), daemon=True)
        self._thread.start()

    def halt(self) -> None:
        """Begin no day any more; the one that is being played is finished."""
        self._stop.set()

    def shown(self) -> None:
        """The browser has drawn the latest day."""
        self._shown.set()

    def _run(self, day: Callable[[], bool], stop: threading.Event) -> None:
        due = time.perf_counter()
        while not stop.is_set():
            self._shown.wait(_PATIENCE)  # a slow browser is never flooded
            with _TURN:
                played = self._turn(day, stop)
            if not played:
                stop.wait(_BUSY)
                continue
            due = max(due + 1.0 / self._speed(), time.perf_counter())
            stop.wait(max(due - time.perf_counter(), 0.0))

    def _turn(self, day: Callable[[], bool], stop: threading.Event) -> bool:
        """Play a day, unless something else is being done with the courses: the other windows do not wait for that."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if stop.is_set():  # asked inside: whoever stopped it has the courses to himself
                return True
            self._shown.clear()
            if not day():
                stop.set()
        finally:
            self._lock.release()
        self._changed()
        return True
