"""The options that Hydra composes from, apart from the files of ``configs/``.

Three kinds of option are made at run time and put into Hydra's store: the node ``schema`` (the
default of every number, from the dataclasses), a ``scenario`` option a scenario folder (built-in
or a user's own), and a ``policy`` option a user's own class named on the command line.
"""

from __future__ import annotations

import copy
import dataclasses
import importlib.resources
import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from agents.errors import InputError
from agents.parameters import parameters_of
from agents.policies import GOVERNMENT_POLICIES
from sim.displacement.read import INPUT, LOCATIONS, SOURCE, is_conflict_folder
from sim.folder import holds_conflict, read_yaml
from sim.settings import Config, default_tree, to_tree
from sim.studies import GROUP as EXPERIMENT
from sim.study_options import StudyOption
from sim.trust import check_content

Tree = dict[str, object]

#: Sections of ``scenario.yaml`` that hold actors; the first two choose a policy each.
ACTORS: tuple[str, ...] = ("governments", "groups", "mediators")
WITH_POLICY: tuple[str, ...] = ACTORS[:2]
DEFAULT_POLICY: Mapping[str, str] = MappingProxyType({"governments": "status_quo", "groups": "steady"})
#: Sections that are merged as they stand.
_PLAIN: tuple[str, ...] = ("policies", "parameters", "levers")
#: What this module writes into Hydra's store.
_OURS: tuple[str, ...] = ("schema.yaml", "scenario", "own_params", "response", "policy", EXPERIMENT)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class ScenarioOption:
    """A scenario folder as an option of the group ``scenario``.

    ``path`` is the text to keep in the config: empty for a built-in scenario.
    """

    name: str
    folder: Path
    path: str

    @property
    def file(self) -> Path:
        """The folder's ``scenario.yaml``; of a folder in Flee's format its table of places."""
        return self.folder / INPUT / LOCATIONS if is_conflict_folder(self.folder) else self.folder / "scenario.yaml"


@dataclass(frozen=True)
class ClassOption:
    """A user's own policy class as an option of the group ``policy``."""

    option: str
    name: str


def builtin_scenarios() -> tuple[ScenarioOption, ...]:
    """Return the scenarios that come with Marchland, by name."""
    root = Path(str(importlib.resources.files("configs"))) / "scenarios"
    return scenarios_in(root, builtin=True)


def scenarios_in(root: Path, *, builtin: bool) -> tuple[ScenarioOption, ...]:
    """Return every folder of ``root`` that holds a ``scenario.yaml`` or a conflict in Flee's format."""
    if not root.is_dir():
        return ()
    folders = sorted({file.parent for name in ("scenario.yaml", INPUT) for file in root.glob(f"*/{name}")})
    return tuple(ScenarioOption(f.name, f, "" if builtin else str(f)) for f in folders)


def folder_option(path: str) -> ScenarioOption:
    """Return the option of a user's own folder (``scenario.path=FOLDER``), with a ``scenario.yaml`` or in Flee's format.

    Raises
    ------
    InputError
        When there is no such folder, or it holds no scenario, or two.
    """
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise InputError(
            f"scenario.path: no folder {path!r}; give a folder with a scenario.yaml (marchland new-scenario NAME makes one) "
            f"or one in Flee's format ({INPUT}/ and {SOURCE}/)"
        )
    if not holds_conflict(folder) and not (folder / "scenario.yaml").is_file():
        raise InputError(
            f"{path}/scenario.yaml: missing; a scenario folder needs one (marchland new-scenario NAME makes an example), "
            f"or {INPUT}/ and {SOURCE}/ in Flee's format"
        )
    name = re.sub(r"\W", "_", folder.resolve().name, flags=re.ASCII) or "scenario"
    return ScenarioOption(name if _NAME.fullmatch(name) else f"_{name}", folder, str(folder))


def actor_defaults(section: str) -> Tree:
    """Return the defaults of an actor's settings, so that each can be overridden without ``+``."""
    hint = typing.get_type_hints(Config).get(section)
    arguments = typing.get_args(hint)
    schema = arguments[-1] if arguments else None
    if not dataclasses.is_dataclass(schema):
        return {}
    defaults: Tree = {}
    for name, info in getattr(schema, "__pydantic_fields__", {}).items():
        if not info.is_required():
            value = info.get_default(call_default_factory=True)
            defaults[name] = to_tree(value)
    return defaults


def scenario_node(option: ScenarioOption) -> tuple[Tree, dict[str, tuple[str, Tree]]]:
    """Return the Hydra node of a scenario folder, and by actor its policy with that policy's parameters.

    Raises
    ------
    InputError
        When an actor is malformed or names a class of a stranger.
    """
    tree = read_yaml(option.folder)
    check_content(str(option.file), tree)
    policies: dict[str, tuple[str, Tree]] = {}
    node: Tree = {
        "scenario": {
            "name": option.name,
            "path": option.path or None,
            **{key: value for key, value in tree.items() if key not in (*ACTORS, *_PLAIN, "schema_version", "roles")},
        }
    }
    for section in ACTORS:
        actors = _mapping(tree.get(section), option.file, section)
        defaults = actor_defaults(section)
        node[section] = {}
        for name, given in actors.items():
            where = f"{section}.{name}"
            settings = _mapping(given, option.file, where)
            if not _NAME.fullmatch(str(name)):
                raise InputError(f"{option.file}: {where}: a name has letters, digits and _ only, and starts with a letter")
            if section in WITH_POLICY:
                if name in policies:
                    raise InputError(f"{option.file}: {where}: two actors are called {name!r}; names are unique")
                policies[name] = _own_policy(settings, option.file, where, DEFAULT_POLICY[section])
            typing.cast(Tree, node[section])[name] = {**copy.deepcopy(defaults), **settings}
    node.update({key: tree[key] for key in _PLAIN if tree.get(key) is not None})
    return node, policies


