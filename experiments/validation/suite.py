"""The displacement suite: every conflict under every mode and seed, scored beside the baselines."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agents.errors import InputError, one_of
from experiments.validation.baselines import BASELINES
from experiments.validation.scores import CampError, ard, camp_errors, rescaled_ard
from sim.complaints import did_you_mean
from sim.displacement.conflict import Conflict
from sim.displacement.read import is_conflict_folder, read_conflict
from sim.settings import Parameters

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: What the rule is told about the capacities of the camps, by mode.
MODES: Mapping[str, str] = MappingProxyType({
    "withheld": "the rule is told no capacity: the headline, the only mode without the leak",
    "limits": "capacities limit who is admitted, as in Flee; where they equal the peaks of the counts, they tell much of the answer",
    "attraction": "capacities also attract, so they tell each camp's share: for comparison only",
})
#: Bounds of every interval: the middle 90 % of the seeds.
LOW, HIGH = 0.05, 0.95
#: A capacity this close to the peak of its camp's registered counts is counted as a leak.
LEAK = 0.03
#: Called before each run with (runs done, runs in all, what runs now).
Progress = Callable[[int, int, str], None]
Interval = tuple[float, float]


class Simulate(Protocol):
    """Runs one conflict and returns the people in each camp on the evening of each day, (days, camps)."""

    def __call__(
        self, conflict: Conflict, *, capacities: str, rule: str, seed: int, parameters: Parameters | None
    ) -> IntArray:
        """Run it."""


@dataclass(frozen=True)
class Loaded:
    """A conflict and the CPU seconds it took to read."""

    conflict: Conflict
    cpu_seconds: float


@dataclass(frozen=True)
class Measure:
    """One score: its mean over seeds, and the middle 90 % of the seeds (``None`` for a single seed)."""

    mean: float
    interval: Interval | None


@dataclass(frozen=True)
class CampScore:
    """One camp: its errors (means over seeds), the band of its last day, and how its capacity compares with its peak."""

    name: str
    country: str
    capacity: int
    peak: int
    error: CampError
    simulated: Measure

    @property
    def leaks(self) -> bool:
        """Whether the capacity tells the peak of the registered counts."""
        return self.capacity > 0 and abs(self.capacity - self.peak) <= LEAK * self.peak


@dataclass(frozen=True)
class ConflictScore:
    """One conflict under one mode.

    ``measures`` holds ``ard_mean``, ``ard_final``, ``ard_rescaled_mean`` and ``ard_rescaled_final``. ``daily`` and
    ``daily_rescaled`` are the ARD of each day by low, mean and high over seeds, (3, days); ``counts`` the camps by low,
    median and high, (3, days, camps). ``by_seed`` is the mean ARD of each seed.
    """

    conflict: Conflict
    measures: Mapping[str, Measure]
    baselines: Mapping[str, float]
    camps: tuple[CampScore, ...]
    people: int
    seeds: int
    cpu_seconds: float
    daily: FloatArray
    daily_rescaled: FloatArray
    counts: FloatArray
    by_seed: FloatArray


@dataclass(frozen=True)
class ModeScore:
    """All conflicts under one mode."""

    mode: str
    conflicts: tuple[ConflictScore, ...]

    def measure(self, name: str) -> float:
        """Return a measure's plain mean over conflicts."""
        return float(np.mean([score.measures[name].mean for score in self.conflicts]))

    @property
    def ard_mean(self) -> Measure:
        """The mean over conflicts of the mean ARD, with the interval of that mean over seeds."""
        return _measure(np.mean([score.by_seed for score in self.conflicts], axis=0))

    @property
    def baselines(self) -> dict[str, float]:
        """Each baseline's plain mean over conflicts."""
        return {name: float(np.mean([score.baselines[name] for score in self.conflicts])) for name in BASELINES}

    def beaten(self, baseline: str) -> int:
        """Return on how many conflicts the model is better than a baseline."""
        return sum(score.measures["ard_mean"].mean < score.baselines[baseline] for score in self.conflicts)


@dataclass(frozen=True)
class SuiteResult:
    """Everything that a validation found."""

    modes: tuple[ModeScore, ...]
    rule: str
    seeds: int


def find_conflicts(folder: Path, only: Sequence[str] = ()) -> tuple[list[Path], list[str]]:
    """Return the conflict folders in a folder (or the folder itself), and what else lies there.

    Raises
    ------
    InputError
        When there is no such folder, no conflict in it, or not the one asked for.
    """
    if not folder.is_dir():
        raise InputError(f"suite.folder: no folder {str(folder)!r}; give a conflict folder or a folder of them")
    if is_conflict_folder(folder):
        found, skipped = [folder], []
    else:
        inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        found = [path for path in inside if is_conflict_folder(path)]
        skipped = [path.name for path in inside if path not in found]
    if not found:
        raise InputError(f"suite.folder: {folder} holds no conflict; a conflict is a folder with input_csv/ and source_data/")
    names = {path.name or path.resolve().name: path for path in found}
    for name in only:
        if name not in names:
            raise InputError(
                f"suite.conflicts: {folder} has no conflict {name!r}{did_you_mean(name, names)}; it has {one_of(list(names))}"
            )
    return [path for name, path in names.items() if not only or name in only], skipped


