"""Turn what Hydra, OmegaConf and pydantic complain about into one line that a user can act on."""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import enum
import re
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

import pydantic
import yaml
from hydra.errors import HydraException, MissingConfigException
from omegaconf.errors import OmegaConfBaseException
from pydantic.fields import FieldInfo

from agents.errors import InputError, one_of

#: Tells who set a key last: ``origin("parameters.violence.branching") -> "set by the override ..."``.
Origin = Callable[[str], str]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the nearest known word, or nothing."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def flat_keys(tree: Mapping[str, object], prefix: str = "") -> list[str]:
    """Return the dotted keys of all nodes of a nested mapping."""
    keys: list[str] = []
    for key, value in tree.items():
        keys.append(f"{prefix}{key}")
        if isinstance(value, Mapping):
            keys += flat_keys(typing.cast(Mapping[str, object], value), f"{prefix}{key}.")
    return keys


# ---------------------------------------------------------------- composition


def from_hydra(
    error: Exception,
    overrides: Sequence[str],
    choices: Mapping[str, str],
    known: Iterable[str],
    files: Mapping[str, str],
) -> InputError:
    """Return the one line for an error of composition.

    Parameters
    ----------
    error
        What Hydra or OmegaConf raised.
    overrides
        The overrides as the user gave them.
    choices
        Groups of the defaults list with their choice (``{"policy@policies.north": "tit_for_tat"}``).
    known
        All keys that can be overridden.
    files
        Files by Hydra's name of the option made from them.
    """
    if isinstance(error, RecursionError):
        return InputError("config: a config file includes itself in its defaults list; take that line out")
    number = [text for text in overrides if re.fullmatch(r"[+~]*[\w/@.]+=[\d.]+", text) and "." not in text.split("=")[0].split("@")[0]]
    if "Config group override must be a string or a list" in str(error):
        return InputError(f"{number[-1] if number else 'config'}: a choice is a name, not a number")
    if isinstance(error, MissingConfigException) and error.missing_cfg_file is not None:
        return _missing_option(error, overrides, files)
    text = str(error)
    patterns = (
        r"Could not (?:override|delete|append to|append|add) '([^'\s=]+)",
        r"Key '([^']+)' is not in struct",
        r"Could not delete from config\. '([^']+)' does not exist",
    )
    match = next((found for pattern in patterns if (found := re.search(pattern, text))), None)
    if match is not None:
        return _unknown_key(match.group(1), overrides, choices, known)
    if "Ambiguous value for argument" in text:
        by = text.split("'")[1] if "'" in text else "KEY=A,B"
        return InputError(f"{by.splitlines()[0]}: several values need -m: marchland run -m {by.splitlines()[0]}")
    key = getattr(error, "full_key", None)
    parse = re.search(r"Error parsing override '([^']*)'", text)
    if parse is not None:
        return InputError(f"{parse.group(1)}: cannot be read as an override; write KEY=VALUE, for example seed=7")
    return InputError(f"{key or 'config'}: {first_line(error)}")


def _missing_option(
    error: MissingConfigException, overrides: Sequence[str], files: Mapping[str, str]
) -> InputError:
    """Return the line for a group without that option, or a missing primary config."""
    group, _, name = str(error.missing_cfg_file).rpartition("/")
    name = name.removesuffix(".yaml")
    options = sorted(str(option).removesuffix(".yaml") for option in error.options or [])
    parent = re.match(r"In '([^']+)'", str(error))
    if not group and parent is not None:
        return InputError(f"{files.get(parent[1], f'{parent[1]}.yaml')}: defaults: no config {name!r} in the config folders; a config file begins with defaults: [config, _self_]")
    if not group:
        return InputError(f"--config-name: no config {name!r} in the config folders; give the name of a YAML file in --config-dir")
    by = [text for text in overrides if text.lstrip("+~").split("=")[0].split("@")[0] == group and name in text]
    where = f"{by[-1]}: " if by else (f"{files.get(parent[1], parent[1])}: " if parent else "")
    meant = did_you_mean(name, options)
    return InputError(f"{where}unknown {group} {name!r}{meant}; known: {one_of(options) or 'none'}")


def _unknown_key(key: str, overrides: Sequence[str], choices: Mapping[str, str], known: Iterable[str]) -> InputError:
    """Return the line for an override of a key that does not exist."""
    by = [text for text in overrides if text.lstrip("+~").split("=")[0] == key]
    where = f"{by[-1]}: " if by else ""
    group, _, _ = key.partition("@")
    if "@" in key:
        same = sorted(choice for choice in choices if choice.startswith(f"{group}@"))
        meant = did_you_mean(key, same)
        return InputError(f"{where}no such choice as {key!r}{meant}; known: {one_of(same) or 'none'}")
    candidates = list(known)
    parent = key.rpartition(".")[0]
    siblings = [name for name in candidates if name.rpartition(".")[0] == parent]
    meant = did_you_mean(key, siblings) or did_you_mean(key, candidates)
    listed = f"; known: {one_of([name.rpartition('.')[2] for name in siblings])}" if siblings else ""
    return InputError(f"{where}unknown key {key!r}{meant}{listed}")


def is_config_error(error: BaseException) -> bool:
    """Return whether the error comes from composing a config.

    Hydra answers some mistakes with Python's own errors (``corner=3``, a config that includes itself);
    they are told from bugs by where they were raised.
    """
    if isinstance(error, HydraException | OmegaConfBaseException | RecursionError | yaml.YAMLError):
        return True
    if not isinstance(error, ValueError | TypeError | AssertionError):
        return False
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    raised_in = trace.tb_frame.f_globals.get("__name__", "") if trace is not None else ""
    return raised_in.split(".")[0] in ("hydra", "omegaconf")


