"""The words of ``marchland sweep``: which are settings, which are factors, which go to the config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from agents.errors import InputError, one_of
from experiments.study.designs import KINDS
from experiments.study.executors import EXECUTORS
from experiments.study.factors import is_factor
from experiments.study.site import KEYS as SITE_KEYS
from sim.complaints import did_you_mean

#: What can be given besides factors and overrides: name, default, meaning.
KEYS: tuple[tuple[str, str, str], ...] = (
    ("design", "", f"{one_of(KINDS)}; must be given"),
    ("n", "128", "points of lhs; base samples of sobol (a power of two)"),
    ("trajectories", "20", "trajectories of morris"),
    ("levels", "", "levels of morris (4) and oat (2)"),
    ("second_order", "false", "sobol: also the rows that second-order indices need"),
    ("file", "", "design=file: a CSV with a column a factor"),
    ("replicates", "1", "runs of each point"),
    ("seeds", "crn", "crn: all points meet the same luck; independent: a seed a run"),
    ("design_seed", "1", "the design's own luck"),
    ("executor", "processes", f"{one_of(tuple(EXECUTORS))}; docs/cluster.md says when to use which"),
    ("workers", "2", "how many runs go on at a time"),
    ("timeout", "0", "seconds a run may take; 0: no limit"),
    ("series", "false", "keep the daily series of every run too"),
    ("retry_failed", "false", "run those again that failed"),
    ("output", "", "the study's folder (default: a new one in outputs/); the same folder goes on with it"),
    *SITE_KEYS,
)
#: Settings that only some designs, or some executors, take.
_DESIGNS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "n": ("lhs", "sobol"), "trajectories": ("morris",), "levels": ("morris", "oat"), "second_order": ("sobol",), "file": ("file",),
    "design_seed": ("lhs", "sobol", "morris"),
})  # fmt: skip
_EXECUTORS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "scheduler": ("dask",), "shards": ("shards",),
    **{name: ("slurm", "shards") for name, _, _ in SITE_KEYS if name.startswith("slurm.")},
})  # fmt: skip
#: Plain words that are the config's own.
_CONFIG = ("seed", "replicate", "scenario", "corner", "experiment", "figures", "band")
_NAMES = tuple(name for name, _, _ in KEYS)
_SWITCH: Mapping[str, bool] = MappingProxyType({"true": True, "false": False})


class Words:
    """The words of the command line, sorted into settings, factors and overrides.

    Parameters
    ----------
    words
        All words, those of a named study included.
    typed
        Those that the user typed; only they may name a class. By default all.
    """

    def __init__(self, words: Sequence[str], typed: Sequence[str] | None = None) -> None:
        self.force = "--force" in words
        self.typed = tuple(words if typed is None else typed)
        given: dict[str, str] = {}
        self.factors: list[str] = []
        self.overrides: list[str] = []
        for word in words:
            key, equals, value = word.partition("=")
            if word == "--force":
                continue
            if word.startswith("-") or not (equals or word.startswith("~")):
                raise InputError(f"{word}: unknown option; write KEY=VALUE, or see marchland sweep --help")
            if key in _NAMES:
                given[key] = value
            elif is_factor(word):
                self.factors.append(word)
            else:
                self.overrides.append(word)
        self._check_typed(given)
        self.given = {name: given.get(name, default) for name, default, _ in KEYS}
        if not self.given["design"]:
            raise InputError(f"design: must be given, for example design=lhs; known: {one_of(KINDS)}")

    def _check_typed(self, given: Mapping[str, str]) -> None:
        """Refuse what the user typed twice, what is nearly a setting, and settings that this design or executor does not take."""
        seen: dict[str, str] = {}
        for word in self.typed:
            key = word.partition("=")[0].lstrip("+")
            if word == "--force":
                continue
            if key in seen:
                raise InputError(f"{word}: {key} is given twice ({seen[key]}); give it once")
            seen[key] = word
            if key.isidentifier() and key not in (*_NAMES, *_CONFIG) and (meant := did_you_mean(key, _NAMES)):
                raise InputError(f"{word}: unknown key{meant}; see marchland sweep --help")
        for table, kind, chosen in ((_DESIGNS, "design", given.get("design", "")), (_EXECUTORS, "executor", given.get("executor", "processes"))):
            for key in table:
                if key in seen and chosen and chosen not in table[key]:
                    takes = [name for name, some in table.items() if chosen in some]
                    has = f"it takes {one_of(takes)}" if takes else "leave it out"
                    raise InputError(f"{seen[key]}: {kind}={chosen} takes no {key}, which is for {one_of(table[key])}; {has}")

    def number(self, name: str, least: int, most: int = 2**53) -> int:
        """Return a whole number."""
        text = self.given[name]
        if not text.isdecimal() or len(text) > 17 or not least <= int(text) <= most:
            raise InputError(f"{name}={text}: write a whole number from {least} {f'to {most:,}' if most < 2**53 else 'on'}")
        return int(text)

    def trusted(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the classes among ``module:Class`` names that the user typed; what a file names is none of them."""
        return tuple(name for name in names if any(name in word for word in self.typed))

    def switch(self, name: str) -> bool:
        """Return true or false."""
        text = self.given[name].lower()
        if text not in _SWITCH:
            raise InputError(f"{name}={self.given[name]}: write true or false{did_you_mean(text, tuple(_SWITCH))}")
        return _SWITCH[text]

    def seconds(self, name: str) -> float:
        """Return seconds."""
        try:
            value = float(self.given[name])
        except ValueError:
            value = -1.0
        if not 0.0 <= value < 1e9:
            raise InputError(f"{name}={self.given[name]}: write seconds, 0 for no limit")
        return value
