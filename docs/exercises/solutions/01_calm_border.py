"""Exercise 01: one hostile week, and whether the border gets calm again."""

from __future__ import annotations

import datetime as dt
import statistics

from lab import SEEDS, compare, load, outcome

from sim import Scenario
from sim.interventions import Intervention
from sim.model import MarchlandModel

PUSH, BACK = dt.date(2001, 2, 5), dt.date(2001, 2, 12)
WORDS = {"denounce/south": 1.0}
WORDS_AND_TRADE = {"denounce/south": 1.0, "sanctions/south": 1.0}


def play(scenario: Scenario, levels: dict[str, float]) -> list[MarchlandModel]:
    """Take the north over for one week with these levers, then hand it back to its policy."""
    own = scenario.config.policies["north"]
    models = []
    for seed in SEEDS:
        model = scenario.build(seed=seed)
        if levels:
            model.intervene(Intervention(PUSH, "north", "manual", {"levels": levels}))
            model.intervene(Intervention(BACK, "north", own.name, dict(own.params)))
        models.append(model.run())
    return models


def hostility(models: list[MarchlandModel], day: int) -> list[float]:
    """Hostility of the south towards the north on a day, a value a run."""
    return [float(model.record.series("government", "south", "hostility/north")[day]) for model in models]


strict = load("01_calm_border")
forgiving = load("01_calm_border", "policies.north.params.forgiveness=0.2", "policies.south.params.forgiveness=0.2")
arms = {
    "no push": play(strict, {}),
    "one week of words": play(strict, WORDS),
    "one week of words and sanctions": play(strict, WORDS_AND_TRADE),
    "the same, but one hostile week in five is overlooked": play(forgiving, WORDS_AND_TRADE),
}
print("hostility of the south: day before, at handing back, last day; trade on the last day")
for name, models in arms.items():
    days = [statistics.fmean(hostility(models, day)) for day in (34, 41, 119)]
    trade = statistics.fmean(float(m.record.series("government", "north", "direct_trade/south")[-1]) for m in models)
    print(f"  {name}: {days[0]:.2f}, {days[1]:.2f}, {days[2]:.2f}; {trade:.2f}")

calm, words, broken, kind = arms.values()
print("last day, against no push with the same luck")
_, low, _ = compare("  hostility, words and sanctions", hostility(calm, 119), hostility(broken, 119), 2)
assert low > 0.3, "the feud goes on by itself eleven weeks after the push is over"
_, _, high = compare("  hostility, words only", hostility(calm, 119), hostility(words, 119), 2)
assert high < 0.05, "a small push dies away"
_, _, high = compare("  hostility, with forgiveness", hostility(calm, 119), hostility(kind, 119), 2)
assert high < 0.3, "forgiveness takes most of it away"
difference, low, high = compare("  attacks, words and sanctions", outcome(calm, "attacks"), outcome(broken, "attacks"))
assert low <= 0.0 <= high, "no effect on attacks is to be seen"
