"""A run that takes too long ends, in whatever thread it is."""

from __future__ import annotations

import ctypes
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class RunTimeout(BaseException):
    """A run takes too long; no ``Exception``, so that a policy's ``except Exception`` cannot swallow it."""


@contextmanager
def deadline(seconds: float) -> Iterator[Callable[[], None]]:
    """Raise ``RunTimeout`` in the block when time is up, also in a policy that never returns.

    In a main thread by an alarm; in other threads (Dask runs tasks in those) by a second thread that raises it
    in the first one, between two steps of Python.
    """
    end = time.monotonic() + seconds

    def check() -> None:
        if seconds > 0.0 and time.monotonic() > end:
            raise RunTimeout

    def ring(number: int, frame: FrameType | None) -> None:
        raise RunTimeout

    if seconds <= 0.0:
        yield check
        return
    if threading.current_thread() is not threading.main_thread():
        with _raised_from_outside(seconds):
            yield check
        return
    former = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield check
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, former)


@contextmanager
def _raised_from_outside(seconds: float) -> Iterator[None]:
    """Let a second thread raise ``RunTimeout`` in this one when time is up."""
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    this, lock, over = ctypes.c_ulong(threading.get_ident()), threading.Lock(), threading.Event()

    def ring() -> None:
        with lock:
            if not over.is_set():
                raise_in(this, ctypes.py_object(RunTimeout))

    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            over.set()
        raise_in(this, None)  # one that was sent, but has not arrived
        timer.cancel()
