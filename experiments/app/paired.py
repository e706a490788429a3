"""The paired difference of two courses: the same scenario and luck, other policies.

On one seed the difference is a single draw. :func:`more_pairs` runs further replicates of both sides up to the
day shown and gives the mean difference with its interval, as ``marchland compare`` does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from experiments.app.course import Course
from sim import Scenario
from sim.interventions import Intervention
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
    """Results of further pairs; ``key`` tells of which courses, up to which day."""

    key: object
    number: int
    rows: tuple[PairRow, ...]


def pair_rows(left: Course, right: Course) -> list[PairRow]:
    """Compare the outcomes up to the evening shown; nothing before the first day."""
    a, b = left.model.outcomes, right.model.outcomes
    return [PairRow(name, label, digits, a[name], b[name]) for name, label, digits in OUTCOMES if name in a and name in b]


@dataclass(frozen=True)
class Plan:
    """What further pairs are run from: both sides as they stood when somebody asked."""

    key: object
    day: int
    scenarios: tuple[Scenario, Scenario]
    interventions: tuple[tuple[Intervention, ...], tuple[Intervention, ...]]
    first: tuple[dict[str, float], dict[str, float]]
    rows: tuple[PairRow, ...]


def plan_pairs(left: Course, right: Course, key: object) -> Plan:
    """Note down both sides, to be run again while the courses go on."""
    return Plan(
        key, left.day, (left.scenario, right.scenario), (tuple(left.interventions), tuple(right.interventions)),
        (left.model.outcomes, right.model.outcomes), tuple(pair_rows(left, right)),
    )


def more_pairs(
    plan: Plan, number: int, stop: threading.Event, progress: Callable[[int, int], None] = lambda done, all_: None
) -> Pairs | None:
    """Run further replicates of both sides up to the day of the plan.

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

    base = plan.scenarios[0].config.replicate
    columns = [plan.first]
    for k in range(number):
        models = tuple(_again(s, changes, base + 1 + k) for s, changes in zip(plan.scenarios, plan.interventions, strict=True))
        for _ in range(plan.day):
            if stop.is_set():
                return None
            for model in models:
                model.step()
        columns.append((models[0].outcomes, models[1].outcomes))
        progress(k + 1, number)
    found: list[PairRow] = []
    for row in plan.rows:
        a, b = (np.array([pair[side][row.outcome] for pair in columns]) for side in (0, 1))
        over = difference(row.outcome, a, b)
        found.append(PairRow(row.outcome, row.label, row.decimals, float(a.mean()), float(b.mean()), over.mean, over.low, over.high))
    return Pairs(plan.key, number + 1, tuple(found))


def _again(scenario: Scenario, interventions: Sequence[Intervention], replicate: int) -> MarchlandModel:
    """Return the same run with other luck, at its start, with the same interventions."""
    model = scenario.build(replicate=replicate)
    for change in model.interventions:
        if change not in interventions:  # withdrawn on the screen
            model.withdraw(change.date, change.actor)
    for change in interventions:
        if change not in model.interventions:
            model.intervene(change)
    return model
