"""Exercise 01: one hostile week, and whether the border gets calm again."""

from __future__ import annotations

import datetime as dt
import statistics

from lab import SEEDS, compare, load, vary

from sim import Scenario
from sim.interventions import Intervention
from sim.model import MarchlandModel

PUSH, BACK = dt.date(2001, 2, 5), dt.date(2001, 2, 12)
EVENING = 35  # days done on the evening before the push
WORDS = {"denounce/south": 1.0}
WORDS_AND_TRADE = {"denounce/south": 1.0, "sanctions/south": 1.0}
Runs = list[dict[str, float]]


def look(model: MarchlandModel) -> dict[str, float]:
    """What is asked of a run: hostility of the south on three evenings, trade on the last one, attacks."""
    hostility = model.record.series("government", "south", "hostility/north")
    trade = model.record.series("government", "north", "direct_trade/south")
    return {"before": float(hostility[34]), "back": float(hostility[41]), "last": float(hostility[-1]), "trade": float(trade[-1]),
            "attacks": model.outcomes["attacks"]}  # fmt: skip


def play(scenario: Scenario, *pushes: dict[str, float]) -> list[Runs]:
    """Take the north over for one week with these levers, hand it back, run on; then go back to the evening before and push otherwise."""
    own = scenario.config.policies["north"]
    found: list[Runs] = [[] for _ in pushes]
    for seed in SEEDS:
        model = scenario.build(seed=seed).run_for(EVENING)
        evening = model.state.copy()
        for levels, rows in zip(pushes, found, strict=True):
            model.restore(evening)
            for change in model.interventions:
                model.withdraw(change.date, change.actor)
            if levels:
                model.intervene(Intervention(PUSH, "north", "manual", {"levels": levels}))
                model.intervene(Intervention(BACK, "north", own.name, dict(own.params)))
            rows.append(look(model.run()))
    return found


def column(rows: Runs, name: str) -> list[float]:
    """One number of every run."""
    return [row[name] for row in rows]


strict = load("01_calm_border")
forgiving = vary(strict, "policies.north.params.forgiveness=0.2", "policies.south.params.forgiveness=0.2")
calm, words, broken = play(strict, {}, WORDS, WORDS_AND_TRADE)
(kind,) = play(forgiving, WORDS_AND_TRADE)
print("hostility of the south: day before, at handing back, last day; trade on the last day")
for name, rows in (("no push", calm), ("one week of words", words), ("one week of words and sanctions", broken),
                   ("the same, but one hostile week in five is overlooked", kind)):  # fmt: skip
    days = [statistics.fmean(column(rows, day)) for day in ("before", "back", "last")]
    print(f"  {name}: {days[0]:.2f}, {days[1]:.2f}, {days[2]:.2f}; {statistics.fmean(column(rows, 'trade')):.2f}")

print("last day, against no push with the same luck")
_, low, _ = compare("  hostility, words and sanctions", column(calm, "last"), column(broken, "last"), 2)
assert low > 0.3, "the feud goes on by itself eleven weeks after the push is over"
_, _, high = compare("  hostility, words only", column(calm, "last"), column(words, "last"), 2)
assert high < 0.05, "a small push dies away"
_, _, high = compare("  hostility, with forgiveness", column(calm, "last"), column(kind, "last"), 2)
assert high < 0.3, "forgiveness takes most of it away"
difference, low, high = compare("  attacks, words and sanctions", column(calm, "attacks"), column(broken, "attacks"))
assert low <= 0.0 <= high, "no effect on attacks is to be seen"
