"""Exercise 08: offers of talks, talks, and what talks change."""

from __future__ import annotations

import datetime as dt
import statistics

from lab import compare, load, outcome, play, runs, vary

from sim.interventions import Intervention
from sim.model import MarchlandModel

READY = "parameters.mediation.base=2"  # nearly always ready; -1 by default, about a third of offers as a whole
scenario = load("08_mediation")
nobody = runs(vary(scenario, "mediators.international.offers=0"))
mediator = runs(scenario)
ready = runs(vary(scenario, READY))


def log(model: MarchlandModel) -> str:
    """Offers of talks, with their dates and what came of them."""
    start = model.setting.start
    return "; ".join(f"{start + dt.timedelta(days=event.day)} {event.text}" for event in model.record.raw_events if event.kind == "talks")


seeking = play(scenario, 1, Intervention(dt.date(2001, 3, 12), "south", "manual", {"levels": {"engagement/north": 1.0}}))
print(f"seed 1: {log(mediator[0])}")
print(f"the same, the south seeks talks by hand from 2001-03-12 on: {'declined again' if log(seeking) == log(mediator[0]) else log(seeking)}")
for name, models in (("no mediator", nobody), ("mediator", mediator), ("mediator, both sides ready", ready)):
    offered, held = (statistics.fmean(outcome(models, f"talks_{word}")) for word in ("offered", "held"))
    print(f"{name}: {offered:.1f} offers, {held:.1f} talks held")

small = compare("hostility of the south, no mediator -> mediator", *(outcome(m, "hostility_south_north") for m in (nobody, mediator)), 2)
large = compare("hostility of the south, no mediator -> both ready", *(outcome(m, "hostility_south_north") for m in (nobody, ready)), 2)
assert large[2] < 0.0, "talks lower hostility"
assert large[0] < small[0], "it is the readiness that is scarce, not the offers"
for name in ("attacks", "coerced_returns"):
    null = compare(f"{name.replace('_', ' ')}, no mediator -> both ready", outcome(nobody, name), outcome(ready, name))
    assert null[1] <= 0.0 <= null[2] or abs(null[0]) < 0.01 * statistics.fmean(outcome(nobody, name)), "next to nothing"
