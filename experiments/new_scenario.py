"""Write a commented starter scenario that runs at once."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from agents.errors import InputError

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_TEMPLATE = Path(__file__).parent / "templates" / "scenario"


def write_scenario(name: str, parent: Path = Path(".")) -> Path:
    """Write the starter files to ``parent/name`` and return that folder.

    The folder appears whole or not at all: it is written beside its place and then renamed.

    Parameters
    ----------
    name
        Name of the folder: letters, digits, ``_`` and ``-``, first a letter.
    parent
        Folder that the new one is put into.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"new-scenario, name {name!r}: start with a letter and use letters, digits, _ and - (up to 64)"
        )
    folder = Path(parent) / name
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(f"new-scenario, name {name!r}: {folder} exists and is not empty; choose another name")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"new-scenario, name {name!r}: {folder} is a file; choose another name")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=parent) as scratch:
            fresh = Path(scratch) / name
            _copy(fresh, name)
            if folder.is_dir():
                folder.rmdir()
            fresh.rename(folder)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(
            f"new-scenario, name {name!r}: cannot write {folder} ({reason}); choose another place"
        ) from None
    return folder


def _copy(target: Path, name: str) -> None:
    """Write the starter files with the scenario's name in them.

    Text is written anew, since copies would inherit the read-only modes of some installations.
    """
    title = re.sub(r"[_-]+", " ", name).strip().capitalize()
    for source in sorted(_TEMPLATE.rglob("*")):
        if source.suffix not in {".yaml", ".csv", ".md"}:
            continue
        text = source.read_text(encoding="utf-8").replace("$title", title).replace("$name", name)
        path = target / source.relative_to(_TEMPLATE)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main(words: Sequence[str]) -> int:
    """``marchland new-scenario NAME``: write the folder and say what to do with it."""
    if len(words) != 1 or words[0].startswith("-"):
        raise InputError("new-scenario: give one name, for example: marchland new-scenario my_border")
    folder = write_scenario(words[0])
    print(f"Wrote {folder}/: {', '.join(sorted(path.name for path in folder.iterdir()))}")
    print(f"Run it:   marchland run scenario.path={folder}")
    print(f"Check it: marchland check {folder}")
    return 0


if __name__ == "__main__":
    from experiments.cli import main as cli_main

    sys.exit(cli_main(["new-scenario", *sys.argv[1:]]))
