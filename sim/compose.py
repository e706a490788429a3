"""One ``compose()`` for the command line and for Python: overrides in, a checked config out.

Hydra merges, in this order: the defaults of the dataclasses (node ``schema``), the scenario folder's
``scenario.yaml``, the policies' files, the corner, ``config.yaml`` or the user's own primary config, and the
overrides. The result is checked by the schema (:class:`sim.settings.Config`).
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from hydra import compose as hydra_compose
from hydra import initialize_config_module
from hydra._internal.hydra import Hydra  # the only way to what `--config-dir` does
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from agents.errors import InputError
from sim import complaints
from sim.composed import Composed, check_dates, check_primary, said_path, settle, validate
from sim.options import ClassOption, ScenarioOption, Tree, builtin_scenarios, hydra_at_least, registered, scenarios_in
from sim.overrides import check_plain, folder_of_package, folder_options, readable, refuse_two_scenarios, sets, short
from sim.studies import GROUP
from sim.study_options import StudyOption, with_studies
from sim.trust import guarded

_CLASS_CHOICE = re.compile(r"^\+*policy@policies\.(\w+)$")
_CLASS_NAME = re.compile(r"^\+*policies\.(\w+)\.name$")
_CLASS_LISTED = re.compile(r"\bpolicy:\s*[\"']?([\w.]+:\w+)")
#: Mappings whose keys the schema leaves open: an override may add one without ``+``.
_OPEN = re.compile(r"^(policies\.\w+\.params|governments\.\w+\.baseline)\.")
#: Hydra's own state is global: threads, such as two windows of the app, compose one after the other.
_ALONE = threading.RLock()
#: Hydra 1.4 warns when a version base is given at all; 1.3 warns when none is.
VERSION_BASE: dict[str, str] = {} if hydra_at_least("1.4") else {"version_base": "1.3"}


def compose(
    overrides: Sequence[str] = (),
    *,
    config_dir: Path | None = None,
    config_name: str = "config",
    trusted: bool = False,
) -> Composed:
    """Compose and check a config.

    Parameters
    ----------
    overrides
        In Hydra's grammar: ``["scenario=two_states", "seed=7"]``.
    config_dir
        A user's own config folder, searched besides the built-in one; its ``scenarios/NAME`` are
        scenarios as well.
    config_name
        Name of the primary config.
    trusted
        Whether the overrides come from the user (command line, Python), who may name a class
        ``module:Class`` of a policy.

    Raises
    ------
    InputError
        In one line: the key, who set it last and what would be right.
    """
    with _ALONE, session(overrides, config_dir=config_dir, config_name=config_name, trusted=trusted) as opened:
        return opened.compose()


@contextmanager
def session(
    overrides: Sequence[str],
    *,
    config_dir: Path | None = None,
    config_name: str = "config",
    trusted: bool = False,
    multirun: bool = False,
) -> Iterator[Session]:
    """Register the options that the overrides need, for one composition or for a whole Hydra run."""
    if config_dir is not None and not config_dir.is_dir():
        raise InputError(f"--config-dir: no folder {str(config_dir)!r}")
    check_primary(config_dir, config_name)
    opened = _open(overrides, config_dir, config_name, trusted, multirun)
    if not opened.chosen and (config_name != "config" or config_dir is not None):
        with registered(opened.scenarios, opened.classes, opened.studies), guarded():
            implied = opened.path_in_files()
        if implied is not None:
            opened = _open([*overrides, f"scenario.path={implied}"], config_dir, config_name, trusted, multirun)
    with registered(opened.scenarios, opened.classes, opened.studies), guarded():
        yield opened


@dataclass(frozen=True)
class Session:
    """Overrides made ready for Hydra, with the options they need registered.

    ``given`` are the overrides as the user wrote them, ``ready`` what Hydra gets.
    """

    given: tuple[str, ...]
    ready: tuple[str, ...]
    config_dir: Path | None
    config_name: str
    scenarios: tuple[ScenarioOption, ...]
    classes: tuple[ClassOption, ...]
    trusted_classes: tuple[str, ...]
    chosen: bool  #: whether the overrides name a folder by ``scenario.path``
    multirun: bool  #: whether values may be lists of values (``-m``)
    studies: tuple[StudyOption, ...] = ()

    def compose(self, ready: Sequence[str] | None = None) -> Composed:
        """Compose and check; ``ready`` are the overrides of one job of a multirun."""
        texts = list(self.ready if ready is None else ready)
        with self._hydra():
            try:
                config = hydra_compose(self.config_name, overrides=texts, return_hydra_config=True)
                output = str(config.hydra.sweep.dir if self.multirun else config.hydra.run.dir)
                files = self._files(config, texts)
                composed = settle(config, self.given, tuple(file for _, file in files), self.trusted_classes, output)
            except Exception as error:
                if not complaints.is_config_error(error):
                    raise
                raise self._explained(error) from None
        origin = self._origin(texts, files)
        validate(composed, origin)
        check_dates(composed, origin)
        return composed

    def sweeps(self) -> dict[str, list[str]]:
        """Return the values of each override that has several, by the key as Hydra gets it; nothing is composed."""
        found = [override for override in self._parsed(self.ready) if override.is_sweep_override()]
        return {override.get_key_element().lstrip("+"): list(override.sweep_string_iterator()) for override in found}

    def jobs(self) -> Iterator[tuple[str, ...]]:
        """Yield the overrides of every job of a multirun: Hydra's Cartesian product."""
        values: list[list[str]] = []
        for override in self._parsed(self.ready):
            if override.is_sweep_override():
                values.append([f"{override.get_key_element()}={item}" for item in override.sweep_string_iterator()])
            else:
                values.append([str(override.input_line)])
        yield from itertools.product(*values)

    def path_in_files(self) -> str | None:
        """Return ``scenario.path`` when a config file of the user sets it, else ``None``."""
        if (said := said_path(self.config_dir, self.config_name)) is not None:
            return said
        with self._hydra():
            try:
                first = next(self.jobs(), self.ready)
                config = hydra_compose(self.config_name, overrides=list(first))
                path, name = OmegaConf.select(config, "scenario.path"), OmegaConf.select(config, "scenario.name")
            except Exception as error:
                if complaints.is_config_error(error):
                    raise self._explained(error) from None
                raise
        known = {option.path for option in self.scenarios if option.name == name}
        return None if not path or str(path) in known else str(path)

    def _parsed(self, texts: Sequence[str]) -> list[Override]:
        """Parse overrides with Hydra's grammar."""
        parser = OverridesParser.create()
        try:
            return [parser.parse_override(text) for text in texts]
        except HydraException as error:
            raise self._explained(error) from None

    @contextmanager
    def _hydra(self) -> Iterator[None]:
        """Initialise Hydra for a composition, and leave its global state as it was."""
        outer = GlobalHydra.instance().hydra  # a run under Hydra may compose again
        GlobalHydra.instance().clear()
        try:
            with initialize_config_module("configs", job_name="marchland", **VERSION_BASE):
                if self.config_dir is not None:  # as `--config-dir` does in Hydra's own main
                    search_path = GlobalHydra.instance().config_loader().get_search_path()
                    folder = f"file://{self.config_dir.resolve()}"
                    search_path.prepend("command-line", folder, anchor=SearchPathQuery(provider="schema", path=None))
                    GlobalHydra.instance().clear()
                    Hydra.create_main_hydra2("marchland", search_path)
                yield
        finally:
            GlobalHydra.instance().hydra = outer

    def _explained(self, error: Exception) -> InputError:
        """Return the one line for an error of composition."""
        bad = error.override if isinstance(error, OverrideParseException) else None
        if bad is not None:
            return InputError(
                f"{bad}: cannot be read as an override; write KEY=VALUE, for example seed=7 "
                "(quote a value with special characters: KEY=\"'VALUE'\")"
            )
        choices: dict[str, str] = {}
        known: list[str] = []
        try:  # what could have been meant: the same choices of groups, without values
            with self._hydra():
                groups = [text for text in self.ready if re.match(r"^(scenario|corner)=\w+$", text)]
                config = hydra_compose(
                    self.config_name, overrides=groups, return_hydra_config=True
                )
                choices = {str(key): str(value) for key, value in config.hydra.runtime.choices.items()}
                tree = cast(Tree, OmegaConf.to_container(config, resolve=False))
                known = complaints.flat_keys({key: value for key, value in tree.items() if key != "hydra"})
        except Exception as second:
            if not complaints.is_config_error(second):
                raise
        return complaints.from_hydra(error, self.given, choices, known, self._files_of_parents())

    def _files_of_parents(self) -> dict[str, str]:
        """Return the files behind options that are made from scenario folders, by Hydra's name for them."""
        return {f"scenario/{option.name}": str(option.file) for option in self.scenarios}

    def _files(self, config: DictConfig, texts: list[str]) -> list[tuple[str, Path]]:
        """Return the config files used with the package each was merged into, in order of merging."""
        loader = GlobalHydra.instance().config_loader()
        defaults = loader.compute_defaults_list(self.config_name, texts, RunMode.RUN).defaults
        roots = [
            Path(folder_of_package(source.path) if source.schema == "pkg" else source.path)
            for source in config.hydra.runtime.config_sources
            if source.provider != "hydra" and source.schema in ("pkg", "file")
        ]
        folders = {f"scenario/{option.name}": option.file for option in self.scenarios}
        folders |= {f"{GROUP}/{study.name}": study.file for study in self.studies if study.file.is_file()}
        tables = {key for key, file in folders.items() if file.suffix != ".yaml"}  # a folder in Flee's format sets the days
        found: list[tuple[str, Path]] = []
        for default in defaults:
            path, package = str(default.config_path), str(default.package or "")
            if path.startswith("own_params/"):
                found.append((package, folders[f"scenario/{path.split('/')[1]}"]))
            elif path in folders:
                found += [(package, folders[path])] if path not in tables else []
            else:
                found += [(package, file) for root in roots[::1] if (file := root / f"{path}.yaml").is_file()][:1]
        return found

    def _origin(self, texts: Sequence[str], files: Sequence[tuple[str, Path]]) -> complaints.Origin:
        """Return a function that tells who set a key last: an override, else a file."""

        def origin(key: str) -> str:
            for text in reversed(texts):
                name, _, value = text.partition("=")
                name = name.lstrip("+~")
                if key == name or (key.startswith(f"{name}.") and value.startswith("{")):
                    return f"{text.lstrip('+')}: "
            for package, file in reversed(files):
                if sets(file, package, key):
                    return f"{short(file)}: "
            return ""

        return origin


