"""Chunks on Dask: worker processes on this computer, or those of a running scheduler.

A worker that dies costs at most its chunk: on this computer its note says which run it was at, and only that
one is a suspect; far away every run of the chunk is. Suspects run alone, one at a time.
"""

from __future__ import annotations

import logging
import queue
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agents.errors import InputError
from experiments.study.executors import ATTEMPTS_ALONE, ENVIRONMENT, PATIENCE, Deliver, environment, without_interrupts
from experiments.study.task import Chunk, Payload, Row, crashed_rows, run_chunk
from experiments.study.versions import Version, version_of
from experiments.study.work import Work

if TYPE_CHECKING:
    from distributed import Client, Future

ANSWER_SECONDS = 10.0  # for the address of a scheduler to answer
WORKERS_SECONDS = 30.0  # for a running scheduler to have a worker
ALONE_SECONDS = 300.0  # without any worker, in the middle of a sweep, before giving up
GATHER_SECONDS = 120.0  # for the result of a chunk to arrive
_STRIKES = 50  # losses in a row without any result before giving up
GO_ON = "finished runs are kept: give the same command again to go on"


def run_checked(payload: Payload, ours: Version) -> Chunk:
    """Run a chunk in a worker, unless the worker would give other results.

    Raises
    ------
    InputError
        When the worker has another version: one that joined after the sweep had begun.
    """
    if reason := version_of(payload.trusted, payload.folder).differs(ours, payload.folder):
        raise InputError(f"executor=dask: a worker {reason}; {GO_ON}")
    return run_chunk(payload)


def dask(work: Work, deliver: Deliver) -> None:
    """Run chunks on workers of our own, or on those of ``scheduler=tcp://HOST:PORT``."""
    with _connected(work.site.scheduler) if work.site.scheduler else _local(work.workers) as client:
        Crew(work, deliver, client, at_home=not work.site.scheduler).run()


@contextmanager
def _local(workers: int) -> Iterator[Client]:
    """Give workers on this computer: a process and a thread each."""
    import dask
    from distributed import Client, LocalCluster

    settings = {"distributed.scheduler.allowed-failures": 0, "distributed.worker.memory.terminate": False}
    with environment(ENVIRONMENT), dask.config.set(settings):
        with without_interrupts():
            cluster = LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None,
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"}, silence_logs=logging.CRITICAL, memory_limit=0,
            )  # fmt: skip
            client = Client(cluster, set_as_default=False)  # type: ignore[no-untyped-call]
        try:
            yield client
        finally:
            close(client, cluster.close)


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    """Give the workers of a running scheduler."""
    from distributed import Client

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        with without_interrupts():
            client = Client(address, timeout=ANSWER_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"scheduler={address}: does not answer ({reason}); start one with dask scheduler and give the address it prints") from None
    try:
        try:
            client.wait_for_workers(1, timeout=WORKERS_SECONDS)
        except TimeoutError:
            raise InputError(f"scheduler={address}: has no workers; start some with dask worker {address} --nthreads 1") from None
        yield client
    finally:
        close(client)


def close(client: Client, *more: Callable[[], object]) -> None:
    """Close a client and what belongs to it, whatever state it is in."""
    for end in (client.close, *more):
        with suppress(Exception):
            end()


@dataclass(frozen=True)
class _Sent:
    """A chunk that is under way, since when, and how often its run was lost when it is a suspect alone."""

    payload: Payload
    since: float
    attempts: int | None = None

    @property
    def alone(self) -> bool:
        return self.attempts is not None


