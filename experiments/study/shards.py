"""A study as jobs that need no network between them: each runs its own rows into a folder of its own.

``executor=shards`` writes the plan and a script for ``sbatch``; ``python -m experiments.shard FOLDER INDEX`` is one
element of it; the first command again takes in what the elements have left.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from agents.errors import InputError
from experiments.files import whole_file
from experiments.study import parts
from experiments.study.claim import HASHES, PARTS, SERIES, Claim, differences, mixed, read_claim, writing
from experiments.study.daily_parts import ids_of
from experiments.study.executors import ENVIRONMENT, Deliver
from experiments.study.plan import read_plan
from experiments.study.remember import recall
from experiments.study.runner import Swept, sweep
from experiments.study.site import Site
from experiments.study.task import OK, Chunk, Payload, Row
from experiments.study.work import Work

FOLDER = "shards"
SCRIPT = "submit.sbatch"
_TRIES = 5  # to read a folder in which parts are being merged


def shard_folder(study: Path, index: int) -> Path:
    """Return the folder of one shard."""
    return study / FOLDER / f"{index:05d}"


def collect(work: Work, deliver: Deliver) -> None:
    """Take in what shards have left of the runs that are still wanted.

    Raises
    ------
    InputError
        When a shard ran another config or code, or cannot be read.
    """
    study = work.site.folder
    ours = read_claim(study) or {}
    wanted = pa.array([row[0] for row in work.rows], pa.string())
    before = _statuses(study, wanted)
    for folder in _folders(study):
        theirs = read_claim(folder)
        if work.stopped or theirs is None:
            continue
        table = _settled(folder / PARTS, wanted)
        if not table.num_rows:
            continue
        if not _ours(theirs, ours):
            raise InputError(f"{folder}: was run with another config or code than the study; delete it, and run this shard again")
        # A failed run that nobody has tried again is there already.
        found = zip(table["run_id"].to_pylist(), table["status"].to_pylist(), strict=True)
        table = table.filter(pa.array([status == OK or before.get(run_id) != status for run_id, status in found], pa.bool_()))
        if table.num_rows:
            daily = _settled(folder / SERIES, table["run_id"].combine_chunks())
            deliver(Chunk(table, daily if daily.num_rows else None))


def _ours(theirs: Mapping[str, object], ours: Mapping[str, object]) -> bool:
    """Return whether a shard ran what the study is, or what it was before ``--force`` kept its runs."""
    return any(all(theirs.get(key) == one.get(key) for key in HASHES) for one in (ours, *mixed(ours)))


def _statuses(study: Path, wanted: pa.Array) -> dict[str, str]:
    """Return the status of those runs that the study itself has."""
    table = _settled(study / PARTS, wanted)
    return dict(zip(table["run_id"].to_pylist(), table["status"].to_pylist(), strict=True)) if table.num_rows else {}


def _settled(folder: Path, wanted: pa.Array) -> pa.Table:
    """Read the rows of some runs from a folder of parts, in which somebody may be at work."""
    for again in range(_TRIES):
        try:
            if folder.name == SERIES:
                return parts.series(folder, wanted)
            table = parts.results(folder)
            return table.filter(pc.is_in(table["run_id"], wanted))
        except FileNotFoundError:  # merged into another one meanwhile
            time.sleep(0.2 * (again + 1))
        except (OSError, ValueError) as error:
            raise InputError(
                f"{folder}: cannot be read ({' '.join(str(error).split())[:100]}); run this shard again, it sets damaged parts aside"
            ) from None
    raise InputError(f"{folder}: changes all the time; wait until its shard is done")


def run_shard(study: Path, index: int, *, trust: Sequence[str] = (), workers: int = 1) -> Swept:
    """Run one shard of a study, or go on with it.

    Parameters
    ----------
    study
        The study's folder, planned with ``executor=shards``.
    index
        Which shard, from 0.
    trust
        Policies ``module:Class`` that the user named: a plan from a stranger runs no code of its own.
    workers
        How many runs go on at a time.

    Raises
    ------
    InputError
        In one line: what the folder lacks, or what changed since the study was planned.
    """
    told = recall(study)
    if not 0 <= index < told.shards:
        raise InputError(f"{study}: shard {index} is none of its {told.shards}; plan with executor=shards, and give 0 to {told.shards - 1}")
    plan = read_plan(study / "plan.parquet")
    if missing := [name for name in plan.trusted if name not in trust]:
        raise InputError(f"{study}: the plan names code of yours; if you trust it, say so: trust={','.join(missing)}")
    rows: list[Row] = list(plan.runs())
    base = Payload(
        base=plan.base, folder=str(plan.folder), trusted=plan.trusted, timeout=told.timeout, series=told.series
    )
    ours, folder = read_claim(study) or {}, shard_folder(study, index)
    if folder.resolve() != study.resolve() / FOLDER / folder.name:
        raise InputError(f"{folder}: is a link to another place; a shard writes into the study's own folder: take the link away")
    if reasons := differences(ours, Claim.of(base)):
        raise InputError(f"{study}: this study was planned with {' and '.join(reasons)}; plan it anew, in another folder")
    done = _done(study, rows, told.retry_failed, told.series)
    mine = [row for row in rows[index :: told.shards] if row[0] not in done]
    return sweep(
        mine, base, folder, executor="processes", workers=workers, retry_failed=told.retry_failed, own_inputs=False,
        force=_ours(read_claim(folder) or {}, ours),  # as the study itself was gone on with
    )  # fmt: skip


def _done(study: Path, rows: Sequence[Row], retry_failed: bool, series: bool) -> set[str]:
    """Return the runs that the study itself has, with their series where they are asked for."""
    table = _settled(study / PARTS, pa.array([row[0] for row in rows], pa.string()))
    if not table.num_rows:
        return set()
    with_series = {run_id for part in parts.list_parts(study / SERIES) for run_id in ids_of(part.path)} if series else set[str]()
    found = zip(table["run_id"].to_pylist(), table["status"].to_pylist(), strict=True)
    return {run_id for run_id, status in found if (status == OK and (not series or run_id in with_series)) or (status != OK and not retry_failed)}


def write_script(site: Site, trusted: Sequence[str] = ()) -> Path:
    """Write the script that ``sbatch`` takes, and that runs without SLURM too.

    Parameters
    ----------
    site
        Folder, number of shards, and what SLURM is asked for.
    trusted
        Policies ``module:Class`` that the user named.

    Raises
    ------
    InputError
        When the folder cannot be written.
    """
    path = site.folder / SCRIPT
    with writing(site.folder):
        (site.folder / FOLDER).mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            file.write(script(site, trusted).encode())
        path.chmod(0o755)
    return path


def script(site: Site, trusted: Sequence[str] = ()) -> str:
    """Return the script of :func:`write_script`."""
    asked = {
        "job-name": "marchland", "array": f"0-{site.shards - 1}", "ntasks": "1", "cpus-per-task": str(site.cores), "mem": site.memory,
        "time": site.walltime, "partition": site.partition, "account": site.account, "output": "/dev/null",
        "signal": "B:TERM@60", "requeue": None,
    }  # fmt: skip
    lines = [f"#SBATCH --{key}" + ("" if value is None else f"={value}") for key, value in asked.items() if value != ""]
    study = shlex.quote(str(site.folder))
    trust = f" trust={shlex.quote(','.join(trusted))}" if trusted else ""
    last = site.shards - 1
    return "\n".join([
        "#!/bin/bash",
        *lines,
        "#",
        "# One shard of a study: element N of the array runs every row whose place in the plan, modulo the number of",
        "# shards, is N, into a folder of its own. An element that is started again goes on where it stopped.",
        "#   with SLURM:     sbatch submit.sbatch",
        f"#   without it:     for i in $(seq 0 {last}); do bash submit.sbatch \"$i\"; done",
        "#   when all are done: the same marchland sweep command again takes in what they left.",
        "set -euo pipefail",
        'shard="${SLURM_ARRAY_TASK_ID:-${1:?give the number of a shard, 0 to ' + str(last) + '}}"',
        "# shellcheck disable=SC2016  # a path is meant as it is written",
        f"study={study}",
        'if [ -n "${SLURM_JOB_ID:-}" ]; then',
        f'    exec >>"$study/{FOLDER}/log-$shard.txt" 2>&1  # a job has no terminal',
        "fi",
        *(f"export {name}={value}" for name, value in ENVIRONMENT.items()),
        "# shellcheck disable=SC2016",
        f"cd {shlex.quote(os.getcwd())}",
        "# exec: the end of the time limit is told to Python itself, which then hands over what is finished.",
        f'exec {shlex.quote(sys.executable)} -m experiments.shard "$study" "$shard" workers={site.cores}{trust}',
        "",
    ])  # fmt: skip


def started(study: Path) -> bool:
    """Return whether any shard has begun."""
    return bool(_folders(study))


def _folders(study: Path) -> list[Path]:
    """Return the folders of the shards that have begun."""
    return sorted(path for path in (study / FOLDER).glob("[0-9]*") if path.is_dir() and not path.is_symlink())
