"""A sweep from a list of rows to a folder of results, whatever happens on the way."""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from agents.errors import InputError
from experiments.study.claim import PARTS, SERIES, Claim, claim_folder, locked, writing
from experiments.study.executors import Executor, find_executor
from experiments.study.inputs import keep_inputs
from experiments.study.models import find_model
from experiments.study.parts import Parts
from experiments.study.parts import results as read_results
from experiments.study.site import Site
from experiments.study.task import OK, STOP, Chunk, Payload, Row
from experiments.study.work import Work

#: Seconds between two plain lines of progress where there is no terminal.
_PLAIN_EVERY = 30.0


@dataclass(frozen=True)
class Swept:
    """What a sweep left.

    Attributes
    ----------
    folder
        The study's folder; :func:`results` reads it.
    counts
        Runs of the plan by status, those of earlier sweeps included.
    planned
        Runs in the plan.
    reused
        Runs that were there already.
    interrupted
        Whether the user stopped it before the end.
    seconds
        How long it took.
    """

    folder: Path
    counts: Mapping[str, int]
    planned: int
    reused: int
    interrupted: bool
    seconds: float

    @property
    def missing(self) -> int:
        """Runs of the plan that have no row yet."""
        return self.planned - sum(self.counts.values())


def sweep(
    rows: Sequence[Row],
    base: Payload,
    folder: Path,
    *,
    executor: str = "processes",
    workers: int = 2,
    retry_failed: bool = False,
    force: bool = False,
    console: Console | None = None,
    site: Site | None = None,
    prepare: Callable[[], object] | None = None,
    finish: Callable[[Swept], object] | None = None,
    own_inputs: bool = True,
) -> Swept:
    """Run the rows of a plan that have no result in a folder yet.

    Parameters
    ----------
    rows
        Planned runs; their ``run_id`` says whether a result is there.
    base
        Everything that all runs share (its ``rows`` and ``control`` are filled in here).
    folder
        The study's folder; made when it does not exist, gone on with when it does.
    executor, workers
        Who runs them, and how many at a time.
    retry_failed
        Whether runs with another status than ``ok`` are run again.
    force
        Whether to add to a folder that was started with another config or code.
    console
        Where progress is shown; standard error by default.
    site
        Where the workers are, for executors that need it.
    prepare
        Called when the folder is ours, before the first run: writes what must be there if we are killed.
    finish
        Called with what there is now, while the folder is still ours: writes what is made of all runs.
    own_inputs
        Whether the folder gets a copy of the tables that the runs read.

    Raises
    ------
    InputError
        When the folder is in use, holds something else or cannot be written, or a name is not known. What
        was finished is kept.
    """
    start = time.perf_counter()
    find_model(base.model)
    run = find_executor(executor)
    if workers < 1:
        raise InputError(f"workers={workers}: must be at least 1")
    console = console or Console(stderr=True)
    with locked(folder):
        claim_folder(folder, Claim.of(base), force=force)
        base = keep_inputs(base, folder) if own_inputs else base
        if prepare is not None:
            prepare()
        store = _Store(folder, {row[0]: row for row in rows}, retry_failed, base.series, console)  # the same run twice is one run
        rows = ()  # the queue lets go of each row that is done
        work = Work(base, store.todo, 1 if executor == "serial" else workers, site or Site(folder.resolve()))
        interrupted = _run(work, store, run, console)
        swept = Swept(folder, +store.counts, store.planned, store.reused, interrupted, time.perf_counter() - start)
        store.status.clear()  # its memory is needed for what is made of all runs
        if finish is not None:
            finish(swept)
    _tell(swept, console, "submit its shards" if executor == "shards" and not interrupted else "")
    return swept


def _run(work: Work, store: _Store, executor: Executor, console: Console) -> bool:
    """Run what is to be run; return whether the user stopped it."""
    with _control(console) as (control, stopped):
        work = replace(work, base=replace(work.base, control=str(control)))
        with _showing(console, store.planned, store.reused) as show:
            if store.todo:
                executor(work, lambda chunk: show(*store.add(chunk)))
        return stopped()


