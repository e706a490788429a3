"""CPU time of a run, stage by stage, with the share of the random draws.

python benchmarks/stages.py [scenario] [overrides ...]
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict

from sim import Scenario
from sim.schedule import DAY


def main() -> None:
    """Time every stage of the day over a whole run."""
    name = sys.argv[1] if len(sys.argv) > 1 else "pakistan_afghanistan"
    scenario = Scenario.load(name, overrides=sys.argv[2:])
    model = scenario.build()
    spent: dict[str, float] = defaultdict(float)
    began = time.process_time()
    while model.state.day < model.setting.days:
        today = model.begin_day()
        for stage in DAY:
            start = time.process_time()
            stage.run(model, today)
            spent[stage.name] += time.process_time() - start
        start = time.process_time()
        model.end_day()
        spent["collect"] += time.process_time() - start
    total = time.process_time() - began
    days = model.setting.days
    for stage_name, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"{stage_name:10s} {seconds:7.3f} s {1e6 * seconds / days:8.1f} us/day {100 * seconds / total:5.1f} %")
    print(f"{'total':10s} {total:7.3f} s {1e6 * total / days:8.1f} us/day")


if __name__ == "__main__":
    main()