def load_conflicts(folders: Sequence[Path]) -> tuple[list[Loaded], list[InputError]]:
    """Read every conflict before anything runs.

    Returns
    -------
    Those that can be read and run, and what is wrong with the others.
    """
    from sim.displacement.simulate import conflict_scenario  # late: the model is slow to import

    loaded: list[Loaded] = []
    wrong: list[InputError] = []
    for folder in folders:
        started = time.process_time()
        try:
            conflict = read_conflict(folder)
            if not len(conflict.camps):
                raise InputError(f"{folder}: has no camp to score; source_data/data_layout.csv must list a camp of locations.csv")
            seconds = time.process_time() - started
            conflict_scenario(conflict)
        except InputError as error:
            wrong.append(error)
        else:
            loaded.append(Loaded(conflict, seconds))
    return loaded, wrong


def run_suite(
    conflicts: Sequence[Loaded],
    simulate: Simulate,
    *,
    modes: Sequence[str] = tuple(MODES),
    rule: str = "gravity",
    seeds: int = 20,
    parameters: Parameters | None = None,
    progress: Progress = lambda done, total, what: None,
) -> SuiteResult:
    """Run and score every conflict under every mode with seeds 1, 2, ...

    Parameters
    ----------
    conflicts
        What :func:`load_conflicts` read.
    simulate
        The model, :func:`sim.displacement.simulate.simulate`.
    modes
        Names of :data:`MODES`.
    rule
        Name of the movement rule.
    seeds
        Number of seeds.
    parameters
        Numbers of the mechanisms; ``None`` for the defaults.
    progress
        Called before each run.
    """
    baselines = [
        {name: float(ard(line.counts(item.conflict), item.conflict.counts).mean()) for name, line in BASELINES.items()}
        for item in conflicts
    ]
    total = len(modes) * len(conflicts) * seeds
    done = 0
    scored: list[ModeScore] = []
    for mode in modes:
        found: list[ConflictScore] = []
        for item, lines in zip(conflicts, baselines, strict=True):
            runs = np.empty((seeds, *item.conflict.counts.shape), dtype=np.int64)
            errors = np.empty((2, seeds, item.conflict.days))
            spent = 0.0
            for index in range(seeds):
                progress(done, total, f"{item.conflict.name}, capacities {mode}")
                started = time.process_time()
                runs[index] = simulate(item.conflict, capacities=mode, rule=rule, seed=index + 1, parameters=parameters)
                errors[0, index] = ard(runs[index], item.conflict.counts)
                errors[1, index] = rescaled_ard(runs[index], item.conflict.counts)
                spent += time.process_time() - started
                done += 1
            seconds = item.cpu_seconds + spent / seeds
            found.append(_scored(item.conflict, runs, errors, lines, seconds))
        scored.append(ModeScore(mode, tuple(found)))
    progress(total, total, "done")
    return SuiteResult(tuple(scored), rule, seeds)


def _scored(
    conflict: Conflict, runs: IntArray, errors: FloatArray, baselines: Mapping[str, float], seconds: float
) -> ConflictScore:
    """Summarise all seeds of one conflict under one mode: ``runs`` (seeds, days, camps), ``errors`` (2, seeds, days)."""
    normal, rescaled = errors
    last = runs[:, -1, :]
    mean = camp_errors(runs.mean(axis=0), conflict.counts)
    absolute = np.abs(runs - conflict.counts).mean(axis=(0, 1))  # of each seed, then its mean: not the error of the mean
    camps = tuple(
        CampScore(
            name=conflict.places[index].name,
            country=conflict.places[index].country,
            capacity=int(conflict.places[index].capacity),
            peak=int(conflict.counts[:, camp].max()),
            error=CampError(float(absolute[camp]), mean[camp].simulated, mean[camp].data, mean[camp].relative_error),
            simulated=_measure(last[:, camp]),
        )
        for camp, index in enumerate(conflict.camps)
    )
    return ConflictScore(
        conflict=conflict,
        measures=MappingProxyType({
            "ard_mean": _measure(normal.mean(axis=1)),
            "ard_final": _measure(normal[:, -1]),
            "ard_rescaled_mean": _measure(rescaled.mean(axis=1)),
            "ard_rescaled_final": _measure(rescaled[:, -1]),
        }),
        baselines=MappingProxyType(dict(baselines)),
        camps=camps,
        people=int(conflict.known[-1]),
        seeds=len(runs),
        cpu_seconds=seconds,
        daily=_over_seeds(normal, np.mean(normal, axis=0)),
        daily_rescaled=_over_seeds(rescaled, np.mean(rescaled, axis=0)),
        counts=_over_seeds(runs, np.median(runs, axis=0)),
        by_seed=normal.mean(axis=1),
    )


def _over_seeds(values: FloatArray | IntArray, middle: FloatArray) -> FloatArray:
    """Return low, middle and high over the first axis."""
    low, high = np.quantile(values, [LOW, HIGH], axis=0)
    return np.stack([low, middle, high])


def _measure(values: FloatArray | IntArray) -> Measure:
    """Return mean and interval over seeds."""
    numbers = np.asarray(values, dtype=np.float64)
    low, high = np.quantile(numbers, [LOW, HIGH])
    return Measure(float(numbers.mean()), (float(low), float(high)) if len(numbers) > 1 else None)
