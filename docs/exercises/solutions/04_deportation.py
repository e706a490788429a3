"""Exercise 04: full deportation against none, with the contested effects at -, 0 and +."""

from __future__ import annotations

import datetime as dt
import statistics

from lab import by_hand, compare, load, outcome, play, runs, vary

from sim.interventions import Intervention

#: What is open in the literature: attacks and the number of undocumented people in the north; recruits among
#: those who were made to return; recruits and the number of foreigners. The sign is that of the effect of deportation.
SIGNS = {
    "-": {"groups.north_front.refugee_milieu": 0.15, "parameters.fighters.deportees": 0.0, "parameters.fighters.refugees": 0.1},
    "0": {"groups.north_front.refugee_milieu": 0.0, "parameters.fighters.deportees": 0.0, "parameters.fighters.refugees": 0.0},
    "+": {"groups.north_front.refugee_milieu": -0.15, "parameters.fighters.deportees": 0.001, "parameters.fighters.refugees": -0.1},
}
scenario = load("04_deportation")
NONE = by_hand(scenario, "north", {"deportation/undocumented": 0.0})
none = runs(scenario, NONE)
attacks, by_sign = {}, {}
for sign, numbers in SIGNS.items():
    signed = vary(scenario, *(f"{key}={value}" for key, value in numbers.items()))
    if sign != "0":
        alone = play(signed, 1, NONE).outcomes["attacks_north_front"]
        assert abs(alone - none[0].outcomes["attacks_north_front"]) <= 1.0, "without deportation the sign hardly matters: one reference"
    by_sign[sign] = full = runs(signed)
    print(f"contested effects at {sign}: no deportation -> full deportation")
    attacks[sign] = compare("  attacks of north_front", outcome(none, "attacks_north_front"), outcome(full, "attacks_north_front"))
    coerced = compare("  coerced returns", outcome(none, "coerced_returns"), outcome(full, "coerced_returns"), 0)
    assert coerced[1] > 10_000.0, "harm that does not hang on any sign"
assert attacks["-"][2] < 0.0 < attacks["+"][1], "the sign of the effect on attacks is the sign that was put in"
assert abs(attacks["0"][0]) < 1.5, "with the contested effects at 0 next to nothing is left"

print("at 0")
full = by_sign["0"]
fear, formal = (statistics.fmean(outcome(full, f"returns_{kind}")) for kind in ("fear", "deportation"))
print(f"  of the coerced returns: {fear:,.0f} by fear, {formal:,.0f} by formal deportation")
components = {name: compare(f"  stability, {name}", *(outcome(m, f"stability_{name}") for m in (none, full)), 2) for name in ("violence", "movement", "relations")}
assert components["movement"][2] < components["relations"][1] < 0.0 == components["violence"][0]
back = compare("  people who came back again (reentries)", outcome(none, "reentries"), outcome(full, "reentries"), 0)
assert back[1] > 0.0

late = play(scenario, 1, Intervention(scenario.setting.start + dt.timedelta(days=1), "north", "manual", {"levels": {"deportation/undocumented": 0.0}})).outcomes
print(f"deportation stopped after one day (seed 1): {late['returns_fear']:,.0f} by fear, {late['returns_deportation']:,.0f} by formal deportation")
assert late["returns_fear"] > 0.5 * late["returns_deportation"] > 0.0, "fear outlasts the measure"