def _mapping(value: object, file: Path, where: str) -> Tree:
    """Return a copy of a mapping of the file; nothing counts as empty."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"{file}: {where}: must be a mapping of keys to values, not {value!r}")
    return dict(value)


def _own_policy(settings: Tree, file: Path, where: str, default: str) -> tuple[str, Tree]:
    """Take ``policy`` and ``policy_params`` out of an actor's settings."""
    policy = str(settings.pop("policy", None) or default)
    params = _mapping(settings.pop("policy_params", None), file, f"{where}.policy_params")
    if ":" in policy:
        raise InputError(
            f"{file}: {where}.policy: a class ({policy!r}) is taken from the command line only, never from a file; "
            f"give policy@policies.{where.split('.')[-1]}={policy}"
        )
    return policy, params


def responses() -> dict[str, dict[str, dict[str, float]]]:
    """Return by corner and policy how a government answers pressure, for the policies that answer at all.

    A corner takes the end of a parameter's range that it stands for, and leaves the other sign out.
    """
    found: dict[str, dict[str, dict[str, float]]] = {corner: {} for corner in ("spiral", "deterrence", "zero")}
    for name, policy in GOVERNMENT_POLICIES.items():
        high = {row.path: row.high for row in parameters_of(policy.parameters) if row.path in ("spiral", "deterrence")}
        if len(high) == 2:
            for corner, policies in found.items():
                policies[name] = {sign: high[sign] if sign == corner else 0.0 for sign in high}
    return found


def _choice_of(actor: str) -> str:
    """Return an interpolation in a defaults list for the policy chosen for an actor.

    Hydra 1.4 resolves ``${policy@policies.north}`` itself; 1.3 splits that key at the dot, so a
    resolver looks it up whole.
    """
    if hydra_at_least("1.4"):
        return f"${{policy@policies.{actor}}}"
    OmegaConf.register_new_resolver(
        "chosen_policy", lambda name, *, _root_: _root_[f"policy@policies.{name}"], replace=True
    )
    return f"${{chosen_policy:{actor}}}"


def _corner_and_choice_of(actor: str) -> str:
    """Return an interpolation for ``CORNER_POLICY``; a primary config without a corner has the default one."""
    if hydra_at_least("1.4"):
        return f"${{corner}}_{_choice_of(actor)}"
    OmegaConf.register_new_resolver("chosen_corner", lambda *, _root_: _root_.get("corner") or "default", replace=True)
    return f"${{chosen_corner:}}_{_choice_of(actor)}"


def hydra_at_least(version: str) -> bool:
    """Return whether the installed Hydra is that version (``major.minor``) or newer."""
    found = tuple(int(part) for part in hydra.__version__.split(".")[:2])
    return found >= tuple(int(part) for part in version.split("."))


@contextmanager
def registered(
    scenarios: Sequence[ScenarioOption], classes: Sequence[ClassOption], studies: Sequence[StudyOption] = ()
) -> Iterator[None]:
    """Hold the options in Hydra's store for the duration of the block, and leave it as it was.

    A scenario's own policy parameters are options of their own (``own_params/SCENARIO/ACTOR``), taken
    only while the actor keeps that policy: with another policy they would be unknown parameters.
    """
    store = ConfigStore.instance()
    before = {key: copy.copy(store.repo[key]) for key in _OURS if key in store.repo}
    try:
        store.store(name="schema", node=default_tree())
        for option in {option.name: option for option in scenarios}.values():  # of the same name the last: the user's
            node, policies = scenario_node(option)
            defaults: list[object] = []
            for actor, (policy, params) in policies.items():
                defaults.append({f"/policy@policies.{actor}": policy})
                if params:
                    group = f"own_params/{option.name}/{actor}"
                    store.store(group=group, name=policy, node=params)
                    defaults.append({f"optional /{group}@policies.{actor}.params": _choice_of(actor)})
                # After the scenario's own parameters: who asks for a corner wants all of it.
                defaults.append({f"optional /response@policies.{actor}.params": _corner_and_choice_of(actor)})
            defaults.append("_self_")
            store.store(group="scenario", name=option.name, package="_global_", node={"defaults": defaults, **node})
        for corner, answers in responses().items():
            for name, answer in answers.items():
                store.store(group="response", name=f"{corner}_{name}", node=dict(answer))
        for choice in dict.fromkeys(classes):
            store.store(group="policy", name=choice.option, node={"name": choice.name, "params": {}})
        for study in studies:
            store.store(group=EXPERIMENT, name=study.name, package="_global_", node=dict(study.node))
        yield
    finally:
        for key in _OURS:
            store.repo.pop(key, None)
        store.repo.update(before)
