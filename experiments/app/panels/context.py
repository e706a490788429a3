"""What every part of the page is given: the desk, what is picked on the map, and how to pick something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from experiments.app.desk import Desk


@dataclass(frozen=True)
class Pick:
    """Something on the map: ``kind`` is place, crossing, group, government, population, mediator or none."""

    kind: str = "none"
    name: str = ""


@dataclass(frozen=True)
class View:
    """What a part of the page works with; a new one is made whenever something is to be shown again.

    ``tick`` counts the changes, so that parts know when to draw again.
    """

    desk: Desk
    tick: int
    pick: Pick
    set_pick: Callable[[Pick], None]