class Crew:
    """Keeps the workers of a client busy, and accounts for every run when some of them die.

    Parameters
    ----------
    work, deliver
        The queue, and who takes what comes of it.
    client
        Connected, with or without workers.
    at_home
        Whether workers are on this computer, and can use the folder in which they note what they are at.
    upkeep
        Called every half minute; keeps up the number of workers.
    patient
        Whether to wait for workers for ever: jobs may queue for days.
    """

    def __init__(
        self, work: Work, deliver: Deliver, client: Client, *, at_home: bool, upkeep: Callable[[], object] | None = None,
        patient: bool = False,
    ) -> None:  # fmt: skip
        self.work, self.deliver, self.client, self.at_home = work, deliver, client, at_home
        self.upkeep, self.patient = upkeep, patient
        self.ours = version_of(work.base.trusted, work.base.folder)
        self.suspects: deque[tuple[Row, int]] = deque()
        self.pending: dict[Future[Chunk], _Sent] = {}
        self.done: queue.SimpleQueue[Future[Chunk]] = queue.SimpleQueue()
        self.strikes = 0
        self.seen = self.looked = self.kept_up = time.monotonic()
        self.capacity = work.workers
        self._refuse_other_versions()

    def _refuse_other_versions(self) -> None:
        answers = self.client.run(version_of, self.work.base.trusted, self.work.base.folder, on_error="return")
        for address, answer in answers.items():
            if not isinstance(answer, Version):
                reason = f"cannot run Marchland ({' '.join(str(answer).split())[:80]}); install the same Marchland there and start it again"
            else:
                reason = answer.differs(self.ours, self.work.base.folder)
            if reason:
                raise InputError(f"executor=dask: the worker {address} {reason}")

    def run(self) -> None:
        """Work until the queue is empty or the user stops."""
        try:
            while not self.work.stopped:
                self._look()
                if self.suspects and not self.pending:
                    row, attempts = self.suspects.popleft()
                    self._submit(self.work.chunk([row]), attempts)
                elif not self.suspects and not any(sent.alone for sent in self.pending.values()):
                    self._fill()
                if not self.pending:
                    return
                self._collect(0.5)
            end = time.monotonic() + PATIENCE
            while self.pending and time.monotonic() < end:
                self._collect(0.2)
        finally:
            with suppress(Exception):
                self.client.cancel(list(self.pending), force=True)  # type: ignore[no-untyped-call]

    def _look(self) -> None:
        """Look after the cluster now and then: is it there, how many are we."""
        now = time.monotonic()
        if now - self.looked < 1.0:
            return
        self.looked = now
        if self.client.status != "running":
            raise InputError(f"executor=dask: the scheduler was lost; {GO_ON}")
        threads = sum(self.client.nthreads().values())  # type: ignore[no-untyped-call]
        if threads:
            self.seen, self.capacity = now, threads
            self.work.workers = threads
        elif not self.patient and now - self.seen > ALONE_SECONDS:
            raise InputError(f"executor=dask: no worker for {ALONE_SECONDS:.0f} s; start some; {GO_ON}")
        if self.upkeep is not None and now - self.kept_up > 30.0:
            self.kept_up = now
            self.upkeep()
        self._drop_the_overdue()

    def _fill(self) -> None:
        # One more than there are workers, so that none waits while we write.
        while len(self.pending) <= self.capacity and (payload := self.work.take()) is not None:
            self._submit(payload)

    def _submit(self, payload: Payload, attempts: int | None = None) -> None:
        sent = payload if self.at_home else replace(payload, control="")
        future = self.client.submit(run_checked, sent, self.ours, pure=False, retries=0)
        self.pending[future] = _Sent(payload, time.monotonic(), attempts)
        future.add_done_callback(self.done.put)  # type: ignore[no-untyped-call]

    def _collect(self, seconds: float) -> None:
        """Take in one chunk that is done with, if there is one within some seconds."""
        from distributed import CancelledError, KilledWorker

        try:
            future = self.done.get(timeout=seconds)
        except queue.Empty:
            return
        if future not in self.pending:  # dropped meanwhile
            return
        sent = self.pending.pop(future)
        payload, attempts = sent.payload, sent.attempts
        try:
            chunk: Chunk = future.result(timeout=GATHER_SECONDS)
        except KilledWorker:
            self._lost(payload, attempts)
            return
        except (CancelledError, TimeoutError, OSError):  # a result was lost on its way, or the scheduler
            self._strike()
            self._again(payload, attempts)
            return
        except ImportError as error:
            raise InputError(f"executor=dask: a worker cannot run Marchland ({error}); install the same there; {GO_ON}") from None
        self.strikes = 0
        self.work.forget(payload)
        if attempts is None:
            self.work.learn(chunk)
        self.deliver(chunk)

    def _again(self, payload: Payload, attempts: int | None) -> None:
        """Put runs back that nothing can be said against."""
        self.work.forget(payload)
        if attempts is None:
            self.work.give_back(payload.rows)
        else:
            self.suspects.appendleft((payload.rows[0], attempts))

    def _lost(self, payload: Payload, attempts: int | None) -> None:
        """Find out which runs of a chunk may have killed its worker."""
        at = self.work.at(payload) if self.at_home else None
        if self.at_home and at is None:  # it only waited for a worker that died
            self._strike()
            self._again(payload, attempts)
            return
        self.strikes = 0
        self.work.forget(payload)
        if attempts is not None:
            row = payload.rows[0]
            if attempts + 1 < ATTEMPTS_ALONE:
                self.suspects.appendleft((row, attempts + 1))
            else:
                self.deliver(crashed_rows([row], "the worker process died in this run, each time it was tried"))
            return
        rest = list(payload.rows)
        guilty = rest if at is None else [rest.pop(at)]
        self.suspects.extend((row, 0) for row in guilty)
        if at is not None:
            self.work.give_back(rest)

    def _strike(self) -> None:
        self.strikes += 1
        if self.client.status != "running":
            raise InputError(f"executor=dask: the scheduler was lost; {GO_ON}")
        if self.strikes >= _STRIKES:
            raise InputError(f"executor=dask: workers were lost {_STRIKES} times in a row before they gave a result; {GO_ON}")

    def _drop_the_overdue(self) -> None:
        """Start workers anew that hang where no deadline reaches them, outside Python; their runs are suspects."""
        limit = self.work.base.timeout
        if limit <= 0.0 or self.work.stopped:
            return
        now = time.monotonic()
        late = [
            future for future, sent in self.pending.items()
            if now - sent.since > 30.0 + limit + 2.0 * len(sent.payload.rows) * limit
        ]  # fmt: skip
        if not late:
            return
        running = self.client.processing()  # type: ignore[no-untyped-call]
        where = {key: address for address, keys in running.items() for key in keys}
        for future in late:
            sent = self.pending.pop(future)
            with suppress(Exception):
                self.client.cancel([future], force=True)  # type: ignore[no-untyped-call]
            if future.key in where:
                with suppress(Exception):
                    self.client.restart_workers([where[future.key]], timeout=30, raise_for_error=False)
            self._lost(sent.payload, sent.attempts)
