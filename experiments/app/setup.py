"""The setup: what a model is built from, as the fields of the page, and back to choices.

The fields are read off the model that is on the screen, so they show what it was built from. Only fields that are
changed become words of their own: a parameter file of the user's keeps its numbers while nobody touches the policy.
"""

from __future__ import annotations

import datetime as dt
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from agents.errors import InputError
from agents.policies import GOVERNMENT_POLICIES, GROUP_POLICIES
from experiments.app.desk import Choices
from sim import Scenario
from sim.compose import compose
from sim.interventions import DEFAULT_GOVERNMENT, DEFAULT_GROUP
from sim.options import builtin_scenarios, scenarios_in

CORNERS = ("default", "spiral", "deterrence", "zero")
_OWN_FIELDS = ("scenario", "scenario.path", "scenario.end", "seed", "corner")
_POLICY = "policy@policies."
#: A policy ``module:Class`` in an override.
_CLASS = re.compile(r"(?:^\+*policies\.\w+\.name=|\bpolicy:\s*)[\"']?[\w.]+:\w")


@dataclass(frozen=True)
class Form:
    """The fields of the setup, as text.

    Attributes
    ----------
    scenario
        A name, or a folder of the user's.
    seed, end
        As typed.
    corner
        Set of values for the contested signs; empty when the config was composed with one of the user's own.
    policies
        Policy by actor, governments first.
    groups
        Which of the actors are groups.
    further
        Overrides in a line, as on the command line.
    """

    scenario: str
    seed: str
    end: str
    corner: str
    policies: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    further: str = ""


def form_of(choices: Choices, scenario: Scenario) -> Form:
    """Return the fields that a model was built with."""
    config, cast = scenario.config, scenario.setting.cast
    given = _given(choices.words())
    listed = {actor: given.get(f"{_POLICY}{actor}", "") for actor in (*cast.governments, *cast.groups)}
    policies = {
        actor: word or (config.policies[actor].name if actor in config.policies else DEFAULT_GROUP if actor in cast.groups else DEFAULT_GOVERNMENT)
        for actor, word in listed.items()
    }
    further = [word for word in choices.words() if not _has_field(word)]
    builtin = {option.name for option in builtin_scenarios()}
    again = choices.folder is not None and config.scenario.name in builtin  # a finished run reads its own copy of the tables
    chosen = config.scenario.name if again else config.scenario.path or config.scenario.name
    return Form(
        chosen, str(config.seed), str(config.scenario.end), corner_of(choices), policies, cast.groups,
        shlex.join(further),
    )  # fmt: skip


def corner_of(choices: Choices) -> str:
    """Return the built-in corner that choices are composed with; empty for none or one of the user's own."""
    if choices.folder is not None:
        return ""
    given = _given(choices.words()).get("corner")
    if given is not None:
        return given if given in CORNERS else "zero" if given == "null" else ""
    if choices.config_name == "config":
        return CORNERS[0]
    try:
        files = compose(choices.words(), config_dir=choices.config_dir, config_name=choices.config_name, trusted=True).files
    except InputError:  # the user's file has changed or gone since the model was built
        return ""
    found = [file.stem for file in files if file.parent.name == "corner"]
    return found[-1] if found and found[-1] in CORNERS else ""


def choices_from(form: Form, shown: Form, before: Choices) -> Choices:
    """Return the choices that changed fields amount to.

    Parameters
    ----------
    form
        What is on the page.
    shown
        What was on it when the model was built.
    before
        The choices of that model.

    Raises
    ------
    InputError
        When a field cannot be read.
    """
    if not form.seed.strip().isdecimal():
        raise InputError(f"seed: {form.seed!r} is no whole number from 0 on; write for example 7")
    end = _date(form.end)
    moved = form.scenario != shown.scenario or before.folder is not None
    given = _given([] if before.folder is not None else before.words())
    words = _scenario_words(form.scenario) if moved else [f"{key}={given[key]}" for key in ("scenario", "scenario.path") if key in given]
    if "seed" in given or form.seed.strip() != shown.seed or moved:
        words.append(f"seed={int(form.seed)}")
    if form.corner and ("corner" in given or form.corner != shown.corner or moved):
        words.append(f"corner={form.corner}")
    if end and (moved or form.end.strip() != shown.end or "scenario.end" in given):
        words.append(f"scenario.end={end}")
    for actor, policy in form.policies.items():
        changed = moved or shown.policies.get(actor) != policy
        if changed or f"{_POLICY}{actor}" in given:
            words.append(f"{_POLICY}{actor}={policy}")
    leaves_file = moved and before.config_name != "config"
    return Choices(
        (*words, *_split(form.further, known=before.words())), before.config_dir, "config" if leaves_file else before.config_name,
    )  # fmt: skip


