"""Exercise 05: transit restricted to the hilt by hand, with trade that finds other ways and without, and what the south does about it."""

from __future__ import annotations

import datetime as dt

from lab import SEEDS, by_hand, compare, load, outcome, runs, vary

from sim import Scenario
from sim.interventions import Intervention
from sim.model import MarchlandModel


def lowest(model: MarchlandModel) -> str:
    """When goods of the south that pass through the north are fewest, and how many are left."""
    trade = model.record.series("government", "north", "transit_trade/south")
    day = int(trade.argmin())
    return f"{trade[day]:.2f} on {model.setting.start + dt.timedelta(days=day)}, of {len(trade)} days the number {day + 1}"


def after_two_weeks(scenario: Scenario, *changes: Intervention) -> list[float]:
    """Cooperation of the south against north_front, a value a run."""
    found = []
    for seed in SEEDS:
        model = scenario.build(seed=seed)
        for change in changes:
            model.intervene(change)
        found.append(float(model.run_for(15).record.series("government", "south", "lever/cooperation/north")[-1]))
    return found


scenario = load("05_sanctions")
transit = by_hand(scenario, "north", {"transit/south": 1.0})
free = runs(scenario)
cost = {}
for diversion in (0.0, 0.8):
    pressed = runs(vary(scenario, f"parameters.economy.diversion={diversion}"), transit)
    print(f"restriction of transit 0 -> 1, diversion {diversion:g}")
    compare("  transit trade, mean of the run", *(outcome(m, "transit_trade_north_south") for m in (free, pressed)), 2)
    print(f"  transit trade is lowest (seed 1): {lowest(pressed[0])}")
    cost[diversion] = compare("  output of the south, last day", outcome(free, "economy_south"), outcome(pressed, "economy_south"), 3)
    compare("  legitimacy of the south, last day", outcome(free, "legitimacy_south"), outcome(pressed, "legitimacy_south"), 3)
assert cost[0.0][2] < cost[0.8][1] < 0.0, "trade that finds another way softens the loss"
hostile = compare("hostility of the south, diversion 0.8", *(outcome(m, "hostility_south_north") for m in (free, pressed)), 2)
assert hostile[1] > 0.0, "who is restricted resents it"
attacks = compare("attacks of north_front, diversion 0.8", *(outcome(m, "attacks_north_front") for m in (free, pressed)))
assert attacks[1] <= 0.0 <= attacks[2], "nothing is to be seen"

print("cooperation of the south after two weeks, no restriction -> transit 1, by what is assumed about its answer")
answers = {}
for name, spiral, deterrence in (("pressure works", 0.0, 0.4), ("pressure hardens", 0.6, 0.0)):
    assumed = vary(scenario, f"policies.south.params.spiral={spiral}", f"policies.south.params.deterrence={deterrence}")
    answers[name] = compare(f"  {name}", after_two_weeks(assumed), after_two_weeks(assumed, transit), 2)
assert answers["pressure works"][1] > 0.0 > answers["pressure hardens"][2], "the sign is the sign that was put in"
