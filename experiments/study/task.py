"""One chunk of a sweep: its rows run one after the other, and a run that fails is a row with its error.

Everything a worker needs is in the payload, so the same function runs in this process, in a worker process
and on another machine. Nothing is kept between chunks.
"""

from __future__ import annotations

import copy
import os
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from agents.errors import InputError
from experiments.files import writing
from experiments.manifest import without_paths
from experiments.study.deadline import RunTimeout, deadline
from experiments.study.parts import IDENTITY, TAIL

#: One planned run: run_id, point, replicate, seed and the values of the factors by key.
Row: TypeAlias = tuple[str, int, int, int, Mapping[str, object]]

OK, FAILED, TIMEOUT, CRASHED = "ok", "failed", "timeout", "crashed"
#: In the control folder: its presence asks workers to hand over what they have.
STOP = "stop"


@dataclass(frozen=True)
class Payload:
    """A chunk, whole: what to run and on what.

    Attributes
    ----------
    base
        Resolved config as plain data, in the shape of :func:`sim.settings.to_tree`.
    folder
        The scenario's folder.
    trusted
        Policies ``module:Class`` that the user named.
    model
        Key of :data:`experiments.study.models.MODELS`.
    rows
        The runs of the chunk.
    timeout
        Seconds a run may take; 0 for no limit.
    series
        Whether daily series are kept too.
    control
        A local folder through which worker and parent talk, or nothing.
    chunk
        Number of the chunk, the name of its file in ``control``.
    """

    base: Mapping[str, object]
    folder: str = ""
    trusted: tuple[str, ...] = ()
    model: str = "scenario"
    rows: tuple[Row, ...] = ()
    timeout: float = 0.0
    series: bool = False
    control: str = ""
    chunk: int = 0


@dataclass(frozen=True)
class Chunk:
    """What a chunk gave: a row a run, series where they were asked for, and the seconds it took."""

    table: pa.Table
    series: pa.Table | None = None
    seconds: float = 0.0


@dataclass
class _Run:
    """One finished run."""

    outcomes: Mapping[str, float] = field(default_factory=dict)
    status: str = OK
    error: str = ""
    seconds: float = 0.0
    series: pa.Table | None = None


#: Runs a row until the deadline (``check`` raises when it has passed): outcomes and, if wanted, series.
Play: TypeAlias = Callable[[Row, Callable[[], None]], tuple[Mapping[str, float], pa.Table | None]]


def run_chunk(payload: Payload) -> Chunk:
    """Run the rows of a payload one after the other; stop early when the parent asks for it."""
    from experiments.study.models import find_model  # late: models know payloads

    start = time.perf_counter()
    play = find_model(payload.model)(payload)
    done: list[tuple[Row, _Run]] = []
    with _marks(payload) as (mark, stopped):
        for index, row in enumerate(payload.rows):
            if stopped():
                break
            mark(index)
            done.append((row, _run(play, row, payload.timeout)))
    series = [run.series for _, run in done if run.series is not None]
    table = to_table(done)
    return Chunk(table, pa.concat_tables(series) if series else None, time.perf_counter() - start)


def crashed_rows(rows: Sequence[Row], error: str) -> Chunk:
    """Return rows for runs that took their worker process with them."""
    return Chunk(to_table([(row, _Run(status=CRASHED, error=error)) for row in rows]))


def to_table(done: Sequence[tuple[Row, _Run]]) -> pa.Table:
    """Put runs into a table: identity, outcomes by name (null where a run has none), status; values of factors are in the plan."""
    rows = [row for row, _ in done]
    columns: dict[str, pa.Array] = {
        name: pa.array([row[index] for row in rows], kind) for index, (name, kind) in enumerate(IDENTITY)
    }
    # By name, not in order of appearance, which would depend on the chunks.
    names = sorted({name for _, run in done for name in run.outcomes})
    for name in names:
        columns[name] = pa.array([run.outcomes.get(name) for _, run in done], pa.float64())
    for name, kind in TAIL:
        columns[name] = pa.array([getattr(run, name) for _, run in done], kind)
    return pa.table(columns)


def _run(play: Play, row: Row, timeout: float) -> _Run:
    """Run one row; whatever its code raises becomes its error."""
    start = time.perf_counter()
    try:
        with deadline(timeout) as check:
            outcomes, series = play(row, check)
        run = _Run(outcomes, series=series)
    except RunTimeout:
        run = _Run(status=TIMEOUT, error=f"no end after {timeout:g} s")
    except (Exception, SystemExit) as error:  # a policy that calls sys.exit ends its run, not the sweep
        run = _Run(status=FAILED, error=_one_line(error))
    run.seconds = time.perf_counter() - start
    return run


def _one_line(error: BaseException) -> str:
    """Return an error in one line; where it was raised only when it is not the user's input."""
    text = without_paths(" ".join(str(error).split())) or type(error).__name__  # a row of results names no folders and no users
    if isinstance(error, InputError):
        return text
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {text}{where}"


@contextmanager
def _marks(payload: Payload) -> Iterator[tuple[Callable[[int], None], Callable[[], bool]]]:
    """Give functions that note which row is under way, and that tell whether the parent wants to stop.

    When a worker is killed its note says which run it was at, so only that one is suspected.
    """
    if not payload.control:
        yield (lambda index: None), (lambda: False)
        return
    stop = os.path.join(payload.control, STOP)
    with _in_control(payload):
        file = os.open(os.path.join(payload.control, str(payload.chunk)), os.O_CREAT | os.O_WRONLY, 0o600)

    def mark(index: int) -> None:
        with _in_control(payload):
            os.pwrite(file, index.to_bytes(8, "little"), 0)

    try:
        yield mark, (lambda: os.path.exists(stop))
    finally:
        os.close(file)


def _in_control(payload: Payload) -> AbstractContextManager[None]:
    return writing(Path(payload.control).parent, advice="make room there, or set TMPDIR to a folder with room")


def with_values(base: Mapping[str, object], params: Mapping[str, object]) -> dict[str, object]:
    """Return a copy of a config tree with values set at dotted keys.

    A policy is set whole (``policies.NAME`` gets a name), without the parameters of the one it replaces.
    """
    tree = copy.deepcopy(dict(base))
    for key, value in params.items():
        steps = key.removeprefix("policy@").split(".")
        node: dict[str, object] = tree
        for step in steps[:-1]:
            below = node.setdefault(step, {})
            if not isinstance(below, dict):
                raise InputError(f"{key}: {step} is a value and has nothing below it")
            node = below
        policy = len(steps) == 2 and steps[0] == "policies" and isinstance(value, str)
        present = node.get(steps[-1])
        if policy and isinstance(present, Mapping) and present.get("name") == value:
            continue  # the policy that the scenario has, with the parameters that it gives
        node[steps[-1]] = {"name": value, "params": {}} if policy else value
    return tree
