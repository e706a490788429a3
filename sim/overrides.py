"""Overrides made ready for Hydra: folders become options, paths are quoted, files are asked what they set."""

from __future__ import annotations

import importlib.resources
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf

from agents.errors import InputError
from sim.options import ScenarioOption, folder_option

#: Keys whose values are paths: quoted for Hydra when its grammar cannot read them bare.
_PATHS = ("scenario.exogenous", "scenario.history", "hydra.run.dir", "hydra.sweep.dir", "hydra.searchpath")

#: Mappings with keys of their own, which are set one by one: a whole one could mean replace or merge.
_ONE_BY_ONE = re.compile(r"^(policies\.\w+\.params|governments\.\w+\.baseline)$")
#: A level of a lever with a target, as ``governments.north.baseline.cooperation/south``.
_TARGETED = re.compile(r"^\+*(?:governments\.\w+\.baseline|policies\.\w+\.params\.levels)\.\w+/\w+$")
#: What :func:`targeted` writes.
_MAPPED = re.compile(r"^\+\+(governments\.\w+\.baseline|policies\.\w+\.params\.levels)=\{([^:{}]+): ?([^{}]+)\}$")
#: Where results go, by whether there are several runs, and what is meant in the other case.
_FOLDERS: Mapping[str, tuple[bool, str]] = MappingProxyType({
    "hydra.run.dir": (False, "several runs (-m) go into hydra.sweep.dir"),
    "hydra.sweep.dir": (True, "a single run (without -m) goes into hydra.run.dir"),
})  # fmt: skip


def check_plain(text: str, *, multirun: bool, trusted: bool) -> None:
    """Refuse an override that Hydra would take silently for something else, or answer with a traceback.

    Raises
    ------
    InputError
        In one line: the override and what would be right.
    """
    key, equals, value = text.partition("=")
    bare = key.lstrip("+~").strip()
    if "_target_" in text and not trusted:
        raise InputError(f"{text}: code to run is named on the command line or in Python only")
    empty = equals and value.strip().strip("'\"") == ""
    if not bare or (not key.startswith("~") and not equals):
        raise InputError(f"{text}: cannot be read as an override; write KEY=VALUE without spaces, for example seed=7")
    if bare in ("scenario.path", *_FOLDERS) and empty:
        raise InputError(f"{text}: is empty; give a folder, for example {bare}=my_folder")
    if bare in _FOLDERS and _FOLDERS[bare][0] != multirun:
        other = "hydra.sweep.dir" if multirun else "hydra.run.dir"
        raise InputError(f"{text}: has no effect here: {_FOLDERS[bare][1]}; give {other}={value}")
    if bare == "hydra":
        raise InputError(f"{text}: not one key; give one, for example hydra.run.dir=my_folder")
    if _ONE_BY_ONE.match(bare) and not key.startswith("~"):
        raise InputError(f"{text}: a whole mapping cannot be given here; give each key by itself: {bare}.KEY=VALUE")


def folder_options(value: str, multirun: bool) -> list[ScenarioOption]:
    """Return the options of ``scenario.path=A`` (or ``A,B`` in a multirun), with names of their own."""
    texts = value.split(",") if multirun and not Path(value).expanduser().is_dir() else [value]
    found: list[ScenarioOption] = []
    for text in texts:
        option = folder_option(text.strip().strip("'\""))
        count = sum(other.name == option.name for other in found)
        found.append(ScenarioOption(f"{option.name}_{count + 1}", option.folder, option.path) if count else option)
    return found


def refuse_two_scenarios(
    ready: Sequence[str], folders: Sequence[ScenarioOption], known: Sequence[ScenarioOption]
) -> None:
    """Refuse ``scenario=NAME`` beside ``scenario.path=FOLDER`` when they mean different folders."""
    for text in ready:
        key, _, name = text.partition("=")
        if key.lstrip("+") != "scenario" or name in {folder.name for folder in folders}:
            continue
        same = [option for option in known if option.name == name and option.folder.resolve() == folders[0].folder.resolve()]
        if not same:
            raise InputError(
                f"{text}: contradicts scenario.path={folders[0].path}; give one of the two (scenario.path for your own folder)"
            )


def readable(text: str, key: str, value: str) -> str:
    """Quote the value of a path when Hydra's grammar cannot read it bare; write levels with targets as it can read them."""
    if _TARGETED.match(key):
        return targeted(key, value)
    if key.lstrip("+") not in _PATHS:
        return text
    try:
        OverridesParser.create().parse_override(text)
    except HydraException:
        return f"{key}={quoted(value)}"
    return text


def targeted(key: str, value: str) -> str:
    """Write a level of a lever with a target, whose slash Hydra would take for a group, as a mapping with one key."""
    node, _, slot = key.lstrip("+").rpartition(".")
    return f"++{node}={','.join(f'{{{slot}: {item}}}' for item in value.split(','))}"


def as_written(word: str) -> str:
    """Return a word of :func:`targeted` as the user wrote it; any other as it is."""
    match = _MAPPED.match(word)
    return f"{match[1]}.{match[2]}={match[3]}" if match else word


def quoted(value: str) -> str:
    """Return a value as a quoted string of Hydra's grammar."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'" if not value.startswith(("'", '"')) else value


def folder_of_package(name: str) -> str:
    """Return the folder of a config package named in a search path."""
    return str(importlib.resources.files(name.removeprefix("pkg://").replace("/", ".")))


def sets(file: Path, package: str, key: str) -> bool:
    """Return whether a config file, merged into ``package``, sets ``key`` or a key above or below it."""
    tree = OmegaConf.to_container(OmegaConf.load(file), resolve=False)
    parts = key.split(".")
    head = [part for part in package.split(".") if part]
    if parts[: len(head)] != head:
        return False
    rest = parts[len(head) :]
    for index, part in enumerate(rest):
        if not isinstance(tree, dict) or part not in tree:
            return False
        tree = tree[part]
        if index == len(rest) - 1:
            return True
    return bool(rest)


def short(file: Path) -> str:
    """Return a file's path relative to where the user is, when it lies below."""
    try:
        return os.path.relpath(file) if file.resolve().is_relative_to(Path.cwd()) else str(file)
    except OSError:
        return str(file)
