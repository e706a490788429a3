"""``marchland run``: compose and check everything, run, and leave a folder that is whole or not there."""

from __future__ import annotations

import datetime as dt
import math
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from unittest import mock

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.types import RunMode
from omegaconf import DictConfig

from agents.errors import InputError
from experiments.configfile import take_config_file
from experiments.manifest import FILE
from experiments.runfolder import check_output, discard_empty
from experiments.runner import execute
from sim.complaints import did_you_mean, is_config_error
from sim.compose import VERSION_BASE, Session, session
from sim.composed import settle

#: Jobs above which Hydra's multirun is the wrong tool: it composes each twice (0.1 to 0.3 s) and cannot go on after a stop.
MANY = 1000
#: Jobs of a multirun that are checked before the first one starts; later ones are checked when they start.
CHECKED_AHEAD = 200
_WITH_VALUE: Mapping[str, str] = MappingProxyType({
    "--config-dir": "--config-dir", "-cd": "--config-dir",
    "--config-name": "--config-name", "-cn": "--config-name",
    "--cfg": "--cfg", "-c": "--cfg",
    "--package": "--package", "-p": "--package",
    "--info": "--info", "-i": "--info",
})  # fmt: skip
_PLAIN: Mapping[str, str] = MappingProxyType({
    "--multirun": "--multirun", "-m": "--multirun",
    "--run": "--run", "-r": "--run",
    "--resolve": "--resolve", "--hydra-help": "--hydra-help",
    "--shell-completion": "--shell-completion", "-sc": "--shell-completion",
    "--force": "--force",
})  # fmt: skip
#: What a sweep has one of.
_ONCE = ("scenario", "scenario.path", "corner", "experiment")
_ONLY_PRINT = frozenset({"--cfg", "--info", "--hydra-help", "--shell-completion"})


@dataclass(frozen=True)
class Arguments:
    """The command line of ``marchland run``, sorted: ``flags`` by long name, and overrides."""

    flags: dict[str, str]
    overrides: tuple[str, ...]

    @property
    def multirun(self) -> bool:
        """Whether several runs are asked for."""
        return "--multirun" in self.flags

    @property
    def config_dir(self) -> Path | None:
        """The user's own config folder."""
        return Path(self.flags["--config-dir"]).expanduser() if "--config-dir" in self.flags else None

    @property
    def config_name(self) -> str:
        """Name of the primary config."""
        return self.flags.get("--config-name", "config")

    def for_hydra(self, ready: Sequence[str]) -> list[str]:
        """Return the arguments for Hydra's own main: flags first, which every version of Hydra accepts."""
        words: list[str] = []
        for flag, value in self.flags.items():
            if flag != "--force":
                words += [flag, value] if flag in _WITH_VALUE.values() else [flag]
        return [*words, *ready]


def parse(words: Sequence[str]) -> Arguments:
    """Sort the words of the command line.

    Raises
    ------
    InputError
        When an option is unknown or lacks its value, or a config file is missing.
    """
    flags: dict[str, str] = {}
    overrides: list[str] = []
    file, words = take_config_file(words)
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            overrides.append(word)
            continue
        name, equals, value = word.partition("=")
        if name in _PLAIN and not equals:
            flags[_PLAIN[name]] = ""
        elif name in _WITH_VALUE:
            given = value if equals else next(rest, "")
            if not given:
                raise InputError(f"{name}: needs a value; see marchland run --help")
            flags[_WITH_VALUE[name]] = given
        else:
            known = sorted({*_PLAIN.values(), *_WITH_VALUE.values()})
            raise InputError(f"{word}: unknown option{did_you_mean(name, known)}; see marchland run --help")
    if file is not None:
        for name in ("--config-name", "--config-dir"):
            if name in flags:
                raise InputError(f"{name}: {file.path} is the config already; give one of the two")
        flags |= {"--config-dir": file.folder, "--config-name": file.name}
    return Arguments(flags, tuple(overrides))


def main(words: Sequence[str]) -> int:
    """Compose and check everything first; then let Hydra run it."""
    arguments = parse(words)
    Plugins.instance()  # Hydra imports every `hydra_plugins` it can see: only installed ones, not the current folder's
    if Path.cwd().as_posix() not in sys.path:
        sys.path.append(str(Path.cwd()))  # last: a user's own policy classes, never in place of ours
    unique = f"{dt.datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    with mock.patch.dict(os.environ, {"MARCHLAND_RUN": unique, "HYDRA_FULL_ERROR": "1"}), session(
        arguments.overrides,
        config_dir=arguments.config_dir,
        config_name=arguments.config_name,
        trusted=True,
        multirun=arguments.multirun,
    ) as opened:
        return _run(arguments, opened)


