"""A card: what the inspector tells about one thing, as plain data, and how its numbers are written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from experiments.app.panels.context import Pick

FloatArray = NDArray[np.float64]
#: Legal statuses in words.
STATUS: Mapping[str, str] = MappingProxyType({
    "citizen": "citizens", "returnee": "recent returnees", "idp": "displaced inside (IDPs)",
    "registered": "registered refugees", "documented": "documented", "undocumented": "undocumented",
})


@dataclass(frozen=True)
class Row:
    """A label with its value; ``hint`` says more (unit, how it is counted), ``pick`` leads to another card."""

    label: str
    value: str
    hint: str = ""
    pick: Pick | None = None


@dataclass(frozen=True)
class Section:
    """Rows under a heading; ``empty`` is said when there are none."""

    title: str
    rows: tuple[Row, ...]
    empty: str = ""


@dataclass(frozen=True, eq=False)
class Spark:
    """A series over the run up to the evening shown, (days,), and its last value in words."""

    label: str
    values: FloatArray
    last: str
    unit: str = ""


@dataclass(frozen=True)
class Said:
    """What an agent said when it last decided."""

    who: Pick
    when: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Card:
    """All that the inspector shows about one thing."""

    pick: Pick
    title: str
    kind: str
    rows: tuple[Row, ...] = ()
    sections: tuple[Section, ...] = ()
    sparks: tuple[Spark, ...] = ()
    why: tuple[Said, ...] = ()
    why_title: str = "Why it last decided as it did"

    def row(self, label: str) -> Row:
        """Return a row by its label, from the top of the card or from a section."""
        rows = [*self.rows, *(row for section in self.sections for row in section.rows)]
        return next(row for row in rows if row.label == label)


def count(number: float) -> str:
    """A whole number with separators."""
    return f"{round(number):,}"


def level(number: float) -> str:
    """A number between 0 and 1 (or about that size) with two decimals."""
    return f"{number + 0.0:.2f}".replace("-0.00", "0.00")


def share(number: float) -> str:
    """A share in percent."""
    return f"{100.0 * number:.0f} %"


def rate(hazard: float, people: float) -> str:
    """A chance a day in words, with the number of people it amounts to."""
    if hazard <= 0.0 or people <= 0.0:
        return "nobody"
    return f"1 in {round_off(-1.0 / math.expm1(-hazard)):,} a day (about {about(hazard * people)} people)"


def about(number: float) -> str:
    """An expected number: whole from 10 on, one decimal below, and no more than needed."""
    return f"{number:,.0f}" if number >= 9.95 else f"{number:.1f}" if number >= 0.05 else "0"


def round_off(number: float) -> int:
    """Two figures are enough for a chance."""
    digits = max(math.floor(math.log10(max(number, 1.0))) - 1, 0)
    unit: int = 10**digits
    return round(number / unit) * unit


def over(series: FloatArray, days: int = 28) -> FloatArray:
    """Sum over the last days, day by day."""
    total = np.cumsum(np.concatenate([np.zeros(1), series]))
    first = np.maximum(np.arange(len(series)) + 1 - days, 0)
    return np.asarray(total[1:] - total[first])
