"""What a sweep can run, by name."""

from __future__ import annotations

import hashlib
import json
import math
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa

from agents.errors import InputError, one_of
from experiments.study.task import Payload, Play, Row, with_values


def _scenario(payload: Payload) -> Play:
    """Runs of a scenario; configs are checked once a set of values, tables are read once a chunk."""
    from sim.scenario import Scenario  # late: the parent of a sweep need not load the model

    folder = Path(payload.folder)
    known: dict[str, Scenario] = {}

    def play(row: Row, check: Callable[[], None]) -> tuple[Mapping[str, float], pa.Table | None]:
        run_id, _, replicate, seed, params = row
        key = json.dumps(params, sort_keys=True, default=str)
        scenario = known.get(key)
        if scenario is None:
            known.clear()  # rows of one point follow each other; more would only cost memory
            scenario = known[key] = Scenario.from_config(with_values(payload.base, params), folder, payload.trusted)
        model = scenario.build(seed=seed, replicate=replicate)
        model.run(lambda day, days: check())
        series = _series(run_id, model.record.daily) if payload.series else None
        return model.outcomes, series

    return play


def _series(run_id: str, daily: object) -> pa.Table:
    """Return the daily table of a run with its run_id as first column."""
    table = pa.Table.from_pandas(daily, preserve_index=False).replace_schema_metadata(None)
    ids = pa.DictionaryArray.from_arrays(pa.array([0] * table.num_rows, pa.int32()), [run_id])
    return table.add_column(0, "run_id", ids.cast(pa.string()))


def _trivial(payload: Payload) -> Play:
    """Return a model that costs nothing and can do everything wrong, for tests and benchmarks.

    ``sleep`` seconds (of a row, or of all in the base), heeding the deadline as a scenario does between two days;
    ``hang`` seconds without heeding it; ``fail`` raises, ``kill`` kills the process it runs in. ``outcomes`` in the base
    is how many more outcomes a run has.
    """
    more = [f"outcome_{number}" for number in range(int(str(payload.base.get("outcomes", 0))))]
    everyone = float(str(payload.base.get("sleep", 0.0)))

    def play(row: Row, check: Callable[[], None]) -> tuple[Mapping[str, float], pa.Table | None]:
        run_id, _, replicate, seed, params = row
        pause = float(str(params.get("sleep") or everyone))
        while pause > 0.0:
            time.sleep(min(pause, 0.05))
            pause -= 0.05
            check()
        if hang := float(str(params.get("hang") or 0.0)):
            time.sleep(hang)
        if params.get("fail"):
            raise ValueError(f"asked to fail at {params['fail']}")
        if params.get("kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        total = math.fsum(value for value in params.values() if isinstance(value, int | float))
        luck = hashlib.blake2b(f"{seed}/{replicate}".encode(), digest_size=8).digest()
        noise = int.from_bytes(luck, "little") / 2.0**64
        series = pa.table({"run_id": [run_id], "day": [0], "value": [noise]}) if payload.series else None
        return {"total": total, "noisy": total + noise, **dict.fromkeys(more, noise)}, series

    return play


#: Models by name: each takes a payload and returns what plays its rows.
MODELS: Mapping[str, Callable[[Payload], Play]] = MappingProxyType({"scenario": _scenario, "trivial": _trivial})


def find_model(name: str) -> Callable[[Payload], Play]:
    """Return a model by name.

    Raises
    ------
    InputError
        When there is none of this name.
    """
    if name not in MODELS:
        raise InputError(f"model: {name!r} is not known; known: {one_of(tuple(MODELS))}")
    return MODELS[name]