def with_scenario(form: Form, scenario: str, before: Choices) -> Form:
    """Return the fields for another scenario: its own policies and end.

    Raises
    ------
    InputError
        When it cannot be composed.
    """
    if scenario == form.scenario:
        return form
    composed = compose(_scenario_words(scenario), config_dir=before.config_dir)
    found = Scenario.from_config(composed.config, composed.folder)
    if not found.setting.cast.governments:
        raise InputError(f"scenario {scenario!r} has no governments; the app shows scenarios with governments")
    own = form_of(Choices(tuple(_scenario_words(scenario)), before.config_dir), found)
    return replace(form, scenario=scenario, end=own.end, policies=own.policies, groups=own.groups, corner=form.corner or CORNERS[0])


def scenarios_of(shown: Form, choices: Choices) -> list[str]:
    """Return the scenarios to choose from: built in, of the user's config folder, and the one that is on the screen."""
    own = scenarios_in(choices.config_dir / "scenarios", builtin=False) if choices.config_dir is not None else ()
    names = [option.name for option in builtin_scenarios()] + [option.path for option in own]
    return list(dict.fromkeys([*names, shown.scenario]))


def policies_of(actor: str, form: Form, choices: Choices, classes: Sequence[str]) -> list[str]:
    """Return the policies of an actor to choose from: registered ones, the user's files, and ``classes`` that were named."""
    known = list(GROUP_POLICIES if actor in form.groups else GOVERNMENT_POLICIES)
    files = sorted((choices.config_dir / "policy").glob("*.yaml")) if choices.config_dir is not None else []
    return list(dict.fromkeys([*known, *(file.stem for file in files), *classes, form.policies[actor]]))


def _given(words: list[str]) -> dict[str, str]:
    """Values of overrides by key; the last one counts."""
    return {key.lstrip("+"): value for key, _, value in (word.partition("=") for word in words)}


def _has_field(word: str) -> bool:
    """Whether an override has a field of its own on the page."""
    key = word.partition("=")[0].lstrip("+")
    return key in _OWN_FIELDS or key.startswith(_POLICY)


def _scenario_words(scenario: str) -> list[str]:
    """The override that chooses a scenario: by name, or by folder."""
    builtin = {option.name for option in builtin_scenarios()}
    return [f"scenario={scenario}" if scenario in builtin else f"scenario.path={Path(scenario)}"]


def _split(text: str, known: Collection[str]) -> list[str]:
    """Return the overrides in a line; one that has a field of its own is refused, and so is a class that nobody named.

    Parameters
    ----------
    text
        The line.
    known
        Overrides of the model on the screen: those of the command line may name a class.

    Raises
    ------
    InputError
        In one line: the override and what would be right.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InputError(f"further overrides: {text!r} cannot be read ({error}); write KEY=VALUE, separated by spaces") from None
    for word in words:
        if _has_field(word):
            raise InputError(f"further overrides: {word}: has a field of its own above; take it out of this line" + (
                " (a folder of your own is chosen by marchland app scenario.path=FOLDER)" if "scenario.path" in word else ""
            ))
        if word in known:
            continue
        if word.lstrip("+~").startswith("hydra") or "_target_" in word:
            raise InputError(f"further overrides: {word}: is taken on the command line only")
        if "${" in word:
            raise InputError(f"further overrides: {word}: ${{...}} is taken on the command line only; write the value itself")
        if _CLASS.search(word) and word.lstrip("+").startswith(("policies.", "interventions")):
            raise InputError(f"further overrides: {word}: a policy class is taken from the command line only")
    return words


def _date(text: str) -> dt.date | None:
    """Return a date, or nothing for no text."""
    if not text.strip():
        return None
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise InputError(f"last day: {text!r} is no date; write YYYY-MM-DD, for example 2023-10-03") from None
