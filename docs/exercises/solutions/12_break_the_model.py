"""Exercise 12: wrong words give one line, extreme numbers give a run in which nobody is lost."""

from __future__ import annotations

import math

from lab import load, vary

from agents.errors import InputError

WRONG = (
    "seed=-1",
    "scenario.end=2000-01-01",
    "parameters.violence.branching=1.5",
    "parameters.violence.brancing=0.5",
    "parameters.diplomacy.reaction=0.4",
    "policy@policies.north=hardliner",
    "governments.north.baseline.magic=1",
    "governments.south.baseline.cooperation/south=1",
)
EXTREME = (
    ("a billion times the people", "scenario.people_scale=1e9"),
    ("a thousandth of the people", "scenario.people_scale=0.001"),
    ("no forces and no money", "governments.north.forces=0", "governments.north.money=0", "policy@policies.north=hardline"),
    ("the bloodiest group", "groups.north_front.attack_rate=5", "groups.north_front.recruits=10000", "parameters.violence.branching=0.9"),
    ("nobody fights", "groups.north_front.attack_rate=0", "groups.south_front.attack_rate=0"),
    ("both hard, all crossings shut", "policy@policies.north=hardline", "policy@policies.south=hardline",
     "policies.north.params.closure=1", "policies.south.params.closure=1"),
)  # fmt: skip

print("wrong words")
for word in WRONG:
    try:
        load("12_break_the_model", word)
    except InputError as error:
        line = str(error)
        assert "\n" not in line and len(line) < 400, "one line"
        print(f"  {line.split('; known')[0]}")
    else:
        raise AssertionError(f"{word} was taken")

usual = load("12_break_the_model")
print("extreme numbers, 31 days: attacks; returns; stability")
for name, *words in EXTREME:
    chosen = tuple(word for word in words if word.startswith("policy@"))
    scenario = vary(load("12_break_the_model", *chosen) if chosen else usual, *(word for word in words if word not in chosen))
    model = scenario.build(seed=1).run()  # counts people and fighters every evening, or stops
    row = model.outcomes
    assert all(math.isfinite(row[key]) for key in ("attacks", "deaths", "returns", "stability"))
    assert 0.0 <= row["stability"] <= 1.0
    print(f"  {name}: {row['attacks']:,.0f}; {row['returns']:.3g}; {row['stability']:.2f}")
