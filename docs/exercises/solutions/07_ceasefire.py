"""Exercise 07: a truce that talks bring about, and the part of the group that does not keep it."""

from __future__ import annotations

import datetime as dt
import statistics

from lab import compare, load, outcome, play, runs, vary

from sim.model import MarchlandModel

SPLIT = "north_front_splinter"


def against_north(models: list[MarchlandModel]) -> list[float]:
    """Attacks of the group and of what broke away from it; without splinters there is nothing of the second kind."""
    return [m.outcomes["attacks_north_front"] + m.outcomes.get(f"attacks_{SPLIT}", 0.0) for m in models]


def days(models: list[MarchlandModel]) -> float:
    """Mean days in a truce."""
    return statistics.fmean(float(m.record.series("group", "north_front", "truce").sum()) for m in models)


def splits(model: MarchlandModel) -> str:
    """Dates on which a part breaks away."""
    start = model.setting.start
    return ", ".join(str(start + dt.timedelta(days=event.day)) for event in model.record.raw_events if event.kind == "splinter") or "never"


WHOLE = "parameters.fighters.splinter=0"
scenario = load("07_ceasefire")
none = runs(vary(scenario, WHOLE, "policies.north_front.params.weary_losses=1"))  # never ready for a truce
truce = runs(vary(scenario, WHOLE))
split = runs(scenario)
print(f"splits: seed 1 {splits(split[0])}; seed 2 {splits(split[1])}")
print(f"talks held: {statistics.fmean(outcome(truce, 'talks_held')):.1f}; days in a truce: {days(none):.0f} without, {days(truce):.0f} with")
held = compare("attacks on the north, no truce -> truce", against_north(none), against_north(truce))
assert held[2] < 0.0, "a truce that withholds 60 % of the attacks is seen"
print(f"splinters: {statistics.fmean(outcome(split, 'splinters')):.1f} a run, in {sum(n > 0 for n in outcome(split, 'splinters'))} of 10 runs; "
      f"fighters in them on the last day: {statistics.fmean(outcome(split, f'fighters_{SPLIT}')):.0f}")  # fmt: skip
lost = compare("attacks on the north, truce -> truce with splinters", against_north(truce), against_north(split))
assert lost[1] <= 0.0 <= lost[2] or lost[1] > 0.0, "splinters do not lower attacks"
deaths = compare("deaths in both states, truce -> truce with splinters", outcome(truce, "deaths"), outcome(split, "deaths"))
assert deaths[1] <= 0.0 <= deaths[2], "ten pairs cannot tell: a few attacks kill most"

empty = play(vary(scenario, WHOLE, "groups.north_front.truce_effect=0"), 1)
same = empty.outcomes["attacks"] == none[0].outcomes["attacks"]
print(f"a truce that withholds nothing has the attacks of no truce: {same}")
assert same and empty.outcomes["truces"] > 0.0
