"""Exercise 06: what changes when the south acts against the group that it shelters."""

from __future__ import annotations

from lab import compare, load, outcome, runs

from sim.model import MarchlandModel

MANY = "parameters.fighters.infiltration=2"  # sheltered fighters who go across, a year; 0.8 by default
FULL = "governments.south.baseline.cooperation/north=1"


def report(name: str, none: list[MarchlandModel], full: list[MarchlandModel]) -> tuple[float, float, float]:
    """Print what cooperation changed for the group that is sheltered; return its effect on attacks."""
    print(name)
    fighters = compare("  fighters of north_front", outcome(none, "fighters_north_front"), outcome(full, "fighters_north_front"), 0)
    assert fighters[2] < 0.0, "fewer fighters"
    return compare("  attacks of north_front", outcome(none, "attacks_north_front"), outcome(full, "attacks_north_front"))


tolerated, tolerated_many = runs(load("06_sanctuary")), runs(load("06_sanctuary", MANY))
full = runs(load("06_sanctuary", FULL))
usual = report("cooperation 0 -> 1", tolerated, full)
many = report("cooperation 0 -> 1, when more fighters would cross (infiltration 2)", tolerated_many, full)
assert many[2] < 0.0, "where many would cross, attacks fall"
assert many[0] < usual[0], "and fall more than where few would"

again = load("06_sanctuary", FULL, MANY).build(seed=1).run()
same = again.outcomes["attacks_north_front"] == full[0].outcomes["attacks_north_front"]
print(f"with full cooperation infiltration changes nothing: {same}")
assert same, "nobody crosses where cooperation is full, so its rate cannot matter"

placebo = compare("attacks of south_front (placebo)", outcome(tolerated, "attacks_south_front"), outcome(full, "attacks_south_front"))
assert placebo[1] <= 0.0 <= placebo[2], "the other group has another shelter"
gain = compare("hostility of the north", outcome(tolerated, "hostility_north_south"), outcome(full, "hostility_north_south"), 3)
assert gain[2] < 0.0, "less blame"
