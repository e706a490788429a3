"""Exercise 03: West Gate is shut from the fifth week on, and who goes where."""

from __future__ import annotations

import datetime as dt
import statistics

from lab import SEEDS, compare, load, outcome

from sim.interventions import Intervention
from sim.model import MarchlandModel

SHUT = dt.date(2001, 2, 5)
FIRST = 35  # that date's day


def play(level: float) -> list[MarchlandModel]:
    """Run with West Gate closed to people to this degree by the north."""
    scenario, models = load("03_close_a_crossing"), []
    for seed in SEEDS:
        model = scenario.build(seed=seed)
        model.intervene(Intervention(SHUT, "north", "manual", {"levels": {"close_people/West Gate": level}}))
        models.append(model.run())
    return models


def total(models: list[MarchlandModel], kind: str, actor: str, variable: str) -> list[float]:
    """Sum of a series from the closing on, a value a run."""
    return [float(model.record.series(kind, actor, variable)[FIRST:].sum()) for model in models]


open_, half, shut = play(0.0), play(0.5), play(1.0)
for name, closed in (("half closed", half), ("closed", shut)):
    print(f"West Gate {name}, from 5 February to 31 March")
    west = compare("  people through West Gate", *(total(m, "crossing", "West Gate", "passed") for m in (open_, closed)), 0)
    east = compare("  people through East Gate", *(total(m, "crossing", "East Gate", "passed") for m in (open_, closed)), 0)
    assert west[2] < 0.0 < east[1], "people change over to the other crossing, even at half"
waiting = statistics.fmean(float(m.record.series("crossing", "West Gate", "queue")[-1]) for m in shut)
irregular = statistics.fmean(total(shut, "region", "region", "irregular"))
print(f"  of those through West Gate while it was closed, irregularly: {irregular:,.0f}; still waiting on the last day: {waiting:,.0f}")
returns = compare("  all returns, closed", outcome(open_, "returns"), outcome(shut, "returns"), 0)
assert returns[2] < 0.0 and abs(returns[0]) < 0.1 * statistics.fmean(outcome(open_, "returns")), "fewer, but nine in ten go all the same"
attacks = compare("  attacks, closed", outcome(open_, "attacks"), outcome(shut, "attacks"))
assert attacks[1] <= 0.0 <= attacks[2], "no effect on attacks is to be seen"
