"""Exercise 09: a phase diagram of how fully each side answers, with the disagreement of replicates beside it."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from lab import CONFIGS, SEEDS, compare, load

from sim.settings import PolicyChoice

NORTH, SOUTH = (2.0, 1.5, 1.0, 0.5), (0.25, 0.5, 0.75, 1.0)
scenario = load("09_phase_diagram", f"scenario.exogenous={CONFIGS / '09_push.csv'}")


def hostility(north: float, south: float, seeds: Iterable[int]) -> list[float]:
    """Mean hostility of the south in the last two weeks with these gains, a value a seed."""
    found = []
    for seed in seeds:
        model = scenario.build(seed=seed)
        for actor, gain in (("north", north), ("south", south)):
            model.replace_policy(actor, scenario.make_policy(actor, PolicyChoice("tit_for_tat", {"gain": gain, "forgiveness": 0.0})))
        found.append(float(model.run().record.series("government", "south", "hostility/north")[-14:].mean()))
    return found


cells = {(n, s): hostility(n, s, (1, 2)) for n in NORTH for s in SOUTH}
print("hostility of the south, last two weeks; # is 0.85 or more")
print("north's gain")
for n in NORTH:
    means = [statistics.fmean(cells[n, s]) for s in SOUTH]
    print(f"  {n:4.2f} | " + "  ".join(f"{m:.2f}{'#' if m >= 0.85 else ' '}" for m in means))
print("south's gain  " + "  ".join(f"{s:.2f} " for s in SOUTH))
apart = max(abs(a - b) for a, b in cells.values())
values = [statistics.fmean(pair) for pair in cells.values()]
print(f"cells run from {min(values):.2f} to {max(values):.2f}; the two seeds of a cell are at most {apart:.2f} apart")

corner, edge = ([*cells[2.0, south], *hostility(2.0, south, SEEDS[2:])] for south in (1.0, 0.25))
both = compare("ten pairs, north 2.00: south 0.25 -> 1.00", edge, corner, 2)
assert both[1] > 0.1, "one side that answers little is enough for calm"
assert apart < max(values) - min(values), "the picture is not made of luck"
