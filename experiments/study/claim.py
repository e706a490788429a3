"""The folder of a study belongs to one config, one code and, at a time, one sweep."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from agents.errors import InputError
from experiments import files
from experiments.files import remove_partial, whole_file
from experiments.study.task import Payload
from sim.fingerprint import PATHS, canonical, config_hash, digest

FILE = "study.json"
LOCK = ".lock"
#: What two claims must have in common, so that their runs belong together.
HASHES = ("config_hash", "code_hash", "model")
PARTS = "parts"
SERIES = "series"
SCHEMA_VERSION = 1
#: Keys of a config that a row sets itself, or that change no result.
_NOT_CONFIG = ("seed", "replicate", "figures", "band")
#: What may lie in a folder that is no study's yet: marks of others, and of a study that did not begin.
_PASSING = (files.PARTIAL, ".old-", ".try-", ".DS_Store", ".gitkeep", ".gitignore", LOCK)
BEAT_SECONDS = 30.0
#: A lock of another computer that nobody has touched for so long is of a dead process.
DEAD_SECONDS = 300.0


def writing(folder: Path) -> AbstractContextManager[None]:
    """Turn an error of the file system in the block into one line that names the folder and says how to go on."""
    advice = "finished runs are kept: make room there, or give a folder that can be written, and give the same command again"
    return files.writing(folder, advice=advice)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other sweeps out of a folder during the block.

    The kernel lets go of the lock of a process that died, however it died; the text in the file says who
    holds it, also to computers that share the folder but not the kernel. For these the holder touches the file
    now and then: one that is not touched any more, or is of this very job of SLURM, started anew, is taken over.

    Raises
    ------
    InputError
        When another sweep is at work there.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / LOCK
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        owner = _owner(handle)
        busy = f"{folder}: another sweep is at work in this folder"
        if owner and owner["host"] != socket.gethostname() and not _dead(handle, owner, folder):
            raise InputError(
                f"{busy} (process {owner['pid']} on {owner['host']}); wait for it (if it is dead, {DEAD_SECONDS / 60.0:.0f} minutes), or delete {path}"
            )
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            who = f" (process {owner['pid']} on this computer)" if owner else ""
            raise InputError(f"{busy}{who}; wait for it, stop it, or give another folder") from None
        with writing(folder):
            os.ftruncate(handle, 0)
            mine = {"pid": os.getpid(), "host": socket.gethostname(), **_job()}
            os.pwrite(handle, json.dumps(mine).encode(), 0)
            remove_partial(folder)
        over = threading.Event()
        beat = threading.Thread(target=_beat, args=(handle, over), daemon=True)
        beat.start()
        try:
            yield
        finally:
            over.set()
            beat.join()
            if _owner(handle) == mine:  # and not of one who took us for dead
                os.ftruncate(handle, 0)  # the file stays: removing it could let two others in at once
    finally:
        os.close(handle)


def _beat(handle: int, over: threading.Event) -> None:
    """Touch a lock file until its block is over."""
    while not over.wait(BEAT_SECONDS):
        with suppress(OSError):  # a full or a lost disk is for those who write results to say
            os.utime(handle)


def _dead(handle: int, owner: Mapping[str, object], folder: Path) -> bool:
    """Return whether the holder of a lock on another computer is gone."""
    ours = _job()
    if ours and owner.get("job") == ours["job"] and int(ours["restarts"]) > int(str(owner.get("restarts", 0))):
        return True  # SLURM starts a job anew only when it has ended
    with writing(folder), tempfile.NamedTemporaryFile(prefix=files.PARTIAL, dir=folder) as now:  # by the clock of the disk they share
        return os.fstat(now.fileno()).st_mtime - os.fstat(handle).st_mtime > DEAD_SECONDS


def _job() -> dict[str, str]:
    """Return which job of SLURM this process is in, and how often that was started anew; nothing outside of one."""
    job, restarts = os.environ.get("SLURM_JOB_ID", ""), os.environ.get("SLURM_RESTART_COUNT", "0")
    return {"job": f"{os.environ.get('SLURM_CLUSTER_NAME', '')}/{job}", "restarts": restarts if restarts.isdecimal() else "0"} if job else {}


def mixed(claim: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return what a study was started with before ``--force``."""
    found = claim.get("mixed_with")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _owner(handle: int) -> Mapping[str, object] | None:
    """Return what a lock file says of its holder, or nothing when it is free."""
    try:
        owner = json.loads(os.pread(handle, 4096, 0).decode() or "null")
    except ValueError:  # of a process that was killed while it wrote
        return None
    return owner if isinstance(owner, dict) and {"pid", "host"} <= owner.keys() else None


