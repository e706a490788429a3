"""The tables that a study reads, kept in its folder: it can be gone on with, and run again, wherever the folder goes."""

from __future__ import annotations

import copy
import itertools
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.study.claim import writing
from experiments.study.task import Payload
from sim.fingerprint import ELSEWHERE, file_hash

if TYPE_CHECKING:
    from sim.tables import Tables

FOLDER = "scenario"


def keep_inputs(payload: Payload, study: Path) -> Payload:
    """Copy what a study reads into its folder, byte by byte, and return the payload that reads the copy.

    Call it when the folder is locked and claimed: a copy of anything else is set aside.

    Parameters
    ----------
    payload
        What is to be run.
    study
        The study's folder.

    Raises
    ------
    InputError
        When the tables are wrong, or the folder cannot be written.
    """
    if payload.model != "scenario":
        return payload
    from sim.scenario import Scenario

    target = study / FOLDER
    if Path(payload.folder).resolve() == target.resolve():
        return from_copy(payload, study)
    tables = Scenario.from_config(payload.base, Path(payload.folder), payload.trusted).tables
    keep_tables(tables, payload.base, target)
    return from_copy(payload, study)


def keep_tables(tables: Tables, config: Mapping[str, object], target: Path) -> None:
    """Copy the files that were read to ``target``, whole or not at all; a copy that is the same already stays.

    What else is there gets another name: it may be of a former plan, or have notes of the user in it.
    """
    names = _names(tables, config)
    there = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()} if target.is_dir() else set()
    if there == set(names) and all(file_hash(target / name) == file_hash(file) for name, file in names.items()):
        return
    scratch = target.with_name(f".{target.name}-{os.getpid()}")
    with writing(target.parent):
        try:
            for name, file in names.items():
                (scratch / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, scratch / name)
            if target.exists():
                target.rename(next(free for count in itertools.count(1) if not (free := target.with_name(f"{target.name}-before-{count}")).exists()))
            scratch.rename(target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def from_copy(payload: Payload, study: Path) -> Payload:
    """Return a payload that reads its tables from the copy in the study's folder."""
    folder = (study / FOLDER).resolve()
    return replace(payload, base=placed(payload.base, folder), folder=str(folder))


def placed(base: Mapping[str, object], folder: Path) -> dict[str, object]:
    """Return a config whose paths point into a copy of its tables."""
    tree = copy.deepcopy(dict(base))
    chosen = tree.get("scenario")
    if isinstance(chosen, dict):
        chosen["path"] = str(folder)
        for key in ELSEWHERE:
            own = folder / f"{key}.csv"
            chosen[key] = str(own) if chosen.get(key) and own.is_file() else None
    return tree


def nameless(base: Mapping[str, object]) -> dict[str, object]:
    """Return a config with the names of its files, but not with their places on this machine."""
    tree = dict(base)
    if isinstance(chosen := tree.get("scenario"), Mapping):
        files = {key: Path(str(chosen[key])).name for key in ELSEWHERE if chosen.get(key)}
        tree["scenario"] = {**{key: value for key, value in chosen.items() if key != "path"}, **files}
    return tree


def _names(tables: Tables, config: Mapping[str, object]) -> dict[str, Path]:
    """Return the files that were read by the names that their copies get."""
    chosen = config.get("scenario")
    given = {str(chosen[key]): key for key in ELSEWHERE if chosen.get(key)} if isinstance(chosen, Mapping) else {}
    names: dict[str, Path] = {}
    if tables.conflict is None:
        names["scenario.yaml"] = tables.folder / "scenario.yaml"
    for file in tables.files:
        key = next((key for path, key in given.items() if Path(path) == file), None)
        inside = file.is_relative_to(tables.folder)
        names[f"{key}.csv" if key else file.relative_to(tables.folder).as_posix() if inside else file.name] = file
    return names
