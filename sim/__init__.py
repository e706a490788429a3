"""What happens: the world, the day, the mechanisms, the record."""

from __future__ import annotations

from sim.guard import check as _check

#: Tells this package from any other distribution's top-level ``sim``.
MARCHLAND = "0.1.0"
_check()

from sim.scenario import Scenario  # noqa: E402  (the guard must speak before anything of ours is imported)

__all__ = ["MARCHLAND", "Scenario"]
