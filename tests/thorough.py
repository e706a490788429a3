"""How often the tests repeat what is a matter of chance: as often as a quick run can afford, or as their docstrings promise."""

from __future__ import annotations

import os

#: Set by ``make test-thorough``.
THOROUGH = os.environ.get("MARCHLAND_THOROUGH", "0") not in ("", "0")


def repeats(thorough: int, *, quick: int) -> int:
    """Return ``thorough`` under ``make test-thorough``, else ``quick``: less power for the same chance of a false alarm."""
    return thorough if THOROUGH else quick
