"""What was done by hand on the page, and whether a saved config file holds it."""

from __future__ import annotations

from experiments.app.desk import Desk


def by_hand(desk: Desk) -> int:
    """Return how many interventions were made on the page."""
    if desk.course is None:
        return 0
    given = desk.course.scenario.config.interventions
    return sum(change not in given for change in desk.course.interventions)


def unsaved(desk: Desk) -> bool:
    """Return whether interventions were made on the page that the config file saved last does not hold."""
    return desk.course is not None and by_hand(desk) > 0 and tuple(desk.course.interventions) != tuple(desk.saved)