@dataclass(frozen=True)
class Claim:
    """What a folder was started with, and must still be."""

    config_hash: str
    code_hash: str
    model: str
    config: Mapping[str, object]

    @classmethod
    def of(cls, payload: Payload) -> Claim:
        """Return the claim of a sweep: hash of config and tables, hash of the code.

        Raises
        ------
        InputError
            When the config itself is wrong.
        """
        config = {key: value for key, value in payload.base.items() if key not in _NOT_CONFIG}
        files: Sequence[Path] = ()
        scenario = config.get("scenario")
        if isinstance(scenario, Mapping):  # where the tables lie is nobody's business; what they hold counts
            config["scenario"] = {key: value for key, value in scenario.items() if key not in PATHS}
        if payload.model == "scenario":
            from sim.scenario import Scenario

            files = Scenario.from_config(payload.base, Path(payload.folder), payload.trusted).tables.files
        return cls(config_hash(config, files), code_hash(payload.trusted), payload.model, config)


def claim_folder(folder: Path, claim: Claim, *, force: bool) -> None:
    """Note in a new folder what it holds, and refuse one that holds results of something else, or other files.

    Parameters
    ----------
    folder
        The folder of the study, locked.
    claim
        What is to be run.
    force
        Keep finished runs, although they were made with another config or code, and add to them.

    Raises
    ------
    InputError
        In one line: what differs and what can be done.
    """
    path = folder / FILE
    former = read_claim(folder)
    if former is None:
        with writing(folder):
            there = sorted(path.name for path in folder.iterdir() if not path.name.startswith(_PASSING))
        if PARTS in there and not force:
            raise InputError(f"{folder}: holds results, but no {FILE} that says of what; give another folder (--force adds to it)")
        if there and PARTS not in there:  # a finished run, or somebody's own files: never overwritten
            some = ", ".join(there[:3]) + (", ..." if len(there) > 3 else "")
            raise InputError(f"output={folder}: holds other files ({some}) and no study; give a new or an empty folder")
        _write(path, claim, [])
        return
    reasons = differences(former, claim)
    if not reasons:
        return
    if not force:
        raise InputError(
            f"{path}: this study was started with {' and '.join(reasons)}; give another folder (--force keeps its finished "
            "runs and goes on with the new)"
        )
    older = {key: former.get(key) for key in HASHES}
    _write(path, claim, [*mixed(former), older])


def differences(former: Mapping[str, object], claim: Claim) -> list[str]:
    """Return how what a folder was started with differs from a claim; nothing when it does not."""
    reasons: list[str] = []
    if former.get("model") != claim.model:
        reasons.append(f"another model ({former.get('model')}, now {claim.model})")
    elif former.get("config_hash") != claim.config_hash:
        before, now = _flat(former.get("config")), _flat(claim.config)
        keys = [key for key in sorted(before.keys() | now.keys()) if before.get(key) != now.get(key)]
        shown = f": {keys[0]} was {before.get(keys[0])}, now {now.get(keys[0])}" if keys else ", or its tables"
        reasons.append(f"another config ({str(former.get('config_hash'))[:12]}, now {claim.config_hash[:12]}{shown})")
    if former.get("code_hash") != claim.code_hash:
        reasons.append(f"another code of the model ({str(former.get('code_hash'))[:12]}, now {claim.code_hash[:12]})")
    return reasons


def _flat(tree: object, prefix: str = "") -> dict[str, str]:
    """Return a tree as dotted keys with their values in JSON."""
    if not isinstance(tree, Mapping):
        return {prefix: canonical(tree).decode()}
    found: dict[str, str] = {}
    for key, value in tree.items():
        found |= _flat(value, f"{prefix}.{key}" if prefix else str(key))
    return found


def read_claim(folder: Path) -> Mapping[str, object] | None:
    """Return what a folder was started with, or nothing when it is new.

    Raises
    ------
    InputError
        When the file is damaged.
    """
    path = folder / FILE
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        former = json.loads(text)
    except ValueError:
        former = None
    if not isinstance(former, dict):
        raise InputError(f"{path}: is not readable JSON; give another folder, or delete this file and use --force")
    return former


def _write(path: Path, claim: Claim, former: Sequence[object]) -> None:
    """Write the file whole or not at all."""
    content = {
        "schema_version": SCHEMA_VERSION, "model": claim.model, "config_hash": claim.config_hash,
        "code_hash": claim.code_hash, "mixed_with": list(former), "config": claim.config,
    }  # fmt: skip
    with writing(path.parent), whole_file(path) as file:
        file.write(json.dumps(content, indent=1, default=str).encode())


def code_hash(trusted: Sequence[str] = ()) -> str:
    """Return the hash of all code that decides what a run gives: the model's, and the user's own policies."""
    root = Path(__file__).parents[2]
    files = [path for floor in ("agents", "sim") for path in sorted((root / floor).rglob("*.py"))]
    files += [Path(__file__).with_name(name) for name in ("models.py", "task.py", "deadline.py")]
    named = [(path.relative_to(root).as_posix(), digest(path.read_bytes())) for path in files]
    for name in sorted(trusted):
        spec = importlib.util.find_spec(name.split(":")[0])
        if spec is not None and spec.origin is not None and Path(spec.origin).is_file():
            named.append((name, digest(Path(spec.origin).read_bytes())))
    return digest(canonical(named))
