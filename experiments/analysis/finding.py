"""What an analysis hands to the report: a table, a figure, and what it says in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure


@dataclass(frozen=True)
class Finding:
    """One result of an analysis.

    Attributes
    ----------
    name
        Stem of its files, as ``sobol_attacks``.
    title
        Its heading.
    says
        What it says, in a sentence or two, from its numbers.
    table
        The numbers, written as CSV.
    notes
        What was left out or is to be doubted: rows dropped for NaN, noise as large as the effect.
    draw
        Draws its figure (see :mod:`experiments.figures.style`); nothing when a table says it all.
    """

    name: str
    title: str
    says: str
    table: pd.DataFrame
    notes: tuple[str, ...] = ()
    draw: Callable[[], Figure] | None = None
