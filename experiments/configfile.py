"""A config file given by its path: ``marchland run FILE.yaml`` is ``--config-dir FOLDER --config-name NAME``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.errors import InputError

_ENDS = (".yaml", ".yml")
_BUILTIN = "config"


@dataclass(frozen=True)
class ConfigFile:
    """A config file of the user's own.

    Attributes
    ----------
    path
        As it was given.
    folder, name
        What ``--config-dir`` and ``--config-name`` would be.
    """

    path: str
    folder: str
    name: str


def take_config_file(words: Sequence[str]) -> tuple[ConfigFile | None, list[str]]:
    """Return the config file that the first word names, if it does, and the words that are left.

    Raises
    ------
    InputError
        When there is no such file, or it could not be found by its name.
    """
    first = words[0] if words else ""
    if "=" in first or first.startswith("-") or not first.endswith(_ENDS):
        return None, list(words)
    path = Path(first).expanduser()
    try:
        there = path.is_file()
    except OSError as error:  # a name that is too long, say
        raise InputError(f"{first}: {error.strerror}; give a config file") from None
    if not there:
        raise InputError(f"{first}: no such file; give a config file, for example one that the app saved")
    if path.suffix != ".yaml":
        raise InputError(f"{first}: a config file ends in .yaml; rename it to {path.stem}.yaml")
    if path.stem == _BUILTIN:  # the built-in one comes first, silently
        raise InputError(f"{first}: is called like the built-in config; rename it (a finished run is run again by marchland reproduce FOLDER)")
    return ConfigFile(first, str(path.parent), path.stem), list(words[1:])
