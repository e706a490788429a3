"""Named studies: files of the group ``experiment`` that say what a study asks, varies and looks at.

A study is written once for all scenarios. It names its actors by the part they play, ``{host}`` or ``{origin}``; who
plays the part on a scenario is said in the scenario's own ``roles``, or for one scenario in the study. A study holds
words as they are typed on the command line, and no code.
"""

from __future__ import annotations

import dataclasses
import importlib.resources
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pydantic
import pydantic.dataclasses
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import Field
from yaml import YAMLError

from agents.errors import InputError, one_of
from agents.parameters import STRICT
from sim.complaints import did_you_mean, from_pydantic
from sim.folder import read_yaml
from sim.settings import Config
from sim.trust import check_content

GROUP = "experiment"
_ROLE = re.compile(r"\{(\w+)\}")
#: What a study may say of its design. Where and by whom it is run is the user's affair.
DESIGN = ("design", "n", "trajectories", "levels", "second_order", "replicates", "seeds", "design_seed", "series")
_KEY = re.compile(r"\w(?:[\w./ -]*\w)?")
_POLICY = re.compile(r"policy@policies\.[\w -]+")
#: Beginnings of keys that a study may set: those of the config, but for the choice of the scenario.
_SECTIONS = (*(field.name for field in dataclasses.fields(Config)), "corner")
_NOT_ITS_OWN = ("scenario", "scenario.path", "scenario.name")
Tree = dict[str, object]


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class StudyFactor:
    """A factor, as a word of ``marchland sweep``, and why it is varied over these values."""

    vary: str
    why: str


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class OnScenario:
    """What a study adds on one scenario: who plays which part, and words of its own."""

    roles: dict[str, str] = Field(default_factory=dict)
    base: list[str] = Field(default_factory=list)


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class StudyText:
    """A study as its file has it, with placeholders."""

    title: str
    question: str
    factors: list[StudyFactor]
    design: dict[str, str | int | float | bool]
    base: list[str] = Field(default_factory=list)
    without: list[str] = Field(default_factory=list)
    scenarios: dict[str, OnScenario] = Field(default_factory=dict)
    outcomes: list[str] = Field(default_factory=list)
    analyses: list[str] = Field(default_factory=list)
    reading: str = ""


@dataclass(frozen=True)
class NamedStudy:
    """A study on one scenario, placeholders filled.

    Attributes
    ----------
    name, title, question, reading
        What it is called and asks, and how its results are read.
    file
        Its file.
    roles
        Actors of the scenario by the part they play.
    base
        Overrides that all of its runs have.
    without
        Keys taken out of the config, as ``levers.strikes``.
    design
        Settings of ``marchland sweep``: design, replicates and so on.
    factors
        Factors as words of ``marchland sweep``.
    whys
        Why each factor is varied so.
    outcomes, analyses
        What to look at, and how.
    """

    name: str
    file: Path
    title: str
    question: str
    reading: str
    roles: Mapping[str, str]
    base: tuple[str, ...]
    without: tuple[str, ...]
    design: Mapping[str, str]
    factors: tuple[str, ...]
    whys: tuple[str, ...]
    outcomes: tuple[str, ...]
    analyses: tuple[str, ...]


def builtin_studies() -> tuple[Path, ...]:
    """Return the files of the studies that come with Marchland, by name."""
    return tuple(sorted((Path(str(importlib.resources.files("configs"))) / GROUP).glob("*.yaml")))


def find_study(name: str, config_dir: Path | None = None) -> Path | None:
    """Return the file of an experiment: a path that ends in ``.yaml``, the user's own, else a built-in one.

    Raises
    ------
    InputError
        When a path leads nowhere.
    """
    if name.endswith((".yaml", ".yml")):
        path = Path(name).expanduser()
        if not path.is_file():
            raise InputError(f"{GROUP}={name}: no such file; give a YAML file with study:, or a name ({one_of([f.stem for f in builtin_studies()])})")
        return path
    own = [config_dir / GROUP / f"{name}.yaml"] if config_dir is not None else []
    files = [*own, *(file for file in builtin_studies() if file.stem == name)]
    return next((file for file in files if file.is_file()), None)