def _open(
    overrides: Sequence[str], config_dir: Path | None, config_name: str, trusted: bool, multirun: bool
) -> Session:
    """Make overrides ready for Hydra: folders and classes become options, paths are quoted."""
    scenarios = [*builtin_scenarios()]
    if config_dir is not None:
        scenarios += scenarios_in(config_dir / "scenarios", builtin=False)
    classes: list[ClassOption] = []
    named: list[str] = []
    ready: list[str] = []
    folders: list[ScenarioOption] = []
    for text in overrides:
        key, _, value = text.partition("=")
        check_plain(text, multirun=multirun, trusted=trusted)
        if key.lstrip("+") == "scenario.path":
            if value != "null":
                folders += folder_options(value, multirun)
        elif _CLASS_CHOICE.match(key):
            choices = value.split(",")
            made = [ClassOption(re.sub(r"\W", "_", choice), choice) for choice in choices if ":" in choice]
            if made and not trusted:
                raise InputError(f"{text}: a class is taken from the command line or from Python only, never from a file")
            classes += made
            named += [choice.name for choice in made]
            options = {choice.name: choice.option for choice in made}
            ready.append(f"{key}={','.join(options.get(choice, choice) for choice in choices)}")
        elif key == "corner" and "null" in value.split(","):  # in Hydra's grammar null means no choice at all
            ready.append(f"corner={','.join('zero' if item == 'null' else item for item in value.split(','))}")
        else:
            if _CLASS_NAME.match(key) and ":" in value and trusted:
                named += value.split(",")
            if key.lstrip("+") == "interventions" and trusted:
                named += _CLASS_LISTED.findall(value)
            ready.append(readable(f"++{text}" if _OPEN.match(key) else text, key, value))
    if folders:
        refuse_two_scenarios(ready, folders, scenarios)
        ready = [text for text in ready if text.split("=")[0].lstrip("+") != "scenario"]
        ready.append(f"scenario={','.join(folder.name for folder in folders)}")
        scenarios += folders
    ready, studies = with_studies(
        ready, {option.name: option.folder for option in scenarios}, config_dir=config_dir, multirun=multirun,
        default="pakistan_afghanistan" if config_name == "config" else None,
    )  # fmt: skip
    return Session(
        given=tuple(overrides),
        ready=tuple(ready),
        studies=studies,
        config_dir=config_dir,
        config_name=config_name,
        scenarios=tuple(scenarios),
        classes=tuple(classes),
        trusted_classes=tuple(named),
        chosen=bool(folders),
        multirun=multirun,
    )


