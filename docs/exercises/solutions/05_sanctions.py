"""Exercise 05: transit restricted to the hilt, with trade that finds other ways and without, and what the south does about it."""

from __future__ import annotations

from lab import compare, load, outcome, runs

from sim.model import MarchlandModel

TRANSIT = "governments.north.baseline.transit/south=1"


def help_given(models: list[MarchlandModel]) -> list[float]:
    """Cooperation of the south against north_front at the end, a value a run."""
    return [float(model.record.series("government", "south", "lever/cooperation/north")[-1]) for model in models]


free = runs(load("05_sanctions"))
cost = {}
for diversion in (0.0, 0.8):
    pressed = runs(load("05_sanctions", TRANSIT, f"parameters.economy.diversion={diversion}"))
    print(f"restriction of transit 0 -> 1, diversion {diversion:g}")
    compare("  transit trade, mean of the run", *(outcome(m, "transit_trade_north_south") for m in (free, pressed)), 2)
    cost[diversion] = compare("  output of the south, last day", outcome(free, "economy_south"), outcome(pressed, "economy_south"), 3)
    compare("  legitimacy of the south, last day", outcome(free, "legitimacy_south"), outcome(pressed, "legitimacy_south"), 3)
assert cost[0.0][2] < cost[0.8][1] < 0.0, "trade that finds another way softens the loss"
attacks = compare("attacks of north_front, diversion 0.8", *(outcome(m, "attacks_north_front") for m in (free, pressed)))
assert attacks[1] <= 0.0 <= attacks[2], "nothing is to be seen"

print("cooperation of the south after two weeks, no restriction -> transit 1, by what is assumed about its answer")
answers = {}
for name, spiral, deterrence in (("pressure works", 0.0, 0.4), ("pressure hardens", 0.6, 0.0)):
    words = [f"policies.south.params.spiral={spiral}", f"policies.south.params.deterrence={deterrence}", "scenario.end=2001-01-15"]
    answers[name] = compare(f"  {name}", *(help_given(runs(load("05_sanctions", *words, *more))) for more in ((), (TRANSIT,))), 2)
assert answers["pressure works"][1] > 0.0 > answers["pressure hardens"][2], "the sign is the sign that was put in"