class _Store:
    """What is there of a plan, and what is still to be run."""

    def __init__(self, folder: Path, planned: Mapping[str, Row], retry_failed: bool, keep_series: bool, console: Console) -> None:
        self.folder = folder
        with writing(folder):
            self.parts, self.series = Parts(folder / PARTS), Parts(folder / SERIES, daily=True)
            found, damaged = self.parts.scan()
            daily, damaged_series = self.series.scan()
        for path in damaged:
            _say(console, f"note: {path.name} is damaged and was set aside; its runs are run again")
        again = "its runs are run again" if keep_series else "give series=true to have its runs again"
        for path in damaged_series:
            _say(console, f"note: {SERIES}/{path.name} is damaged and was set aside; {again}")
        self.keep_series = keep_series
        if keep_series:  # a run without its series is not done
            bare = [run_id for run_id, now in found.items() if now == OK and run_id not in daily]
            for run_id in bare:
                del found[run_id]
        # All keys at once, and the plan's own strings: the memory of a long sweep stays what it was at the start.
        self.status = status = {row[0]: sys.intern(found.get(row[0], "")) for row in planned.values()}
        self.todo = deque(row for row in planned.values() if not status[row[0]] or (retry_failed and status[row[0]] != OK))
        self.planned = len(planned)
        self.reused = self.planned - len(self.todo)
        self.counts = Counter(now for now in status.values() if now)

    def add(self, chunk: Chunk) -> tuple[int, Mapping[str, int]]:
        """Write what a chunk gave; return how many runs it had, and the runs of the plan by status."""
        if chunk.table.num_rows:
            with writing(self.folder):
                if chunk.series is not None:  # first, so that a row of results has its series
                    self.series.write(chunk.series)
                self.parts.write(chunk.table)
        daily = set(pc.unique(chunk.series["run_id"]).to_pylist()) if chunk.series is not None else set[str]()
        for run_id, now in zip(chunk.table["run_id"].to_pylist(), chunk.table["status"].to_pylist(), strict=True):
            if self.keep_series and now == OK and run_id not in daily:
                continue  # from a shard that lost its series: it is still to be run
            if former := self.status[run_id]:  # a failed run that was tried again
                self.counts[former] -= 1
            self.status[run_id] = sys.intern(now)
            self.counts[now] += 1
        return chunk.table.num_rows, self.counts


def _say(console: Console, text: str) -> None:
    """Print a line as it is."""
    console.print(text, highlight=False, soft_wrap=True, markup=False)


def results(folder: Path) -> pa.Table:
    """Return what all runs in a folder gave, those of former plans too, sorted by run_id; the plan has the values of factors."""
    return read_results(folder / PARTS)


def _tell(swept: Swept, console: Console, do: str = "") -> None:
    """Say in one or two lines what there is now, and how to go on."""
    bad = [f"{count} {status}" for status, count in sorted(swept.counts.items()) if status != OK]
    text = f"{swept.counts.get(OK, 0)} of {swept.planned} runs finished" + (f", {', '.join(bad)}" if bad else "")
    text += f" ({swept.reused} were there already)" if swept.reused else ""
    _say(console, f"{text}, {swept.seconds:.1f} s, in {swept.folder}")
    if swept.missing:
        stopped = "stopped: " if swept.interrupted else ""
        _say(console, f"{stopped}{swept.missing} runs are left; {do or 'give the same command again to go on'}")
    elif bad:
        _say(console, "their errors are in the column error of the results; retry_failed=true runs them again")


@contextmanager
def _control(console: Console) -> Iterator[tuple[Path, Callable[[], bool]]]:
    """Give a folder to talk to workers through, and turn Ctrl-C and SIGTERM into a wish to stop.

    The first one lets runs under way finish; a second one ends everything at once.
    """
    with writing(Path(tempfile.gettempdir())):
        scratch = tempfile.TemporaryDirectory(prefix="marchland-")
    with scratch as name:
        stop = Path(name) / STOP

        def on_signal(number: int, frame: FrameType | None) -> None:
            if stop.exists():
                raise KeyboardInterrupt
            stop.touch()
            print("\nstopping when the runs under way are finished (Ctrl-C again: at once)", file=sys.stderr)

        former: dict[int, _Handler] = {}
        if threading.current_thread() is threading.main_thread():
            former = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield Path(name), stop.exists
        except KeyboardInterrupt:
            _say(console, "stopped at once; finished runs are kept: give the same command again to go on")
            raise
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)


_Handler: TypeAlias = Callable[[int, FrameType | None], object] | int | signal.Handlers | None
_Show: TypeAlias = Callable[[int, Mapping[str, int]], None]


@contextmanager
def _showing(console: Console, planned: int, reused: int) -> Iterator[_Show]:
    """Show a bar with rate and remaining time on a terminal, a plain line now and then elsewhere."""
    start, done = time.monotonic(), 0

    def note(counts: Mapping[str, int]) -> str:
        rate = done / max(time.monotonic() - start, 1e-9)
        left = (planned - reused - done) / rate if rate else 0.0
        bad = sum(count for status, count in counts.items() if status != OK)
        return f"{rate:.3g} runs/s, {_span(left)} left" + (f", {bad} without a result" if bad else "")

    if not console.is_terminal:
        more = f", {reused} are there already" if reused else ""
        _say(console, f"{planned} runs planned{more}")
        last = start

        def line(count: int, counts: Mapping[str, int]) -> None:
            nonlocal done, last
            done += count
            if time.monotonic() - last >= _PLAIN_EVERY:
                last = time.monotonic()
                _say(console, f"{reused + done} of {planned} runs, {note(counts)}")

        yield line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"), TextColumn("{task.fields[note]}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task: TaskID = bar.add_task("runs", total=planned, completed=reused, note="")

        def update(count: int, counts: Mapping[str, int]) -> None:
            nonlocal done
            done += count
            bar.update(task, completed=reused + done, note=note(counts))

        yield update


def _span(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 90.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 5400.0 else f"{seconds / 3600.0:.1f} h"
