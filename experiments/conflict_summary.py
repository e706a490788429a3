"""What happened in a run of a conflict folder, in plain sentences: where people are, and how far from the counts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from sim.displacement.conflict import Conflict
from sim.settings import ScenarioSettings

#: What the rule is told about capacities, in words.
CAPACITIES: Mapping[str, str] = MappingProxyType({
    "limits": "limits: a camp admits nobody beyond its capacity in the folder. Such capacities often come from the very counts "
    "compared here, so agreement is partly given; scenario.capacities=withheld is the test without them",
    "withheld": "withheld: nobody knows the capacities in the folder, camps admit everybody who comes",
    "attraction": "attraction: the larger its capacity in the folder, the more people a camp attracts. Such capacities often come "
    "from the very counts compared here, so this mode is for comparison only",
})
#: The same where the rule flee reads it otherwise.
_FLEE_LIMITS = (
    "limits: the fuller a camp, by its capacity in the folder, the fewer choose it, and nobody is turned away. Such capacities "
    "often come from the very counts compared here, so agreement is partly given; scenario.capacities=withheld is the test "
    "without them"
)
RULES: Mapping[str, str] = MappingProxyType({
    "gravity": "gravity: people weigh all camps that they can reach (parameters.gravity)",
    "flee": "flee: people move from place to place as in Flee (parameters.flee)",
})
WORST = 3  # camps named
MOST_REMARKS = 5


def conflict_title(conflict: Conflict) -> str:
    """Return a conflict's home country and years: ``South Sudan 2013-2015``."""
    years = dict.fromkeys((conflict.start.year, conflict.end.year))
    return f"{conflict.home.replace('_', ' ')} {'-'.join(map(str, years))}"


def conflict_lines(
    conflict: Conflict, settings: ScenarioSettings, outcomes: Mapping[str, float], camps: pd.DataFrame
) -> list[str]:
    """Return the paragraphs of a run of a conflict folder.

    Parameters
    ----------
    conflict
        What was read from the folder.
    settings
        The scenario's settings: which rule, and what capacities did.
    outcomes
        The run's outcomes by name.
    camps
        The record's frame of camps.
    """
    return [
        *_people(outcomes),
        *_against_counts(outcomes, camps),
        f"Rule {RULES[settings.rule]}.",
        f"Capacities {_FLEE_LIMITS if settings.rule == 'flee' and settings.capacities == 'limits' else CAPACITIES[settings.capacities]}.",
        *_folder(conflict),
    ]


def _people(outcomes: Mapping[str, float]) -> list[str]:
    """Say how many people came in and where they are at the end."""
    parts = [f"{outcomes['in_camps']:,.0f} in camps", f"{outcomes['on_the_way']:,.0f} on the way"]
    parts.append(f"{outcomes['at_stops']:,.0f} at stops outside camps")
    if outcomes["in_fighting"]:
        parts.append(f"{outcomes['in_fighting']:,.0f} still where there is fighting")
    parts.append(f"{outcomes['waiting']:,.0f} waiting at camp gates")
    if outcomes["at_home"]:
        parts.append(f"{outcomes['at_home']:,.0f} back home")
    lines = [f"People: {outcomes['entered']:,.0f} let in, as many as the counts grew by. At the end {', '.join(parts)}."]
    idps, refugees = outcomes["idps"], outcomes["refugees"]
    without = refugees - outcomes["refugees_registered"]
    outside = f", {without:,.0f} of them not registered" if without else ""
    lines.append(f"  Of those at places, {idps:,.0f} are displaced in their own country (IDPs) and {refugees:,.0f} are refugees abroad{outside}.")
    if outcomes.get("returns"):
        lines.append(f"  {outcomes['returns']:,.0f} crossed back into their own country.")
    return lines


def _against_counts(outcomes: Mapping[str, float], camps: pd.DataFrame) -> list[str]:
    """Say how far the camps are from the counts, and which are farthest."""
    names = camps["camp"].cat.categories.tolist()
    shape = (len(camps) // max(len(names), 1), len(names))
    simulated, counted = (camps[column].to_numpy().reshape(shape) for column in ("simulated", "counted"))
    lines = [
        f"Against the counts ({len(names)} camps): average relative difference {outcomes['ard_mean']:.3f} (mean over days), "
        f"{outcomes['ard_final']:.3f} on the last day; 0 = every camp right, 2 = all people in wrong camps."
    ]
    error = np.abs(simulated - counted).mean(axis=0)
    for at in [int(i) for i in np.argsort(-error, kind="stable")[:WORST] if error[i] > 0.0]:
        end = f"{simulated[-1, at]:,} simulated, {counted[-1, at]:,} counted at the end"
        lines.append(f"    {names[at].replace('_', ' ')}: {error[at]:,.0f} people; {end}")
    if len(lines) > 1:
        lines.insert(1, "  Camps with the largest error, mean over days:")
    return lines


def _folder(conflict: Conflict) -> list[str]:
    """Say what of the folder is not used, and what was read in spite of a flaw."""
    lines = []
    if conflict.unused:
        lines.append(f"Not used of the folder: {', '.join(conflict.unused)}.")
    if conflict.remarks:
        lines.append("Remarks on the folder:")
        lines += [f"  {remark}" for remark in conflict.remarks[:MOST_REMARKS]]
        if len(conflict.remarks) > MOST_REMARKS:
            lines.append(f"  and {len(conflict.remarks) - MOST_REMARKS} more: marchland check {conflict.folder}")
    return lines
