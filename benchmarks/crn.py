"""How many runs a paired comparison saves: a lever changed by 3 %, under common random numbers and with luck apart.

   python benchmarks/crn.py [--scenario two_states|pakistan_afghanistan] [--pairs 40] [--draws 2000] [--csv FILE]

Each arm is run with the same seed and replicates 0, 1, ... (experiments.compare). `saved` is how many pairs of runs with luck
of their own give the same interval as one pair: (variance of one arm + variance of the other) / variance of the pair's
difference. Its interval is a bootstrap over pairs (percentiles, 95 %). Where pairs never differ in luck, `saved` is infinite.

Which outcomes count: the main outcomes (experiments.analysis.registry.MAIN, fixed in advance) that the lever moves in at least one
pair. Whether a paired interval leaves out 0 plays no part, since that is what pairing decides. Pass: every one that counts saves a
factor of at least 5, as estimated; whether the lower end of its interval is above 5 is printed as well.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from experiments.analysis.registry import MAIN
from experiments.compare import compare, difference
from experiments.study.task import with_values
from sim.scenario import Scenario
from sim.settings import to_tree

NEEDED = 5.0
SMALL = 1.03
#: Levers by scenario: the key of a level, and its level in the scenario; each is raised by 3 % in an arm of its own.
LEVERS: Mapping[str, tuple[tuple[str, float], ...]] = MappingProxyType({
    "two_states": (("governments.north.baseline.operations", 0.3), ("governments.north.baseline.cooperation/south", 0.3)),
    "pakistan_afghanistan": (
        ("governments.pakistan.baseline.operations", 0.3), ("governments.pakistan.baseline.deportation/undocumented", 0.027),
    ),
})  # fmt: skip


@dataclass(frozen=True)
class Saving:
    """What pairing saves for one outcome of one lever."""

    scenario: str
    lever: str
    outcome: str
    first: float
    change: float
    low: float
    high: float
    saved: float
    saved_low: float
    saved_high: float

    @property
    def counts(self) -> bool:
        """Whether the lever moves the outcome in any pair; whether its interval leaves out 0 plays no part, for pairing decides that."""
        return not math.isnan(self.saved) and (self.change != 0.0 or self.low < self.high)


def saved(first: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the factor; (pairs,) each. NaN where the outcome has no luck at all."""
    apart = float(first.var(ddof=1) + other.var(ddof=1))
    pair = float((other - first).var(ddof=1))
    return apart / pair if pair > 0.0 else (math.inf if apart > 0.0 else math.nan)


def measure(scenario: str, pairs: int, draws: int) -> Iterator[Saving]:
    """Run all arms of a scenario and yield what pairing saves."""
    levers = LEVERS[scenario]
    names = ["as it is", *(lever for lever, _ in levers)]
    base = Scenario.load(scenario)
    tree = to_tree(base.config)
    assert isinstance(tree, dict)
    more = [Scenario.from_config(with_values(tree, {lever: level * SMALL}), base.tables.folder) for lever, level in levers]
    scenarios = [base, *more]
    runs = compare(names, scenarios, pairs, show=True).runs
    rng = np.random.default_rng(1)
    first = runs[runs["arm"] == names[0]]
    for lever, _ in levers:
        other = runs[runs["arm"] == lever]
        for outcome in MAIN:
            if outcome not in runs.columns:
                continue
            a, b = first[outcome].to_numpy(np.float64), other[outcome].to_numpy(np.float64)
            if not (np.isfinite(a).all() and np.isfinite(b).all()):
                continue
            found = difference(outcome, a, b)
            picks = rng.integers(0, pairs, (draws, pairs))
            factors = np.array([saved(a[pick], b[pick]) for pick in picks])
            low, high = (float(np.quantile(factors, q, method="inverted_cdf")) for q in (0.025, 0.975))
            yield Saving(scenario, lever, outcome, found.first, found.mean, found.low, found.high, saved(a, b), low, high)


def _factor(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1f}x" if value < 1e4 else ">10000x"


def main() -> int:
    """Measure, print, and return 0 when every outcome that counts saves enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", choices=tuple(LEVERS), action="append", help="default: both")
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--csv", type=Path)
    asked = parser.parse_args()
    found: list[Saving] = []
    for scenario in asked.scenario or tuple(LEVERS):
        own = list(measure(scenario, asked.pairs, asked.draws))
        found += own
        print(f"{scenario}, {asked.pairs} pairs\n  {'outcome':<24}{'lever':<50}{'change':>12}{'from':>12}{'to':>12}{'saved':>10}{'from':>9}{'to':>9}")
        for one in own:
            mark = "*" if one.counts else " "
            print(
                f"{mark} {one.outcome:<24}{one.lever:<50}{one.change:>+12.4g}{one.low:>+12.4g}{one.high:>+12.4g}"
                f"{_factor(one.saved):>10}{_factor(one.saved_low):>9}{_factor(one.saved_high):>9}"
            )
    if asked.csv:
        pd.DataFrame([{**vars(one), "counts": one.counts} for one in found]).to_csv(asked.csv, index=False)
    passed = True
    for scenario in dict.fromkeys(one.scenario for one in found):
        counted = [one for one in found if one.scenario == scenario and one.counts]
        worst = min(counted, key=lambda one: one.saved, default=None)
        fine = worst is not None and worst.saved >= NEEDED
        passed &= fine
        sure = sum(one.saved_low >= NEEDED for one in counted)
        least = f"least {worst.saved:.1f}x ({worst.outcome}, {worst.lever})" if worst else "none responds: use more pairs"
        print(f"{scenario}: {len(counted)} outcomes count (*), {least}; {sure} are above {NEEDED:g} with their whole interval: {'pass' if fine else 'FAIL'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
