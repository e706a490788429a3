"""The paired difference of two courses: the same scenario and luck, other policies.

On one seed the difference is a single draw. :func:`more_pairs` runs further replicates of both sides up to the
day shown and gives the mean difference with its interval, as ``marchland compare`` does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from experiments.app.course import Course
from sim.model import MarchlandModel

#: Outcomes that are compared, with their words and how many decimals are shown.
OUTCOMES: tuple[tuple[str, str, int], ...] = (
    ("attacks", "attacks so far", 0), ("deaths", "deaths in attacks so far", 0),
    ("civilians_killed", "civilians killed by governments", 0),
    ("coerced_returns", "coerced returns so far", 0), ("returns_deportation", "of them deported", 0),
    ("returns_voluntary", "voluntary returns so far", 0), ("flights", "people who fled so far", 0),
    ("displaced", "displaced people now", 0), ("normalised_hostility", "hostility, mean", 3), ("stability", "stability, mean", 3),
)  # fmt: skip


@dataclass(frozen=True)
class PairRow:
    """One outcome on both sides; with more pairs, the mean difference and its 95 % interval."""

    outcome: str
    label: str
    decimals: int
    left: float
    right: float
    mean: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def difference(self) -> float:
        """Right less left."""
        return self.right - self.left


@dataclass(frozen=True)
class Pairs:
    """Results of further pairs, run up to ``day``."""

    day: int
    number: int
    rows: tuple[PairRow, ...]


def pair_rows(left: Course, right: Course) -> list[PairRow]:
    """Compare the outcomes up to the evening shown; nothing before the first day."""
    a, b = left.model.outcomes, right.model.outcomes
    return [PairRow(name, label, digits, a[name], b[name]) for name, label, digits in OUTCOMES if name in a and name in b]


def more_pairs(
    left: Course, right: Course, number: int, stop: threading.Event, progress: Callable[[int, int], None] = lambda done, all_: None
) -> Pairs | None:
    """Run further replicates of both sides up to the day shown.

    Parameters
    ----------
    number
        Pairs to run, besides the one on the screen; at least 1.
    stop
        Set it to give up.
    progress
        Called with (pairs done, pairs in all).

    Returns
    -------
    Means and intervals over ``number + 1`` pairs, or None when it was stopped.
    """
    from experiments.compare import difference  # scipy.stats and pandas load when they are needed

    day = left.day
    base = left.scenario.config.replicate
    columns: list[tuple[dict[str, float], dict[str, float]]] = [(left.model.outcomes, right.model.outcomes)]
    for k in range(number):
        models = (_again(left, base + 1 + k), _again(right, base + 1 + k))
        for _ in range(day):
            if stop.is_set():
                return None
            for model in models:
                model.step()
        columns.append((models[0].outcomes, models[1].outcomes))
        progress(k + 1, number)
    found: list[PairRow] = []
    for row in pair_rows(left, right):
        a, b = (np.array([pair[side][row.outcome] for pair in columns]) for side in (0, 1))
        over = difference(row.outcome, a, b)
        found.append(PairRow(row.outcome, row.label, row.decimals, float(a.mean()), float(b.mean()), over.mean, over.low, over.high))
    return Pairs(day, number + 1, tuple(found))


def _again(course: Course, replicate: int) -> MarchlandModel:
    """Return the same run with other luck, at its start, with the same interventions."""
    model = course.scenario.build(replicate=replicate)
    for intervention in course.interventions:
        if intervention not in model.interventions:
            model.intervene(intervention)
    return model
