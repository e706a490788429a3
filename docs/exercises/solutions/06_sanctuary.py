"""Exercise 06: what changes when the south, led by hand, acts against the group that it shelters, and what that costs it."""

from __future__ import annotations

from lab import by_hand, compare, load, outcome, play, runs, vary

from sim.model import MarchlandModel

MANY = "parameters.fighters.infiltration=2"  # sheltered fighters who go across, a year; 0.8 by default


def report(name: str, none: list[MarchlandModel], full: list[MarchlandModel]) -> tuple[float, float, float]:
    """Print what cooperation changed for the group that is sheltered; return its effect on attacks."""
    print(name)
    fighters = compare("  fighters of north_front", outcome(none, "fighters_north_front"), outcome(full, "fighters_north_front"), 0)
    assert fighters[2] < 0.0, "fewer fighters"
    return compare("  attacks of north_front", outcome(none, "attacks_north_front"), outcome(full, "attacks_north_front"))


scenario = load("06_sanctuary")
cooperate = by_hand(scenario, "south", {"cooperation/north": 1.0})
tolerated, tolerated_many, full = runs(scenario), runs(vary(scenario, MANY)), runs(scenario, cooperate)
usual = report("cooperation 0 -> 1, by hand from the first day", tolerated, full)
many = report("the same, when more fighters would cross (infiltration 2)", tolerated_many, full)
assert many[2] < 0.0, "where many would cross, attacks fall"
assert many[0] < usual[0], "and fall more than where few would"

again = play(vary(scenario, MANY), 1, cooperate)
same = again.outcomes["attacks_north_front"] == full[0].outcomes["attacks_north_front"]
print(f"with full cooperation infiltration changes nothing for north_front: {same}")
assert same, "nobody crosses where cooperation is full, so its rate cannot matter"

gain = compare("hostility of the north", outcome(tolerated, "hostility_north_south"), outcome(full, "hostility_north_south"), 3)
assert gain[2] < 0.0, "less blame"
price = compare("legitimacy of the south, last day", outcome(tolerated, "legitimacy_south"), outcome(full, "legitimacy_south"), 3)
assert price[2] < 0.0, "acting against kin costs standing at home"
for name, digits in (("fighters", 0), ("attacks", 1)):
    other = compare(f"{name} of south_front", outcome(tolerated, f"{name}_south_front"), outcome(full, f"{name}_south_front"), digits)
    assert other[1] > 0.0, "the other group gains by it"
both = compare("attacks of both groups", outcome(tolerated, "attacks"), outcome(full, "attacks"))

default = play(vary(scenario, "governments.south.baseline.cooperation/north=1"), 1)
print(f"as a baseline instead (seed 1): attacks of south_front {tolerated[0].outcomes['attacks_south_front']:.0f} -> {default.outcomes['attacks_south_front']:.0f}, "
      f"legitimacy of the south {tolerated[0].outcomes['legitimacy_south']:.3f} -> {default.outcomes['legitimacy_south']:.3f}")  # fmt: skip
assert default.outcomes["attacks_south_front"] == tolerated[0].outcomes["attacks_south_front"], "what was always so costs nothing"
