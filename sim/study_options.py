"""Named studies as options of Hydra's group ``experiment``, made for the scenario that they are to run on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from agents.errors import InputError
from sim.studies import GROUP, NamedStudy, find_study, on_scenario, read_study

#: Key of a generated option: what is taken out of the composed config.
WITHOUT = "without"
_POLICY = re.compile(r"^policy@policies\.(\w+)$")
Tree = dict[str, object]


@dataclass(frozen=True)
class StudyOption:
    """A study on a scenario as an option of the group ``experiment``."""

    name: str
    file: Path
    node: Tree


def option_of(study: NamedStudy, scenario: str, *, override_scenario: bool, given: Sequence[str]) -> StudyOption:
    """Return a study on a scenario as a node for Hydra, made from its base words.

    Parameters
    ----------
    study
        The study.
    scenario
        The scenario's name.
    override_scenario
        Whether the option chooses the scenario too (several scenarios in one multirun).
    given
        The user's words: a policy of theirs brings its own parameters, so the study's for that actor are left out.
    """
    defaults: list[object] = [{"override /scenario": scenario}] if override_scenario else []
    node: Tree = {WITHOUT: list(study.without)}
    for word in kept(study.base, given):
        key, _, value = word.partition("=")
        if "@" in key or key == "corner":
            defaults.append({f"override /{key}": value})
            continue
        steps, below = key.split("."), node
        for step in steps[:-1]:
            below = cast(Tree, below.setdefault(step, {}))
        below[steps[-1]] = _value(word)
    return StudyOption(f"{study.name}_on_{scenario}", study.file, {"defaults": [*defaults, "_self_"], **node})


def kept(base: Sequence[str], given: Sequence[str]) -> list[str]:
    """Return the base words of a study that the user's words leave in force."""
    keys = {word.partition("=")[0].lstrip("+") for word in given}
    replaced = {found[1] for key in keys if (found := _POLICY.match(key))}
    return [
        word for word in base
        if (key := word.partition("=")[0]) not in keys
        and not any(key.startswith(f"policies.{actor}.params.") for actor in replaced)
    ]  # fmt: skip


def with_studies(
    ready: Sequence[str], folders: Mapping[str, Path], *, config_dir: Path | None, default: str | None, multirun: bool
) -> tuple[list[str], tuple[StudyOption, ...]]:
    """Put options made for the scenario in the place of ``experiment=NAME``.

    Several scenarios in one multirun: each study becomes an option for each of them, which chooses its scenario itself;
    so the product of Hydra's ``-m`` stays the same.

    Parameters
    ----------
    ready
        Overrides for Hydra.
    folders
        Folders of the known scenarios by name.
    config_dir
        The user's own config folder.
    default
        The scenario when no word names one; nothing when only a file knows.
    multirun
        Whether values may be lists of values.

    Raises
    ------
    InputError
        In one line, when a study does not fit the scenario.
    """
    at = next((index for index, word in enumerate(ready) if word.partition("=")[0].lstrip("+") == GROUP), None)
    if at is None or ("," in ready[at] and not multirun):
        return list(ready), ()
    names = [name.strip() for name in ready[at].partition("=")[2].split(",")]
    if names == ["null"]:  # in Hydra's grammar null is no choice at all
        return [word for index, word in enumerate(ready) if index != at], ()
    texts = {name: (file, read_study(file)) for name in names if (file := find_study(name, config_dir)) is not None}
    if not any(text for _, text in texts.values()):
        return list(ready), ()  # a plain config file, or a slip of the pen, on which Hydra has its word
    word = next((word for word in ready if word.partition("=")[0].lstrip("+") == "scenario"), "")
    scenarios = [name.strip() for name in word.partition("=")[2].split(",")] if word else [default] if default else []
    if not scenarios:
        raise InputError(f"{ready[at]}: a study must know its scenario; give scenario=NAME on the command line too")
    several = len(scenarios) > 1
    options: dict[str, StudyOption] = {}
    chosen: list[str] = []
    for name in names:
        if name == "null":
            made_here = [_nothing(scenario if several else "") for scenario in (scenarios if several else [""])]
            options |= {option.name: option for option in made_here}
            chosen += [option.name for option in made_here]
            continue
        file, text = texts.get(name, (None, None))
        if file is None or text is None:
            if several:
                raise InputError(f"{ready[at]}: {name} is no study, so it cannot be joined to {word}; give one scenario, or studies only")
            chosen.append(name)
            continue
        for scenario in scenarios:
            if scenario not in folders:  # Hydra says so, with the known ones
                return [*(item for index, item in enumerate(ready) if index != at)], ()
            study = on_scenario(file, text, scenario, folders[scenario])
            option = option_of(study, scenario, override_scenario=several, given=ready)
            options[option.name] = option
            chosen.append(option.name)
    made = [f"{GROUP}={','.join(chosen)}" if index == at else item for index, item in enumerate(ready)]
    return [item for item in made if not (several and item == word)], tuple(options.values())


def _nothing(scenario: str) -> StudyOption:
    """Return the option that is no study, among others; it chooses a scenario where there are several."""
    defaults: list[object] = [{"override /scenario": scenario}] if scenario else []
    return StudyOption(f"none_on_{scenario}" if scenario else "none", Path(), {"defaults": [*defaults, "_self_"]})


def _value(word: str) -> object:
    """Return the value of a word, read with Hydra's grammar."""
    value = word.partition("=")[2]
    try:
        parsed = OverridesParser.create().parse_override(f"x={value}")
    except HydraException:
        return value
    if parsed.is_sweep_override():
        raise InputError(f"study.base: {word!r} has several values; write it under study.factors")
    found = parsed.value()
    return found if found is None or isinstance(found, bool | int | float | list | dict) else str(getattr(found, "text", found))
