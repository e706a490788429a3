"""The manifest of a run: what was run, from what, with what, and hashes of what came out."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from sim.fingerprint import canonical, digest, file_hash, table_hash

SCHEMA_VERSION = 1
FILE = "manifest.json"
#: Distributions whose versions may change a run.
PACKAGES: tuple[str, ...] = (
    "mesa", "numpy", "scipy", "pandas", "pyarrow", "hydra-core", "omegaconf", "pydantic", "matplotlib",
)  # fmt: skip

Manifest = dict[str, object]


def make_manifest(
    *,
    config_hash: str,
    seeds: Mapping[str, int],
    inputs: Sequence[Path],
    folder: Path,
    tables: Mapping[str, pa.Table],
    started: dt.datetime,
    finished: dt.datetime,
    command: Sequence[str],
) -> Manifest:
    """Return the manifest of a run.

    Parameters
    ----------
    config_hash
        Hash of the resolved configuration (:func:`sim.fingerprint.config_hash`).
    seeds
        ``seed`` and ``replicate``.
    inputs
        Files that the run read; ``folder`` is the scenario's, for their relative names.
    tables
        The result tables by name; ``outputs_hash`` covers their content.
    started, finished
        Times with time zone.
    command
        The command line; home folders and user names are left out.
    """
    outputs = {name: {"rows": table.num_rows, "content_sha256": table_hash(table)} for name, table in tables.items()}
    return {
        "schema_version": SCHEMA_VERSION,
        **environment(),
        "seeds": dict(seeds),
        "config_hash": config_hash,
        "inputs": [{"name": _relative(file, folder), "sha256": file_hash(file)} for file in inputs],
        "outputs": outputs,
        "outputs_hash": digest(canonical({name: output["content_sha256"] for name, output in outputs.items()})),
        "started": started.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "finished": finished.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "duration_seconds": round((finished - started).total_seconds(), 3),
        "command": [without_home(part) for part in command],
    }


def environment() -> dict[str, object]:
    """Return what may change a result and is not in its config: versions, commit, platform."""
    commit, dirty = git_state()
    return {
        "version": version(),
        "commit": commit,
        "dirty": dirty,
        "python": platform.python_version(),
        "packages": package_versions(),
        "platform": {"system": platform.system(), "machine": platform.machine(), "python": sys.implementation.name},
    }


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write a JSON file whole or not at all."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        scratch.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def version() -> str:
    """Return Marchland's version."""
    try:
        return importlib.metadata.version("marchland")
    except importlib.metadata.PackageNotFoundError:
        from experiments import MARCHLAND  # a checkout that is not installed

        return MARCHLAND


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that may change a run."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def git_state() -> tuple[str | None, bool | None]:
    """Return the commit of the checkout and whether tracked files differ from it; ``None`` outside one."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():  # an installed wheel, perhaps inside somebody else's repository
        return None, None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return commit, bool(_git(root, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return None, None


def _git(root: Path, *arguments: str) -> str:
    """Return what git answers."""
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True, timeout=20, encoding="utf-8"
    )
    return done.stdout.strip()


def without_home(text: str) -> str:
    """Return a part of a command line without home folders and user names."""
    home = str(Path.home())
    if len(home) > 1:
        text = text.replace(home, "~")
    return re.sub(r"(?:/home|/Users|[A-Za-z]:\\Users)[/\\][^/\\\s]+", "~", text)


def _relative(file: Path, folder: Path) -> str:
    """Return a file's name below the scenario folder, or its bare name when it lies elsewhere."""
    try:
        return file.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return file.name