def read_study(file: Path) -> StudyText | None:
    """Read and check the ``study`` of a file; nothing when it has none.

    Raises
    ------
    InputError
        In one line: the file, the key and what would be right.
    """
    try:
        tree = OmegaConf.to_container(OmegaConf.load(file), resolve=False)
    except (OSError, UnicodeDecodeError, YAMLError, OmegaConfBaseException) as error:
        raise InputError(f"{file}: cannot be read as YAML ({' '.join(str(error).split())[:200]}); check indentation and colons") from None
    if not isinstance(tree, dict) or "study" not in tree:
        return None
    check_content(str(file), tree)
    beside = [str(key) for key in tree if key != "study"]
    if beside:
        raise InputError(f"{file}: {beside[0]}: stands beside study; write it as a word of study.base, for example - seed=7")
    try:
        text = pydantic.TypeAdapter(StudyText).validate_python(tree["study"])
    except pydantic.ValidationError as error:
        raise from_pydantic(error, StudyText, lambda key: f"{file}: study.") from None
    for key in text.design:
        if key not in DESIGN:
            raise InputError(f"{file}: study.design.{key}: a study does not set this{did_you_mean(key, DESIGN)}; known: {one_of(DESIGN)}")
    for word in (*text.base, *(word for one in text.scenarios.values() for word in one.base)):
        _check_word(_ROLE.sub("part", word), f"{file}: study.base: {word!r}")
    for factor in text.factors:
        _check_word(_ROLE.sub("part", factor.vary), f"{file}: study.factors: {factor.vary!r}")
    for key in text.without:
        _check_word(f"{key.replace('=', ':')}=", f"{file}: study.without: {key!r}")  # a key alone, without a value
    return text


def on_scenario(file: Path, text: StudyText, scenario: str, folder: Path) -> NamedStudy:
    """Fill the placeholders of a study for a scenario.

    Raises
    ------
    InputError
        When nobody plays a part, or an actor is named that the scenario has not.
    """
    here = text.scenarios.get(scenario, OnScenario())
    tree = read_yaml(folder)
    own = tree.get("roles") or {}
    if not isinstance(own, dict):
        raise InputError(f"{folder}/scenario.yaml: roles: must name actors, for example host: north")
    actors = [str(name) for section in ("governments", "groups", "mediators") for name in cast(Tree, tree.get(section) or {})]
    roles = {**{str(key): str(value) for key, value in own.items()}, **here.roles}
    for part, actor in roles.items():
        if actor not in actors:
            where = f"{file}: study.scenarios.{scenario}.roles" if part in here.roles else f"{folder}/scenario.yaml: roles"
            raise InputError(f"{where}.{part}: no actor {actor!r}{did_you_mean(actor, actors)}; known: {one_of(actors)}")
    known = {**roles, "scenario": scenario, "folder": str(folder)}

    def filled(word: str) -> str:
        for part in _ROLE.findall(word):
            if part not in known:
                raise InputError(
                    f"{GROUP}={file.stem}: nobody plays {part!r} in the scenario {scenario!r}; add to its scenario.yaml  roles: "
                    f"{{{part}: ACTOR}}  (actors: {one_of(actors)})"
                )
        return _ROLE.sub(lambda found: known[found[1]], word)

    def checked(word: str, section: str) -> str:
        _check_word(filled(word), f"{file}: study.{section}: {word!r}")  # again: names of actors are from a file too
        return filled(word)

    return NamedStudy(
        name=file.stem, file=file, title=text.title, question=text.question, reading=text.reading, roles=roles,
        base=tuple(checked(word, "base") for word in (*text.base, *here.base)), without=tuple(text.without),
        design={key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in text.design.items()},
        factors=tuple(checked(factor.vary, "factors") for factor in text.factors), whys=tuple(factor.why for factor in text.factors),
        outcomes=tuple(filled(name) for name in text.outcomes), analyses=tuple(text.analyses),
    )  # fmt: skip


def _check_word(word: str, where: str) -> None:
    """Refuse a word of a study that is more than a number or a name for a key of the config.

    The words of a study become words of the command line, where the user speaks: so none of them may name code, an
    option of the command, or a setting of Hydra's.
    """
    key, equals, value = word.partition("=")
    known = _POLICY.fullmatch(key) or (_KEY.fullmatch(key) and re.split("[./]", key)[0] in _SECTIONS)
    if not equals or not known or key in _NOT_ITS_OWN:
        raise InputError(f"{where} is no override of the config; write KEY=VALUE, for example policy@policies.{{host}}=status_quo")
    if key.startswith("polic") and ":" in value:
        raise InputError(f"{where}: a class is taken from the command line only, never from a file")
    check_content(where, [word])