# ----------------------------------------------------------------- validation


def from_pydantic(error: pydantic.ValidationError, schema: type, origin: Origin | None = None) -> InputError:
    """Return the one line for the first thing that pydantic found wrong with a config.

    Parameters
    ----------
    error
        What validation of ``schema`` raised.
    schema
        The pydantic dataclass of the whole config.
    origin
        Tells who set a key last; without it the line names the key only.
    """
    found = error.errors(include_url=False)
    # An unknown key first: a missing one is often the same key misspelt. Of alternatives the one that went deepest.
    first = min(found, key=lambda item: (item["type"] not in _UNKNOWN, not any(_is_mapping(part) for part in item["loc"][:-1])))
    loc = [str(part) for part in first["loc"]]
    key = _key(first["loc"])
    same = {other for item in found if (other := _key(item["loc"])) == key or key.startswith(f"{other}.")}
    value = first.get("input")
    by = origin(key.partition("[")[0]) if origin is not None else ""
    where = by if by.startswith(f"{key}=") else f"{by}{key}: "
    rest = len({_key(item["loc"]) for item in found} - same)
    more = f" (and {rest} more)" if rest else ""
    field, siblings = _field_at(schema, loc)
    if first["type"] in _UNKNOWN:
        text = f"unknown key{did_you_mean(loc[-1], siblings)}; known: {one_of(siblings)}"
    elif first["type"] in ("missing", "missing_argument"):
        text = f"missing; {_wanted(field, first)}"
    else:
        text = f"{_shown(value)} is not right; {_wanted(field, first)}"
    return InputError(f"{where}{text}{more}")


def _is_mapping(part: object) -> bool:
    """Return whether a part of a place in the config is pydantic's name for a mapping, one of several types allowed there."""
    return str(part).startswith("dict[")


def _key(loc: Sequence[int | str]) -> str:
    """Return a place in the config as users write it: ``interventions[0].params.levels.operations``."""
    parts = [part for part in loc if not _is_mapping(part)]
    if len(parts) > 1 and parts[-1] in ("float", "int", "bool", "str"):  # an allowed type
        parts.pop()
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(".")


_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")


def _shown(value: object) -> str:
    """Return a value as it is shown in a message."""
    text = repr(str(value)) if isinstance(value, enum.Enum) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _wanted(field: FieldInfo | None, item: Mapping[str, typing.Any]) -> str:
    """Return what would be right for a field: its type, range, unit or choices."""
    context = item.get("ctx") or {}
    if "expected" in context:
        return f"give one of {context['expected']}"
    annotation = _bare(field.annotation) if field is not None else None
    kind = _KINDS.get(annotation, "a value") if isinstance(annotation, type) else "a value"
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return f"give one of {one_of([str(member.value) for member in annotation])}"
    extra = field.json_schema_extra if field is not None else None
    if isinstance(extra, dict) and "low" in extra:
        unit = str(extra.get("unit", "-"))
        low, high = float(str(extra["low"])), float(str(extra["high"]))
        return f"give {kind} from {_plain(low)} to {_plain(high)}{'' if unit == '-' else f' ({unit})'}"
    limits = [f"{word} {getattr(item, name):g}" for item in (field.metadata if field else []) for name, word in _LIMITS if hasattr(item, name)]
    if kind != "a value" and limits:
        return f"give {kind}, {' and '.join(limits)}"
    if item["type"] in ("tuple_type", "list_type"):
        return "give a list"
    if kind == "a value":
        return f"{str(item['msg'])[:1].lower()}{str(item['msg'])[1:]}"
    return f"give {kind}"


def _plain(number: float) -> str:
    """Return a limit as people write it: ``1,000,000`` and not ``1e+06``."""
    return f"{number:,.0f}" if abs(number) >= 1000 and float(number).is_integer() else f"{number:g}"


_LIMITS = (("ge", "at least"), ("gt", "above"), ("le", "at most"), ("lt", "below"))
#: Types in words. (``bool`` before ``int`` does not matter: the lookup is exact.)
_KINDS: Mapping[object, str] = MappingProxyType(
    {
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        str: "a text",
        dt.date: "a date (YYYY-MM-DD)",
    }
)


def _bare(annotation: object) -> object:
    """Return an annotation without ``Annotated`` and ``| None``."""
    arguments = [item for item in typing.get_args(annotation) if item is not type(None)]
    if typing.get_origin(annotation) in (typing.Union, typing.Annotated) or type(annotation).__name__ == "UnionType":
        return _bare(arguments[0]) if arguments else annotation
    return annotation


def _field_at(schema: object, loc: Sequence[str]) -> tuple[FieldInfo | None, list[str]]:
    """Return the field at a path below a schema class, and the names known beside it."""
    field: FieldInfo | None = None
    names: list[str] = []
    for part in loc:
        schema = _bare(schema)
        if typing.get_origin(schema) is not None:
            inner = [argument for argument in typing.get_args(schema) if argument is not ...]  # of a tuple of any length
            schema, field, names = (inner or [None])[-1], None, []
            continue
        if not dataclasses.is_dataclass(schema):
            return None, []
        fields: dict[str, FieldInfo] = getattr(schema, "__pydantic_fields__", {})
        names, field = sorted(fields), fields.get(part)
        if field is None:
            return None, names
        schema = field.annotation
    return field, names
