"""Files on disk: whole or not there, and an error of the file system in one line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from agents.errors import InputError

#: How the names of files begin that are not complete yet; a process that was killed leaves them behind.
PARTIAL = ".partial-"


@contextmanager
def writing(folder: Path, key: str = "", advice: str = "give a folder that can be written") -> Iterator[None]:
    """Turn an error of the file system in the block into one line that names the folder.

    Parameters
    ----------
    folder
        What is written to.
    key
        The option that named it, if there is one.
    advice
        What would be right.

    Raises
    ------
    InputError
        When the block raised ``OSError``: a full disk, a folder without the right to write.
    """
    try:
        yield
    except OSError as error:
        option = f"{key}=" if key else ""
        raise InputError(f"{option}{folder}: cannot be written ({error.strerror or error}); {advice}") from None


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write that takes the place of ``path`` when the block ends well, and else leaves nothing.

    The content is on the disk before its name is, so that a power cut leaves the old file or the new one.

    Raises
    ------
    OSError
        When the disk is full or the folder cannot be written.
    """
    scratch = path.with_name(f"{PARTIAL}{os.getpid()}-{path.name}")
    try:
        with scratch.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    handle = os.open(path.parent, os.O_RDONLY)  # the name itself
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_partial(folder: Path) -> None:
    """Remove files that a killed process left half-written; only for the one who holds the folder's lock."""
    for path in folder.glob(f"{PARTIAL}*") if folder.is_dir() else ():
        if path.is_file():
            path.unlink(missing_ok=True)
