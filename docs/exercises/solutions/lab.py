"""What the solutions share: load an exercise's config, run it over several seeds, compare under the same luck, print a line."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from pathlib import Path

from sim import Scenario
from sim.compose import compose
from sim.interventions import Intervention
from sim.model import MarchlandModel
from sim.settings import to_tree, validate

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
#: The luck of the solutions: ten pairs. Use twenty or more for a claim of your own.
SEEDS = range(1, 11)
#: Student's t for a 95 % interval from ten pairs.
_T9 = 2.262


def load(name: str, *overrides: str) -> Scenario:
    """Load ``configs/NAME.yaml`` with overrides in the grammar of the command line."""
    composed = compose(list(overrides), config_dir=CONFIGS, config_name=name, trusted=True)
    return Scenario.from_config(composed.config, composed.folder, composed.trusted_classes)


def vary(scenario: Scenario, *words: str) -> Scenario:
    """Return the scenario with other numbers, ``KEY=NUMBER`` each, checked again: the same as :func:`load` with them, and quicker."""
    tree = to_tree(scenario.config)
    for word in words:
        key, _, value = word.partition("=")
        *path, last = key.split(".")
        node = tree
        for part in path:
            assert isinstance(node, dict)
            node = node[part]
        assert isinstance(node, dict)
        node[last] = float(value)
    assert isinstance(tree, dict)
    return Scenario(validate(tree), scenario.tables, scenario.trusted_classes)


def runs(scenario: Scenario, *changes: Intervention) -> list[MarchlandModel]:
    """Run a scenario once with every seed of :data:`SEEDS`, with these changes of who decides."""
    return [play(scenario, seed, *changes) for seed in SEEDS]


def play(scenario: Scenario, seed: int, *changes: Intervention) -> MarchlandModel:
    """Run a scenario once."""
    model = scenario.build(seed=seed)
    for change in changes:
        model.intervene(change)
    return model.run()


def by_hand(scenario: Scenario, actor: str, levels: dict[str, float]) -> Intervention:
    """Take a government over before the first day, as on the page: these levers at these levels, everything else as it is."""
    return Intervention(scenario.setting.start, actor, "manual", {"levels": levels})


def outcome(models: Sequence[MarchlandModel], name: str) -> list[float]:
    """Return one outcome of every run."""
    return [model.outcomes[name] for model in models]


def paired(first: Sequence[float], second: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean of ``second - first`` over pairs with the same seed, and its 95 % interval (Student's t)."""
    differences = [b - a for a, b in zip(first, second, strict=True)]
    middle, half = statistics.fmean(differences), _T9 * statistics.stdev(differences) / math.sqrt(len(differences))
    assert len(differences) == len(SEEDS)
    return middle, middle - half, middle + half


def compare(label: str, first: Sequence[float], second: Sequence[float], digits: int = 1) -> tuple[float, float, float]:
    """Print both means and the paired difference with its interval; return the difference and the interval."""
    middle, low, high = paired(first, second)
    a, b = (f"{statistics.fmean(values):,.{digits}f}" for values in (first, second))
    print(f"{label}: {a} -> {b}, difference {middle:+,.{digits}f} ({low:+,.{digits}f} to {high:+,.{digits}f})")
    return middle, low, high
