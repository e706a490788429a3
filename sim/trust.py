"""What a config file may say: numbers, names and choices, but no code and nothing from the environment.

A scenario or a config folder may come from a stranger. Hydra builds objects from `_target_`, calls
callbacks, configures logging through factories and resolves `${oc.env:...}`; each of these is refused in
files, at the one place where Hydra reads them, so before anything is built. The command line may say all
of it: there the user speaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl  # where every file passes on its way into a config
from hydra._internal.config_repository import ConfigRepository
from hydra.plugins.config_source import ConfigResult
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from agents.errors import InputError

#: Keys below `hydra` that a file may set: places and names, and counts of plugins that the user installed.
_HYDRA_KEYS = re.compile(
    r"^hydra\.(run\.dir|sweep\.dir|sweep\.subdir|job\.name|job\.chdir|verbose|output_subdir"
    r"|sweeper\.(max_batch_size|n_trials|n_jobs|params\.(?![+~]*hydra\b)[+~]*[\w.@/]+)|launcher\.n_jobs)$"
)
#: Interpolations that read the config itself or the clock. What is left of `${` reads something else.
_PLAIN_REFERENCE = re.compile(r"\$\{(?:hydra:|now:)?[\w.@/%\[\]-]*\}")


def check_content(where: str, content: object) -> None:
    """Refuse what builds objects or reads outside the config, anywhere in a file's content.

    Raises
    ------
    InputError
        In one line: the file, the key and why.
    """
    for key, value in _leaves(content):
        parts = key.split(".")
        if "_target_" in parts or "()" in parts:
            raise InputError(
                f"{where}: {key}: a config file may not name code to run ({parts[-1]}: {str(value)[:60]!r}); take it out"
            )
        if isinstance(value, str) and "${" in _PLAIN_REFERENCE.sub("", value):
            raise InputError(
                f"{where}: {key}: a config file may not read the environment or call a resolver ({value[:60]!r}); "
                "write the value itself"
            )


def check_hydra_keys(where: str, content: object) -> None:
    """Refuse settings of Hydra that change what code is run.

    Raises
    ------
    InputError
        In one line: the file, the key and where it may be given.
    """
    for key, _ in _leaves(content):
        if key.startswith("hydra.") and not _HYDRA_KEYS.match(key):
            raise InputError(
                f"{where}: {key}: a config file may not set this, since it can run code; give it on the command line "
                "(files may set hydra.run.dir, hydra.sweep.dir, hydra.sweep.subdir, hydra.job.name and hydra.sweeper.params)"
            )


@contextmanager
def guarded() -> Iterator[None]:
    """Check every file that Hydra reads from the user's folders within the block."""
    read, place = ConfigRepository.load_config, ConfigLoaderImpl._load_single_config

    def load_config(self: ConfigRepository, config_path: str) -> ConfigResult | None:
        try:
            result = read(self, config_path)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            at = f", line {mark.line + 1}" if mark else ""
            problem = " ".join(str(getattr(error, "problem", None) or error).split())
            name = getattr(mark, "name", config_path)
            raise InputError(f"{name}{at}: not valid YAML ({problem}); check indentation, colons and keys") from None
        except UnicodeDecodeError as error:
            raise InputError(f"{config_path}.yaml: not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8") from None
        file = None if result is None else _file(result, config_path)
        if file is not None:
            content = _raw(file)
            check_content(str(file), content)
            check_hydra_keys(str(file), content)
            if config_path.startswith("policy/") and not (isinstance(content, dict) and {"name", "defaults"} & content.keys()):
                raise InputError(f"{file}: name: missing; a policy file names a policy, for example name: hardline")
        return result

    def load_single(self: ConfigLoaderImpl, default: object, repo: object) -> ConfigResult:
        result: ConfigResult = place(self, default, repo)  # type: ignore[arg-type]
        file = _file(result, str(getattr(default, "config_path", "")))
        if file is not None:  # once more where it is put: a file of any group can be placed below `hydra`
            check_hydra_keys(str(file), OmegaConf.to_container(result.config, resolve=False))
        return result

    with (
        mock.patch.object(ConfigRepository, "load_config", load_config),
        mock.patch.object(ConfigLoaderImpl, "_load_single_config", load_single),
    ):
        yield


def _file(result: ConfigResult, config_path: str) -> Path | None:
    """Return the file of a result that comes from a folder; ``None`` for what is installed."""
    scheme, _, folder = str(result.path).partition("://")
    if scheme != "file":
        return None
    return Path(folder) / (config_path if config_path.endswith((".yaml", ".yml")) else f"{config_path}.yaml")


def _raw(file: Path) -> object:
    """Return a file's content as it stands, with its defaults list, which Hydra takes out."""
    try:
        return OmegaConf.to_container(OmegaConf.load(file), resolve=False)
    except (OSError, OmegaConfBaseException) as error:
        raise InputError(f"{file}: cannot be read ({' '.join(str(error).split())})") from None


def _leaves(content: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield the dotted key and value of every leaf; a key that holds an interpolation counts as a value."""
    if isinstance(content, Mapping) and content:
        for key, value in content.items():
            if "${" in str(key):
                yield f"{prefix}{key}", str(key)
            yield from _leaves(value, f"{prefix}{key}.")
    elif isinstance(content, list) and content:
        for item in content:
            yield from _leaves(item, prefix)
    else:
        yield prefix.removesuffix("."), content
