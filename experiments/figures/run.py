"""A stored run in memory: its stamp, its series, its events, and the names that readers see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.geography import short_place
from sim.displacement.conflict import Conflict

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
DateArray = NDArray[np.datetime64]
SeriesKey = tuple[str, str, str]
Frame: TypeAlias = pd.DataFrame


@dataclass(frozen=True)
class Event:
    """A dated event of the run."""

    day: int
    date: np.datetime64
    kind: str
    actor: str
    target: str
    place: str
    value: float
    text: str


@dataclass(frozen=True)
class Stamp:
    """What every figure says about the run it shows."""

    scenario: str
    title: str
    start: str
    end: str
    seed: str
    replicate: str
    config_hash: str
    people_scale: float = 1.0

    def footer(self, n: int = 1, interval: str = "no interval (a single run)") -> str:
        """Return the footer: runs, interval, seeds, config, scenario and what this is not."""
        runs = "n = 1 run" if n == 1 else f"n = {n} runs"
        return (
            f"{runs} · {interval} · seed {self.seed}, replicate {self.replicate} · config {self.config_hash} · "
            f"scenario {self.scenario}, {self.start} to {self.end} · simulation, not a forecast"
        )


@dataclass(frozen=True)
class Camps:
    """People in the scored camps of a conflict folder, (days, camps)."""

    names: tuple[str, ...]
    simulated: IntArray
    counted: IntArray


@dataclass(frozen=True)
class Run:
    """One stored run, ready to draw.

    ``series[kind, actor, variable]`` and the arrays of ``place_series`` have one value a day of
    ``dates``; days that a file does not hold are NaN. ``conflict`` and ``camps`` are those of a run of a
    conflict folder.
    """

    stamp: Stamp
    dates: DateArray
    series: Mapping[SeriesKey, FloatArray]
    events: tuple[Event, ...]
    place_series: Mapping[str, Mapping[str, FloatArray]]
    places: Frame | None
    routes: Frame | None
    observed: Frame | None
    ensemble: Frame | None
    countries: Mapping[str, str] = field(default_factory=dict)
    conflict: Conflict | None = None
    camps: Camps | None = None

    def get(self, kind: str, actor: str, variable: str) -> FloatArray:
        """Return one series, zeros when the run does not hold it."""
        found = self.series.get((kind, actor, variable))
        return np.zeros(len(self.dates)) if found is None else found

    def has(self, kind: str, actor: str, variable: str) -> bool:
        """Whether the run holds this series."""
        return (kind, actor, variable) in self.series

    def actors(self, kind: str) -> list[str]:
        """Return the actors of a kind in the order of the file's keys."""
        return list(dict.fromkeys(actor for found, actor, _ in self.series if found == kind))

    def variables(self, kind: str, actor: str) -> list[str]:
        """Return the variables of one actor."""
        return [variable for found, name, variable in self.series if found == kind and name == actor]

    @property
    def has_actors(self) -> bool:
        """Whether anybody governs or fights in this run."""
        return any(kind in ("government", "group") for kind, _, _ in self.series)

    @property
    def day_in_folder(self) -> int:
        """The run's last day, counted from the first day of the conflict folder."""
        if self.conflict is None:
            return len(self.dates) - 1
        return int((self.dates[-1] - np.datetime64(self.conflict.start, "D")).astype(np.int64))

    def country_of(self, place: str) -> str:
        """Return the country of a place of the conflict folder as text; empty when there is none."""
        places = self.conflict.places if self.conflict is not None else ()
        return next((one.country.replace("_", " ") for one in places if one.name == place), "")

    def show(self, name: str) -> str:
        """Return the name of a place or country for a label; those of conflict folders have underscores."""
        return short_place(name.replace("_", " ") if self.conflict is not None else name)

    def binned(self, values: FloatArray) -> tuple[DateArray, FloatArray]:
        """Return sums over whole weeks with their first days; a run under four weeks stays daily."""
        width = self.bin_days
        whole = len(values) // width * width
        return self.dates[:whole:width], np.nansum(values[:whole].reshape(-1, width), axis=1)

    @property
    def bin_days(self) -> int:
        """Days that one bar of a flow covers."""
        return 7 if len(self.dates) >= 28 else 1

    @property
    def per(self) -> str:
        """Unit of a flow in words."""
        return "a week" if self.bin_days == 7 else "a day"

    def name(self, actor: str) -> str:
        """Return an actor as a reader would write it: a country's name, an acronym in capitals."""
        return pretty(self.countries.get(actor, actor))


def pretty(name: str) -> str:
    """Return a technical name as text: ``ttp`` as ``TTP``, ``close_trade`` as ``Close trade``."""
    if name != name.lower() or " " in name:
        return name
    if len(name) <= 4 and name.isalpha() and name not in ("host", "home", "aid"):
        return name.upper()
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
