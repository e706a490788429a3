"""Where a sweep is run, beyond this process: the words that only clusters need, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agents.errors import InputError

#: Keys of ``marchland sweep``: name, default, meaning.
KEYS: tuple[tuple[str, str, str], ...] = (
    ("scheduler", "", "dask: address of a running scheduler, tcp://HOST:PORT (default: workers on this computer)"),
    ("shards", "8", "executor=shards: into how many parts the plan is cut, each a job of its own"),
    ("slurm.partition", "", "slurm, shards: partition (default: the cluster's)"),
    ("slurm.account", "", "slurm, shards: account"),
    ("slurm.walltime", "24:00:00", "slurm, shards: longest time of a job"),
    ("slurm.memory", "2G", "slurm, shards: memory of a job"),
    ("slurm.cores", "1", "slurm, shards: cores of a job; as many runs go on at a time in it"),
    ("slurm.interface", "", "slurm: network interface by which nodes reach this computer, for example ib0"),
)
_ADDRESS = re.compile(r"^(tcp|tls|ws|wss|ucx)://[\w.\[\]:-]+:\d+$")
_WORD = re.compile(r"^[\w.,@+-]*$")
_TIME = re.compile(r"^(\d+-)?\d{1,3}(:\d{2}){0,2}$")
_MEMORY = re.compile(r"^([1-9]\d*)([MGT])(?:i?B)?$")
MOST_SHARDS = 10_000


@dataclass(frozen=True)
class Site:
    """Where the workers are.

    Attributes
    ----------
    folder
        The study's folder.
    scheduler
        Address of a running Dask scheduler, or nothing.
    shards
        Number of shards.
    partition, account, walltime, memory, cores, interface
        What SLURM is asked for; ``memory`` as ``2G``.
    """

    folder: Path = Path()
    scheduler: str = ""
    shards: int = 8
    partition: str = ""
    account: str = ""
    walltime: str = "24:00:00"
    memory: str = "2G"
    cores: int = 1
    interface: str = ""


def make_site(given: Mapping[str, str], folder: Path, executor: str) -> Site:
    """Read a site from the words of the command line.

    Parameters
    ----------
    given
        A value for each of :data:`KEYS`.
    folder
        The study's folder.
    executor
        Who will use it.

    Raises
    ------
    InputError
        In one line: the key and what would be right.
    """
    scheduler = given["scheduler"]
    if scheduler and executor != "dask":
        raise InputError(f"scheduler={scheduler}: only executor=dask has a scheduler; leave it out, or give executor=dask")
    if scheduler and not _ADDRESS.match(scheduler):
        raise InputError(f"scheduler={scheduler}: write tcp://HOST:PORT, as dask scheduler prints it")
    for key, pattern, right in (
        ("slurm.partition", _WORD, "a name"),
        ("slurm.account", _WORD, "a name"),
        ("slurm.interface", _WORD, "a name, for example ib0"),
        ("slurm.walltime", _TIME, "HH:MM:SS, D-HH:MM:SS or minutes"),
        ("slurm.memory", _MEMORY, "a number with M, G or T, for example 2G"),
    ):
        if not pattern.match(given[key]):
            raise InputError(f"{key}={given[key]}: write {right}")
    memory = _MEMORY.match(given["slurm.memory"])
    assert memory is not None
    return Site(
        folder=folder.resolve(), scheduler=scheduler, shards=_number(given, "shards", MOST_SHARDS), partition=given["slurm.partition"],
        account=given["slurm.account"], walltime=given["slurm.walltime"], memory="".join(memory.groups()),
        cores=_number(given, "slurm.cores", 1024), interface=given["slurm.interface"],
    )  # fmt: skip


def _number(given: Mapping[str, str], key: str, most: int) -> int:
    text = given[key]
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise InputError(f"{key}={text}: write a whole number from 1 to {most:,}")
    return int(text)
