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
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa

from experiments.files import whole_file
from sim.fingerprint import canonical, digest, file_hash, table_hash

SCHEMA_VERSION = 1
FILE = "manifest.json"
#: Distributions whose versions may change a run.
PACKAGES: tuple[str, ...] = (
    "mesa", "numpy", "scipy", "pandas", "pyarrow", "hydra-core", "omegaconf", "pydantic", "matplotlib", "SALib", "ema-workbench",
    "distributed", "dask",
)  # fmt: skip

#: Variables that say how many threads the libraries of linear algebra use.
THREADS: tuple[str, ...] = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

#: How an absolute path begins: in a word or behind ``=``, a comma, a bracket; not in ``a/b``, ``tcp://host`` or ``{folder}/a``.
_ABSOLUTE = r"(?:file:/+|(?<![\w./~)}\]:-])/+|(?<=:)/(?!/)|(?<!\w)~\w[\w.-]*/|(?<!\w)[A-Za-z]:[\\/](?!/))"
_USER = ("USER", "LOGNAME", "USERNAME")

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
        The command line; of absolute paths only the last names are kept.
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
        "computing": computing(),
    }


def computing() -> dict[str, str]:
    """Return what may change the last digits of a number: processor, its instructions, libraries, threads."""
    build = cast("dict[str, dict[str, dict[str, str] | list[str]]]", np.show_config(mode="dicts"))
    blas = cast("dict[str, str]", build.get("Build Dependencies", {}).get("blas", {}))
    simd = build.get("SIMD Extensions", {})
    return {
        "cpu": cpu_model(),
        "libc": " ".join(platform.libc_ver()).strip(),
        "simd": " ".join(simd.get("found", ())),
        "blas": f"{blas.get('name', '')} {blas.get('version', '')}".strip(),
        **{name: os.environ.get(name, "") for name in THREADS},
        "PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", ""),
    }


def cpu_model() -> str:
    """Return the model of the processor, as its maker calls it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.lower().startswith(("model name", "cpu model")))
    return next(named, platform.processor())


def diff_hash() -> str:
    """Return the hash of what tracked files differ from their commit; empty when they do not, or outside a checkout."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return ""
    try:
        changes = _git(root, "diff", "HEAD", "--binary")
    except (OSError, subprocess.SubprocessError):
        return ""
    return digest(changes.encode()) if changes else ""


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write a JSON file whole or not at all."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with whole_file(path) as file:
        file.write(text.encode())


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
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True, timeout=20, encoding="utf-8", errors="replace"
    )
    return done.stdout.strip()


def without_home(word: str) -> str:
    """Return a word of a command line with the last name of each absolute path: no folders, no user names.

    Relative paths stay as they are. A path goes on to the end of its quotes, to the next path of a list, or to the end of
    the word: spaces and brackets may be part of it.
    """
    return _reduced(word, r"(?:(?![,;]\s*(?:['\"]|file:)?[/~\\]).)*")


def without_paths(text: str) -> str:
    """Return a free text, such as that of an error, with the last name of each absolute path; see :func:`without_home`."""
    for place in sorted({str(Path.home()), str(Path.cwd()), tempfile.gettempdir()}, key=len, reverse=True):  # they may have spaces
        text = text.replace(f"{place}/", "/-/") if len(place) > 1 else text
    return _reduced(text, r"[^\s,;:'\"()\[\]{}<>|]*")


def _reduced(text: str, rest: str) -> str:
    """Reduce absolute paths; ``rest`` matches what follows the beginning of one that is not in quotes."""
    return re.sub(rf"(?P<quote>['\"]){_ABSOLUTE}(?:(?!(?P=quote)).)*|{_ABSOLUTE}{rest}", _last_name, text, flags=re.DOTALL)


def _last_name(found: re.Match[str]) -> str:
    """Return the last name of a path; a home folder, or one that is called as the user is, has none."""
    path = found[0].replace("\\", "/").rstrip("/")
    name = path.rpartition("/")[2]
    homes = re.search(r"(?:^|/)(?:home|Users)/[^/]+$", path) or path.endswith(str(Path.home())) or name in {os.environ.get(key) for key in _USER}
    return f"{found['quote'] or ''}{'~' if homes else name or '/'}"


def _relative(file: Path, folder: Path) -> str:
    """Return a file's name below the scenario folder, or its bare name when it lies elsewhere."""
    try:
        return file.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return file.name
