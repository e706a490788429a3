"""What was done by hand on the page, and whether a saved config file holds it."""

from __future__ import annotations

from experiments.app.desk import Desk


def by_hand(desk: Desk) -> int:
    """Return how many interventions were made on the page, those of the config that were withdrawn there included."""
    if desk.course is None:
        return 0
    given, now = desk.course.scenario.config.interventions, desk.course.interventions
    changed = [change for change in (*now, *given) if change not in given or change not in now]
    return len({(change.date, change.actor) for change in changed})  # one in the place of another is one act


def given_up(desk: Desk, act: str) -> str:
    """Say what an act that puts another model on the screen gives up; empty when nothing that is not in a saved file."""
    if not unsaved(desk):
        return ""
    count = by_hand(desk)
    return f"{act} gives up the run on the screen with its {count} change{'' if count == 1 else 's'} made by hand. Save it under Files to keep it."


def unsaved(desk: Desk) -> bool:
    """Return whether the interventions are neither those that the model was built with nor those of the config file saved last."""
    if desk.course is None or not by_hand(desk):
        return False
    return desk.saved is None or tuple(desk.course.interventions) != tuple(desk.saved)
