"""What a study's folder remembers of the command that started it: the words, and how its runs are made."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from agents.errors import InputError
from experiments.files import whole_file
from experiments.manifest import without_home
from experiments.study.claim import writing

FILE = "sweep.json"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Remembered:
    """The last command given for a folder.

    Attributes
    ----------
    words
        Words after ``marchland sweep``; of absolute paths only the last names are written.
    executor
        Who runs it.
    timeout, series, retry_failed
        As in ``marchland sweep``.
    shards
        Into how many parts the plan is cut; 0 when it is not.
    """

    words: tuple[str, ...]
    executor: str
    timeout: float = 0.0
    series: bool = False
    retry_failed: bool = False
    shards: int = 0


def remember(folder: Path, what: Remembered) -> None:
    """Write it into a study's folder, whole or not at all.

    Raises
    ------
    InputError
        When the folder cannot be written.
    """
    words = tuple(without_home(word) for word in what.words)
    content = {"schema_version": SCHEMA_VERSION, **asdict(what), "words": words}
    with writing(folder), whole_file(folder / FILE) as file:
        file.write(json.dumps(content, indent=1).encode())


def recall(folder: Path) -> Remembered:
    """Read it back.

    Raises
    ------
    InputError
        When there is no such file, or it is damaged.
    """
    path = folder / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Remembered(
            tuple(map(str, found["words"])), str(found["executor"]), float(found["timeout"]), bool(found["series"]),
            bool(found["retry_failed"]), int(found["shards"]),
        )  # fmt: skip
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; give the folder of a study that marchland sweep started") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{path}: is damaged; give the command marchland sweep ... again, it writes it anew") from None
