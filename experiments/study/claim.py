"""The folder of a study belongs to one config, one code and, at a time, one sweep."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from agents.errors import InputError
from experiments import files
from experiments.files import remove_partial, whole_file
from experiments.study.task import Payload
from sim.fingerprint import canonical, config_hash, digest

FILE = "study.json"
LOCK = ".lock"
PARTS = "parts"
SERIES = "series"
SCHEMA_VERSION = 1
#: Keys of a config that a row sets itself, or that change no result.
_NOT_CONFIG = ("seed", "replicate", "figures", "band")
_PATHS = ("path", "history", "exogenous")


def writing(folder: Path) -> AbstractContextManager[None]:
    """Turn an error of the file system in the block into one line that names the folder and says how to go on."""
    advice = "finished runs are kept: make room there, or give a folder that can be written, and give the same command again"
    return files.writing(folder, advice=advice)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other sweeps out of a folder during the block.

    The kernel lets go of the lock of a process that died, however it died; the text in the file says who
    holds it, also to computers that share the folder but not the kernel.

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
        if owner and owner["host"] != socket.gethostname():
            raise InputError(f"{busy} (process {owner['pid']} on {owner['host']}); wait for it, or delete {path} if it is dead")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            who = f" (process {owner['pid']} on this computer)" if owner else ""
            raise InputError(f"{busy}{who}; wait for it, stop it, or give another folder") from None
        with writing(folder):
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode(), 0)
            remove_partial(folder)
        try:
            yield
        finally:
            os.ftruncate(handle, 0)  # the file stays: removing it could let two others in at once
    finally:
        os.close(handle)


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
            config["scenario"] = {key: value for key, value in scenario.items() if key not in _PATHS}
        if payload.model == "scenario":
            from sim.scenario import Scenario

            files = Scenario.from_config(payload.base, Path(payload.folder), payload.trusted).tables.files
        return cls(config_hash(config, files), code_hash(payload.trusted), payload.model, config)


def claim_folder(folder: Path, claim: Claim, *, force: bool) -> None:
    """Note in a new folder what it holds, and refuse one that holds results of something else.

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
        if (folder / PARTS).is_dir() and not force:
            raise InputError(f"{folder}: holds results, but no {FILE} that says of what; give another folder (--force adds to it)")
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
    mixed = former.get("mixed_with")
    older = {key: former.get(key) for key in ("config_hash", "code_hash", "model")}
    _write(path, claim, [*(mixed if isinstance(mixed, list) else []), older])


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
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        former = json.loads(text)
    except ValueError:
        former = None
    if not isinstance(former, dict):
        raise InputError(f"{path}: is not readable JSON; give another folder, or delete this file and use --force")
    return former


def _write(path: Path, claim: Claim, mixed: Sequence[object]) -> None:
    """Write the file whole or not at all."""
    content = {
        "schema_version": SCHEMA_VERSION, "model": claim.model, "config_hash": claim.config_hash,
        "code_hash": claim.code_hash, "mixed_with": list(mixed), "config": claim.config,
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