def _run(arguments: Arguments, opened: Session) -> int:
    """Check every job that can be checked ahead, and hand over to Hydra."""
    if _ONLY_PRINT & arguments.flags.keys():
        _under_hydra(arguments, opened)
        return 0
    if arguments.multirun and (hint := sweep_hint(opened)):
        print(hint, file=sys.stderr)
    output = _check_ahead(arguments, opened)
    existed = output.exists()
    check_output(output, force="--force" in arguments.flags, multirun=arguments.multirun)
    try:
        _under_hydra(arguments, opened)
    except BaseException:
        if not existed:
            discard_empty(output)
        raise
    if arguments.multirun:  # jobs of a launcher may have printed into logs of their own
        done = len(list(output.glob(f"*/{FILE}")))
        print(f"{done} of {math.prod(len(values) for values in opened.sweeps().values()):,} runs finished, a folder each in {output}/")
    return 0


def sweep_hint(opened: Session) -> str:
    """Return a line that points a large multirun to ``marchland sweep`` with words that mean the same; else nothing.

    Jobs are counted from the overrides, none is composed. What a sweep has once (scenario, corner, study) stands in the
    line with its first value.
    """
    sweeps = opened.sweeps()
    count = math.prod(len(values) for values in sweeps.values())
    if count <= MANY:
        return ""
    words = ["design=grid"] if any(key not in _ONCE and key != "seed" for key in sweeps) else ["design=grid", "KEY=A,B"]
    once: list[str] = []
    for text in opened.given:
        key, _, value = text.partition("=")
        bare = key.lstrip("+")
        if bare == "seed" and len(seeds := sweeps.get("seed", [])) > 1:
            words += [f"seed={seeds[0]}", f"replicates={len(seeds)}"]
        elif bare == "hydra.sweep.dir":
            words.append(f"output={value}")
        elif bare in _ONCE and "," in value:
            once.append(bare)
            words.append(f"{bare}={value.split(',')[0]}")
        elif not bare.startswith("hydra") and bare not in ("figures", "band"):
            words.append(text)
    each = f" (a command for each {' and '.join(once)})" if once else ""
    return f"hint: {count:,} jobs; a sweep starts at once, goes on after a stop and uses all cores: marchland sweep {' '.join(words)}{each}"


def _check_ahead(arguments: Arguments, opened: Session) -> Path:
    """Compose, validate and load each job once without running it; return the folder of the results."""
    from sim.scenario import Scenario

    output = Path()
    seen: set[tuple[object, ...]] = set()
    jobs = opened.jobs() if arguments.multirun else iter([opened.ready])
    for ready in islice(jobs, CHECKED_AHEAD):
        composed = opened.compose(ready)
        output = Path(composed.output)
        scenario = composed.config["scenario"]
        assert isinstance(scenario, dict)
        # Tables and policies once for each scenario with its actors, not once for each seed.
        key = (str(scenario), str(composed.config["policies"]), str(composed.config.get("interventions")))
        if key not in seen:
            seen.add(key)
            Scenario.from_config(composed.config, composed.folder, composed.trusted_classes)
    return output


def _under_hydra(arguments: Arguments, opened: Session) -> None:
    """Run the jobs under Hydra, which owns output folders, multirun and launchers."""
    trusted = opened.trusted_classes
    force = "--force" in arguments.flags
    command = ["marchland", *sys.argv[1:]] if sys.argv[1:2] == ["run"] else ["marchland", "run", *sys.argv[1:]]

    failed: list[Exception] = []

    def job(config: DictConfig) -> None:
        settings = HydraConfig.get()
        composed = settle(config, tuple(settings.overrides.task), (), trusted, settings.runtime.output_dir)
        brief = settings.mode == RunMode.MULTIRUN
        try:
            execute(composed, Path(composed.output), force=force, command=command, brief=brief)
        except Exception as error:
            if brief:  # Hydra goes on with the other jobs and says which one failed
                raise
            failed.append(error)  # raised below: Hydra would print lines of its own about it

    words = arguments.for_hydra(opened.ready)
    main_of_hydra = hydra.main(config_path="pkg://configs", config_name="config", **VERSION_BASE)(job)
    with mock.patch.object(sys, "argv", ["marchland", *words]):
        try:
            main_of_hydra()
        except Exception as error:
            if not is_config_error(error):
                raise
            raise InputError(f"hydra: {' '.join(str(error).split())[:300]}") from None
    if failed:
        raise failed[0]


if __name__ == "__main__":
    from experiments.cli import main as cli_main

    sys.exit(cli_main(["run", *sys.argv[1:]]))
