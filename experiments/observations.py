"""Observed totals of a scenario: which series of a run each is compared with, and over which periods."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

#: Outcome in ``observed.csv``: its series in the run, its title, its unit.
OUTCOMES: Mapping[str, tuple[str, str, str]] = MappingProxyType({
    "returns": ("returns", "Returns home", "people"),
    "deportations": ("returns_deportation", "Formal deportations", "people"),
    "returns_deportation": ("returns_deportation", "Formal deportations", "people"),
    "attacks": ("attacks", "Attacks", "attacks"),
    "deaths": ("deaths", "Deaths", "deaths"),
})
MONTH, YEAR = (27, 32), (360, 367)  # days, both ends included


def of_length(frame: pd.DataFrame, outcome: str, span: tuple[int, int]) -> pd.DataFrame:
    """Return the rows of one outcome whose periods have a length in ``span`` days, in order of their first day."""
    days = ((frame["end"] - frame["start"]).dt.days + 1).to_numpy()
    chosen = (frame["outcome"] == outcome).to_numpy() & (days >= span[0]) & (days <= span[1])
    return frame[chosen].dropna(subset=["value"]).sort_values("start")


def scale_of(outcome: str, people_scale: float) -> float:
    """Return what observed counts are multiplied with: people by ``people_scale``, attacks and deaths by 1."""
    return people_scale if OUTCOMES[outcome][2] == "people" else 1.0


def is_rough(basis: str) -> bool:
    """Whether a period's value is only its share of what other periods leave of a longer one."""
    return "residual mean" in basis
