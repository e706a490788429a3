"""What a composition gives: plain values, checked, with the model's keys apart from Hydra's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pydantic
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException
from yaml import YAMLError

from agents.errors import InputError
from sim import complaints, settings
from sim.displacement.read import INPUT, is_conflict_folder
from sim.folder import read_yaml
from sim.options import Tree, builtin_scenarios
from sim.studies import GROUP
from sim.study_options import WITHOUT


@dataclass(frozen=True)
class Composed:
    """A composed config.

    Attributes
    ----------
    config
        Plain nested dictionaries with every value, in the shape of :class:`sim.settings.Config`.
    overrides
        The overrides, as the user gave them.
    folder
        The scenario's folder.
    files
        The config files used, later ones win.
    trusted_classes
        Policies ``module:Class`` that the user named; no others may be imported.
    output
        Folder of the results: Hydra's ``hydra.run.dir``, in a multirun ``hydra.sweep.dir``.
    """

    config: Tree
    overrides: tuple[str, ...]
    folder: Path
    files: tuple[Path, ...]
    trusted_classes: tuple[str, ...] = ()
    output: str = ""


def settle(
    config: DictConfig,
    overrides: Sequence[str],
    files: tuple[Path, ...],
    trusted_classes: tuple[str, ...],
    output: str = "",
) -> Composed:
    """Turn what Hydra composed into plain values, and set apart what is not the model's.

    Raises
    ------
    InputError
        When a policy is a class that the user did not name.
    """
    node = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    try:
        tree = cast(Tree, OmegaConf.to_container(node, resolve=True, throw_on_missing=True))
    except MissingMandatoryValue as error:
        raise InputError(f"{error.full_key}: missing; give a value (KEY=VALUE)") from None
    placed = tree.get(GROUP)  # where Hydra puts a file of the group by itself
    if "study" in tree or (isinstance(placed, dict) and "study" in placed):
        raise InputError("study: a study is chosen on the command line (experiment=NAME), not in a file, since it must know its scenario")
    for key in cast(list[str], tree.pop(WITHOUT, [])):  # what a study takes out
        _take_out(tree, key)
    if not isinstance(tree.get("scenario"), dict):
        where = f"{files[-1]}: " if files else ""
        raise InputError(f"{where}scenario: missing; a config file begins with defaults: [config, _self_], or holds a complete config")
    scenario = cast(Tree, tree["scenario"])
    for actor, choice in cast(Tree, tree.get("policies") or {}).items():
        name = str(choice.get("name", "")) if isinstance(choice, dict) else ""
        if ":" in name and name not in trusted_classes:
            raise InputError(
                f"policies.{actor}.name: a class ({name!r}) is taken from the command line only, never from a file; "
                f"give policy@policies.{actor}={name}"
            )
    listed = tree.get("interventions")
    for k, item in enumerate(listed if isinstance(listed, list) else ()):
        name = str(item.get("policy", "")) if isinstance(item, dict) else ""
        if ":" in name and name not in trusted_classes:
            raise InputError(f"interventions[{k}].policy: a class ({name!r}) is taken from the command line only, never from a file; give the whole list there: interventions=[...]")
    path = scenario.get("path")
    builtin = {option.name: option.folder for option in builtin_scenarios()}
    folder = Path(str(path)).expanduser() if path else builtin[str(scenario["name"])]
    return Composed(tree, tuple(overrides), folder, files, trusted_classes, output)


def _take_out(tree: Tree, key: str) -> None:
    """Take a key out of a tree, as ``~KEY`` does on the command line."""
    *above, last = str(key).split(".")
    node: object = tree
    for step in above:
        node = node.get(step) if isinstance(node, dict) else None
    if not isinstance(node, dict) or last not in node:
        raise InputError(f"{WITHOUT}: no key {key!r} to take out; give a key of the config, for example levers.strikes")
    del node[last]


def validate(composed: Composed, origin: complaints.Origin | None = None) -> None:
    """Check a composed config against the schema.

    Raises
    ------
    InputError
        In one line: the key, who set it last and what would be right.
    """
    try:
        settings.validate(composed.config)
    except pydantic.ValidationError as error:
        raise complaints.from_pydantic(error, settings.Config, origin) from None


def check_dates(composed: Composed, origin: complaints.Origin) -> None:
    """Check that tables of the user's own exist, and that the days asked for lie within the scenario's.

    Raises
    ------
    InputError
        When there is no such table, when ``scenario.start`` or ``scenario.end`` lies outside, or the end before the start.
    """
    asked = settings.validate(composed.config).scenario
    for key, file in (("scenario.history", asked.history), ("scenario.exogenous", asked.exogenous)):
        if file and not Path(file).is_file():
            by = origin(key)
            where = by if by.startswith(f"{key}=") else f"{by}{key}: "
            raise InputError(f"{where}no such file {file!r}; give a table (CSV), as the scenario folder has one")
    declared = read_yaml(composed.folder)
    first, last = (dt.date.fromisoformat(str(declared[key])) for key in ("start", "end"))
    file = INPUT if is_conflict_folder(composed.folder) else "scenario.yaml"
    for key, date in (("scenario.start", asked.start), ("scenario.end", asked.end)):
        if date is None or not first <= date <= last:
            by = origin(key)
            where = by if by.startswith(f"{key}=") else f"{by}{key}: "
            raise InputError(
                f"{where}{date or 'nothing'} is outside the scenario; {composed.folder.name}/{file} has days "
                f"from {first} to {last}"
            )
    if is_conflict_folder(composed.folder) and asked.start != first:
        raise InputError(f"scenario.start: {asked.start} is not the first day of {composed.folder.name}; counts and fighting start on {first}")
    if asked.start is not None and asked.end is not None and asked.end < asked.start:
        raise InputError(f"{origin('scenario.end')}scenario.end: {asked.end} lies before scenario.start {asked.start}")


def check_primary(config_dir: Path | None, config_name: str) -> None:
    """Check that the user's primary config builds on the built-in one; what is no YAML is left to the composition.

    Raises
    ------
    InputError
        When it is no mapping, or has neither a list of defaults nor a scenario.
    """
    file = (config_dir or Path()) / f"{config_name}.yaml"
    if config_dir is None or config_name == "config" or not file.is_file():
        return
    try:
        tree = OmegaConf.to_container(OmegaConf.load(file), resolve=False)
    except (OSError, UnicodeDecodeError, YAMLError, OmegaConfBaseException):
        return
    if not isinstance(tree, dict) or not (isinstance(tree.get("defaults"), list) or "scenario" in tree):  # a complete config needs none
        raise InputError(f"{file}: has no list of defaults; a config file begins with defaults: [config, _self_]")


def said_path(config_dir: Path | None, config_name: str) -> str | None:
    """Return ``scenario.path`` as the user's primary config says it by itself, else nothing.

    A composition could tell too, but not of a file that chooses policies of actors which only that scenario has.
    """
    file = (config_dir or Path()) / f"{config_name}.yaml"
    try:
        tree = OmegaConf.to_container(OmegaConf.load(file), resolve=False) if config_dir is not None and file.is_file() else None
    except (OSError, UnicodeDecodeError, YAMLError, OmegaConfBaseException):
        return None  # the composition has its word on it
    scenario = tree.get("scenario") if isinstance(tree, dict) else None
    path = scenario.get("path") if isinstance(scenario, dict) else None
    return path if isinstance(path, str) and path and "${" not in path else None
