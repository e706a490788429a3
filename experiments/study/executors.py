"""Who runs the chunks: this process, worker processes under a supervisor that outlives them, or a cluster.

An executor takes chunks from a queue, and hands what they give to ``deliver`` in the parent, which alone
writes. So every executor leaves the same results, and a new one needs only the loop.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from agents.errors import InputError, one_of
from experiments.study.task import STOP, Chunk, Payload, Row, crashed_rows, run_chunk
from experiments.study.work import Work

#: Set before a worker's interpreter starts: results must not depend on threads or on the order of sets.
ENVIRONMENT = MappingProxyType(
    {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
)
ATTEMPTS_ALONE = 2  # of a run whose worker was killed: somebody else may have killed it once more
_FAILED_STARTS = 5  # of workers that ended by themselves, in a row, before giving up
_KILLED_STARTS = 200  # of workers that somebody killed before they began: no sign of a broken start, but no progress
#: Signals that a program brings upon itself; any other one comes from somebody else.
_OWN_FAULT = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT, signal.SIGSYS)
PATIENCE = 20.0  # seconds for workers to hand over what they have when the user stops the sweep

Deliver: TypeAlias = Callable[[Chunk], None]


def serial(work: Work, deliver: Deliver) -> None:
    """Run everything in this process."""
    while (payload := work.take()) is not None:
        chunk = run_chunk(payload)
        work.forget(payload)
        work.learn(chunk)
        deliver(chunk)


def processes(work: Work, deliver: Deliver) -> None:
    """Run chunks in worker processes; a killed worker costs at most the run that it was at."""
    with environment(ENVIRONMENT):
        _Supervisor(work, deliver).run()


def dask(work: Work, deliver: Deliver) -> None:
    """Run chunks on Dask: workers of its own, or those of a running scheduler."""
    from experiments.study.dask_executor import dask  # late: an extra

    dask(work, deliver)


def slurm(work: Work, deliver: Deliver) -> None:
    """Run chunks on Dask workers that are jobs of SLURM."""
    from experiments.study.slurm import slurm  # late: an extra

    slurm(work, deliver)


def shards(work: Work, deliver: Deliver) -> None:
    """Take in what jobs of their own have left; see :mod:`experiments.study.shards`."""
    from experiments.study.shards import collect

    collect(work, deliver)


class _Supervisor:
    """Keeps a pool of workers busy, and builds it anew when one of them dies.

    When a pool breaks, the runs that were under way are suspects and run alone, one by one; everything else
    goes back to the queue. A suspect that breaks its pool again is the guilty one.
    """

    def __init__(self, work: Work, deliver: Deliver) -> None:
        self.work, self.deliver = work, deliver
        self.suspects: deque[tuple[Row, int]] = deque()
        self.pending: dict[Future[Chunk], tuple[Payload, float]] = {}
        self.failed_starts = self.killed_starts = 0
        self.pool = self._start()

    def _start(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")  # a fork would copy threads and locks of the parent
        return ProcessPoolExecutor(self.work.workers, mp_context=context, initializer=_begin_worker)

    def run(self) -> None:
        """Work until the queue is empty or the user stops."""
        try:
            while True:
                if self.suspects and not self.pending and not self.work.stopped:
                    self._run_suspect()
                    continue
                if not self.suspects:
                    self._fill()
                if not self.pending:
                    return
                self._collect()
        finally:
            self._end()

    def _submit(self, payload: Payload) -> Future[Chunk]:
        """Submit a chunk; workers that are started for it never hear a Ctrl-C, not even while they import."""
        with without_interrupts():
            return self.pool.submit(run_chunk, payload)

    def _fill(self) -> None:
        # One more than there are workers, so that none waits while the parent writes.
        while len(self.pending) <= self.work.workers and (payload := self.work.take()) is not None:
            try:
                future = self._submit(payload)
            except BrokenProcessPool:
                self.work.give_back(payload.rows)
                if not self.pending:
                    self._rebuild([])
                return
            self.pending[future] = (payload, time.monotonic())

    def _collect(self) -> None:
        done, _ = wait(self.pending, timeout=0.5, return_when=FIRST_COMPLETED)
        broken: list[Payload] = []
        for future in done:
            payload, _ = self.pending.pop(future)
            try:
                chunk = future.result()
            except BrokenProcessPool:
                broken.append(payload)
                continue
            self.work.forget(payload)
            self.work.learn(chunk)
            self.failed_starts = self.killed_starts = 0
            self.deliver(chunk)
        if broken:
            broken += [payload for payload, _ in self.pending.values()]
            self.pending.clear()
            self._rebuild(broken)
        elif not done:
            self._kill_the_overdue()

    def _kill_the_overdue(self) -> None:
        """Kill workers that an alarm cannot interrupt (they hang outside Python), or that do not stop."""
        limit = self.work.base.timeout
        now = time.monotonic()
        if self.work.stopped:
            stop = Path(self.work.base.control) / STOP
            overdue = time.time() - stop.stat().st_mtime > PATIENCE
        else:
            # A chunk may have waited for the one before it: twice its own time, and a start.
            late = [now - since - 2.0 * len(payload.rows) * limit for payload, since in self.pending.values()]
            overdue = limit > 0.0 and max(late, default=0.0) > 30.0 + limit
        if overdue:
            _kill(self.pool)

    def _rebuild(self, broken: Sequence[Payload]) -> None:
        """Start a new pool; runs that were under way are suspects, the others go back to the queue."""
        begun = False
        for payload in sorted(broken, key=lambda payload: payload.chunk, reverse=True):
            at = self.work.at(payload)
            rest = list(payload.rows)
            if at is not None:
                begun = True
                self.suspects.append((rest.pop(at), 0))
            self.work.give_back(rest)
            self.work.forget(payload)
        self._restart(begun)

    def _restart(self, begun: bool) -> None:
        """Start a new pool, unless workers end again and again before they begin."""
        by_itself = any(code >= 0 or -code in _OWN_FAULT for code in _kill(self.pool))
        self.failed_starts = 0 if begun else self.failed_starts + by_itself
        self.killed_starts = 0 if begun else self.killed_starts + 1
        if self.failed_starts >= _FAILED_STARTS:
            raise InputError(
                "executor=processes: worker processes do not start (see above for why); in a script of your own put the "
                "call under if __name__ == '__main__', or use executor=serial"
            )
        if self.killed_starts >= _KILLED_STARTS:
            raise InputError(
                f"executor=processes: {_KILLED_STARTS} times somebody killed the worker processes before they began (too little "
                "memory?); give fewer workers, and give the same command again"
            )
        self.pool = self._start()

    def _run_suspect(self) -> None:
        """Run one suspect with nobody beside it."""
        row, attempts = self.suspects.popleft()
        payload = self.work.chunk([row])
        try:
            future = self._submit(payload)
            self.pending[future] = (payload, time.monotonic())
            while not future.done():
                wait([future], timeout=0.5)
                self._kill_the_overdue()
            self.pending.clear()
            chunk = future.result()
        except BrokenProcessPool:
            self.pending.clear()
            begun = self.work.at(payload) is not None
            self._restart(begun)
            if self.work.stopped:
                return
            if attempts + begun < ATTEMPTS_ALONE:
                self.suspects.appendleft((row, attempts + begun))
                return
            chunk = crashed_rows([row], "the worker process died in this run, each time it was tried")
        self.work.forget(payload)
        self.deliver(chunk)

    def _end(self) -> None:
        if self.pending:
            _kill(self.pool)
        self.pool.shutdown(wait=True, cancel_futures=True)


def _kill(pool: ProcessPoolExecutor) -> list[int]:
    """End the processes of a pool at once, for which there is no public way, and return their exit codes."""
    workers = list((pool._processes or {}).values())
    for process in workers:
        process.kill()
    pool.shutdown(wait=True, cancel_futures=True)
    return [process.exitcode for process in workers if process.exitcode is not None]


def _begin_worker() -> None:
    """Make a worker end with its parent, however that ends."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        sentinel = parent.sentinel

        def watch() -> None:
            wait_for([sentinel])
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Let threads and processes that are started in the block never hear a Ctrl-C: it is ours to answer."""
    resource_tracker.ensure_running()  # its first start would let Ctrl-C through again
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for processes that are started in the block."""
    former = {key: os.environ.get(key) for key in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for key, value in former.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


Executor: TypeAlias = Callable[[Work, Deliver], None]
EXECUTORS: Mapping[str, Executor] = MappingProxyType(
    {"serial": serial, "processes": processes, "dask": dask, "slurm": slurm, "shards": shards}
)


def find_executor(name: str) -> Executor:
    """Return an executor by name.

    Raises
    ------
    InputError
        When there is none of this name, or its extra is not installed.
    """
    if name not in EXECUTORS:
        raise InputError(f"executor={name}: not known; known: {one_of(tuple(EXECUTORS))}")
    if name in ("dask", "slurm"):
        from experiments.study.versions import need_dask

        need_dask(f"executor={name}")
    return EXECUTORS[name]


def cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
