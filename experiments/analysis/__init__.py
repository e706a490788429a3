"""Analyses of a study: what its runs say, with tables, figures and one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.analysis.ema import to_ema

__all__ = ["to_ema"]


def __getattr__(name: str) -> object:
    """Load :func:`~experiments.analysis.ema.to_ema` when it is asked for: it needs what drawing needs."""
    if name == "to_ema":
        from experiments.analysis.ema import to_ema

        return to_ema
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
