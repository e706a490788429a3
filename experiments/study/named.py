"""``experiment=NAME`` for ``marchland sweep``: a named study written out as the words that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agents.errors import InputError, one_of
from sim.complaints import did_you_mean
from sim.options import builtin_scenarios, folder_option
from sim.studies import GROUP, NamedStudy, builtin_studies, find_study, on_scenario, read_study
from sim.study_options import kept

#: The scenario of a study when no word names one, as in ``configs/config.yaml``.
DEFAULT_SCENARIO = "pakistan_afghanistan"


def expand(words: Sequence[str]) -> list[str]:
    """Write a named study out as words: its base, design and factors, then the user's words, which win.

    Parameters
    ----------
    words
        The words of the command line; without ``experiment=`` they come back as they are.

    Raises
    ------
    InputError
        In one line: an unknown study, a file that is none, or a part that nobody plays in the scenario.
    """
    own = [word for word in words if _key(word) != GROUP]
    named = [word.partition("=")[2] for word in words if _key(word) == GROUP]
    if not named or named[-1] in ("", "null"):
        return own
    study = study_of(named[-1], own)
    given = {word.partition("=")[0].lstrip("~+") for word in own}
    factors = kept(study.factors, own)
    settings = [f"{key}={value}" for key, value in study.design.items() if key not in given]
    if "design=file" in own:  # a table of the user's own holds all factors
        factors = []
    varied = {word.partition("=")[0] for word in factors}
    without = [f"~{key}" for key in study.without if not any(key == one or one.startswith(f"{key}.") for one in given)]
    fixed = [word for word in kept(study.base, own) if word.partition("=")[0] not in varied]
    return [*settings, *fixed, *without, *factors, *own]


def _key(word: str) -> str:
    """Return the key of a word, also of one that Hydra's grammar adds."""
    return word.partition("=")[0].lstrip("+")


def study_of(name: str, words: Sequence[str]) -> NamedStudy:
    """Return a named study on the scenario that the words choose.

    Raises
    ------
    InputError
        When there is no such study, or the scenario lacks a part.
    """
    if "," in name:
        raise InputError(f"{GROUP}={name}: a sweep runs one study; give one name, and a command each")
    file = find_study(name)
    known = [path.stem for path in builtin_studies()]
    if file is None:
        raise InputError(f"{GROUP}={name}: unknown study{did_you_mean(name, known)}; known: {one_of(known)}, or a file of your own that ends in .yaml")
    text = read_study(file)
    if text is None:
        raise InputError(f"{file}: has no study:, so it is no study; marchland run experiment={name} may take it")
    scenario, folder = _scenario(words)
    return on_scenario(file, text, scenario, folder)


def _scenario(words: Sequence[str]) -> tuple[str, Path]:
    """Return name and folder of the scenario that the words choose."""
    name = DEFAULT_SCENARIO
    for word in words:
        key, _, value = word.lstrip("+").partition("=")
        if key == "scenario.path":
            option = folder_option(value.strip("'\""))
            return option.name, option.folder
        if key == "scenario":
            name = value
    folders = {option.name: option.folder for option in builtin_scenarios()}
    if name not in folders:
        raise InputError(f"scenario={name}: unknown scenario{did_you_mean(name, tuple(folders))}; known: {one_of(tuple(folders))}")
    return name, folders[name]


def help_lines() -> list[str]:
    """Return a line for each named study that comes with Marchland."""
    found = [(file.stem, text) for file in builtin_studies() if (text := read_study(file)) is not None]
    width = max((len(name) for name, _ in found), default=0)
    return ["named studies (marchland sweep experiment=NAME scenario=two_states; your words win over the study's):",
            *(f"  {name:<{width}}  {text.title}" for name, text in found)]  # fmt: skip
