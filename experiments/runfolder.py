"""The folder of a run: whole or not there, and nobody else's files touched.

Everything is written into a hidden folder beside the results' place and moved when it is complete; the
manifest comes last. So a folder with a manifest is a finished run, and an interrupted one leaves none.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from agents.errors import InputError
from experiments import files
from experiments.manifest import FILE

#: Everything that a run leaves; nothing else is ever moved or removed.
OURS: tuple[str, ...] = (
    FILE, "config.yaml", "summary.json", "daily.parquet", "places.parquet", "events.parquet", "ensemble.parquet",
    "scores.json", "scores.csv", "camps.parquet", "reproduction.json", "compare.csv", "runs.parquet", "series.parquet", "figures", "scenario",
)  # fmt: skip
#: What does not count as content: hidden folders of a run that was killed or goes on at the same time, and markers.
_PASSING = (".partial-", ".old-", ".try-", ".DS_Store", ".gitkeep", ".gitignore")
#: What makes a folder a study's.
STUDY = "study.json"
#: Hydra's record of a multirun.
_SWEEP = "multirun.yaml"


def check_output(folder: Path, *, force: bool, multirun: bool = False) -> None:
    """Refuse a folder that cannot be written, that holds a finished run, or somebody else's files.

    Parameters
    ----------
    folder
        Where the results go; in a multirun the folder above those of the jobs.
    force
        Whether a finished run there may be replaced.
    multirun
        Whether the jobs get folders of their own below ``folder``.

    Raises
    ------
    InputError
        In one line: the folder and what would be right.
    """
    with writing(folder):
        if multirun:
            _check_sweep(folder, force)
        else:
            _check_content(folder, force)
        existed = folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".try-", dir=folder):
            pass
    if not existed:
        discard_empty(folder)


def _content(folder: Path) -> list[str]:
    """Return what lies in a folder, but for what does not count."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith(_PASSING)) if folder.is_dir() else []


def _is_run(folder: Path) -> bool:
    """Return whether a folder holds a finished run of Marchland: a manifest with our hashes."""
    try:
        manifest = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and {"config_hash", "outputs_hash"} <= manifest.keys()


def _check_content(folder: Path, force: bool) -> None:
    """Refuse a finished run without ``--force``, and a folder that is not a run's."""
    content = _content(folder)
    if STUDY in content:
        raise InputError(f"hydra.run.dir: {folder} holds a study (marchland sweep goes on with it), which no run overwrites; give another folder")
    if _is_run(folder):
        if not force:
            raise InputError(
                f"hydra.run.dir: {folder} holds a finished run; give another folder, or --force to overwrite it"
            )
    elif content and not force:
        raise InputError(
            f"hydra.run.dir: {folder} holds other files ({_some(content)}) and no finished run; give a new or an empty folder"
        )
    elif same := [name for name in content if name in OURS]:
        raise InputError(
            f"hydra.run.dir: {folder} holds {_some(same)} that belong to no finished run; they are not overwritten even "
            "with --force: give another folder"
        )


def _check_sweep(folder: Path, force: bool) -> None:
    """Refuse a folder for several runs that holds a single run or somebody else's files."""
    content = _content(folder)
    if _is_run(folder):
        raise InputError(f"hydra.sweep.dir: {folder} holds a finished run; give another folder for several runs")
    if content and _SWEEP not in content and not force:
        raise InputError(
            f"hydra.sweep.dir: {folder} holds other files ({_some(content)}) and no runs; give a new or an empty folder"
        )


def _some(names: list[str]) -> str:
    """Return the first few names."""
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def writing(folder: Path) -> AbstractContextManager[None]:
    """Turn an error of the file system in the block into one line that names the folder and its key."""
    return files.writing(folder, key="hydra.run.dir")


@contextmanager
def scratch_folder(folder: Path, *, force: bool) -> Iterator[Path]:
    """Give a folder to write a run into, and move its content to ``folder`` when the block ends well.

    When it ends in an error or Ctrl-C nothing is left behind, and a former run in ``folder`` stays.
    """
    with writing(folder):
        _check_content(folder, force)
        folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder))
    try:
        yield scratch
        with writing(folder):
            _check_content(folder, force)  # another run may have come in between
            _replace(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _replace(scratch: Path, folder: Path) -> None:
    """Put a complete run in the place of the former one, of which nothing stays.

    The former run is put aside whole, its manifest first, and put back when anything goes wrong before
    the new manifest is in place. So whenever this is cut off there is the old run, the new one, or no
    manifest.
    """
    if not (scratch / FILE).is_file():
        raise RuntimeError(f"a run without {FILE} is not complete")
    aside = Path(tempfile.mkdtemp(prefix=".old-", dir=folder))
    cleared = False
    try:
        if (folder / FILE).exists():
            (folder / FILE).rename(aside / FILE)
            _move(folder, aside)
        cleared = True
        _move(scratch, folder)
    except BaseException:
        if not (folder / FILE).exists():
            if cleared:  # what has arrived of the new run
                _move(folder, scratch)
            _move(aside, folder)
        raise
    finally:
        if (folder / FILE).exists() or not any(aside.iterdir()):  # else the former run is only there
            shutil.rmtree(aside, ignore_errors=True)


def _move(source: Path, target: Path) -> None:
    """Move what belongs to a run from one folder to another, the manifest last."""
    for name in reversed(OURS):
        if os.path.lexists(source / name):
            os.rename(source / name, target / name)


def discard_empty(folder: Path) -> None:
    """Remove a folder that holds nothing, and then the folders above it that hold nothing."""
    with suppress(OSError):
        folder.rmdir()
        if folder.parent.resolve() != Path.cwd():
            discard_empty(folder.parent)
