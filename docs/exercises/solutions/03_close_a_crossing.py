"""Exercise 03: West Gate is shut from the fifth week on, and who goes where."""

from __future__ import annotations

import datetime as dt
import statistics

from lab import SEEDS, compare, load

from sim.interventions import Intervention
from sim.model import MarchlandModel

SHUT = dt.date(2001, 2, 5)
FIRST = 35  # that date's day, and the days done on the evening before
Runs = list[dict[str, float]]


def look(model: MarchlandModel) -> dict[str, float]:
    """What is asked of a run; flows are sums from the closing on."""
    record = model.record
    return {
        "west": float(record.series("crossing", "West Gate", "passed")[FIRST:].sum()), "east": float(record.series("crossing", "East Gate", "passed")[FIRST:].sum()),
        "irregular": float(record.series("region", "region", "irregular")[FIRST:].sum()), "waiting": float(record.series("crossing", "West Gate", "queue")[-1]),
        "returns": model.outcomes["returns"], "attacks": model.outcomes["attacks"],
    }  # fmt: skip


def play(*levels: float) -> list[Runs]:
    """Let the north close West Gate to people to each degree, from the same evening on: go back, and set it anew."""
    scenario = load("03_close_a_crossing")
    found: list[Runs] = [[] for _ in levels]
    for seed in SEEDS:
        model = scenario.build(seed=seed).run_for(FIRST)
        evening = model.state.copy()
        for level, rows in zip(levels, found, strict=True):
            model.restore(evening)
            model.intervene(Intervention(SHUT, "north", "manual", {"levels": {"close_people/West Gate": level}}))
            rows.append(look(model.run()))
    return found


def column(rows: Runs, name: str) -> list[float]:
    """One number of every run."""
    return [row[name] for row in rows]


open_, half, shut = play(0.0, 0.5, 1.0)
for name, closed in (("half closed", half), ("closed", shut)):
    print(f"West Gate {name}, from 5 February to 31 March")
    west = compare("  people through West Gate", column(open_, "west"), column(closed, "west"), 0)
    east = compare("  people through East Gate", column(open_, "east"), column(closed, "east"), 0)
    assert west[2] < 0.0 < east[1], "people change over to the other crossing, even at half"
waiting = statistics.fmean(column(shut, "waiting"))
irregular = statistics.fmean(column(shut, "irregular"))
print(f"  of those through West Gate while it was closed, irregularly: {irregular:,.0f}; still waiting on the last day: {waiting:,.0f}")
returns = compare("  all returns, closed", column(open_, "returns"), column(shut, "returns"), 0)
assert returns[2] < 0.0 and abs(returns[0]) < 0.1 * statistics.fmean(column(open_, "returns")), "fewer, but nine in ten go all the same"
attacks = compare("  attacks, closed", column(open_, "attacks"), column(shut, "attacks"))
assert attacks[1] <= 0.0 <= attacks[2], "no effect on attacks is to be seen"
