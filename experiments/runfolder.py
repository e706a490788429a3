"""The folder of a run: whole or not there.

Everything is written into a hidden folder beside the results' place and moved when it is complete; the
manifest comes last. So a folder with a manifest is a finished run, and an interrupted one leaves none.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agents.errors import InputError
from experiments.manifest import FILE


def check_output(folder: Path, *, force: bool) -> None:
    """Refuse a folder that cannot be written or that holds a finished run.

    Raises
    ------
    InputError
        In one line: the folder and what would be right.
    """
    if not force and (folder / FILE).exists():
        raise InputError(
            f"hydra.run.dir: {folder} holds a finished run; give another folder, or --force to overwrite it"
        )
    existed = folder.exists()
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".try-", dir=folder):
            pass
    if not existed:
        discard_empty(folder)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn an error of the file system in the block into one line that names the folder."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"hydra.run.dir: cannot write to {folder} ({error.strerror or error}); give a folder that can be written"
        ) from None


@contextmanager
def scratch_folder(folder: Path, *, force: bool) -> Iterator[Path]:
    """Give a folder to write a run into, and move its content to ``folder`` when the block ends well.

    When it ends in an error or Ctrl-C nothing is left behind, and a former run in ``folder`` stays.
    """
    if not force and (folder / FILE).exists():
        raise InputError(
            f"hydra.run.dir: {folder} holds a finished run; give another folder, or --force to overwrite it"
        )
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder))
    try:
        yield scratch
        with writing(folder):
            _move(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _move(scratch: Path, folder: Path) -> None:
    """Move a complete run into place; the manifest goes first from the old run and comes last from the new."""
    if not (scratch / FILE).is_file():
        raise RuntimeError(f"a run without {FILE} is not complete")
    (folder / FILE).unlink(missing_ok=True)
    for item in sorted(scratch.iterdir()):
        if item.name == FILE:
            continue
        target = folder / item.name
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        os.replace(item, target)
    os.replace(scratch / FILE, folder / FILE)


def discard_empty(folder: Path) -> None:
    """Remove a folder that holds nothing, and then the folders above it that hold nothing."""
    with suppress(OSError):
        folder.rmdir()
        if folder.parent.resolve() != Path.cwd():
            discard_empty(folder.parent)
