"""Declare a number once: default, range, unit, source and meaning, next to the mechanism that uses it.

The schema check, the ``marchland parameters`` table, the documentation and the default bounds of
parameter sweeps are all read from these declarations.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, Field
from pydantic.fields import FieldInfo

#: Settings of every schema class: unknown keys, text for numbers and NaN are errors.
STRICT = ConfigDict(extra="forbid", allow_inf_nan=False, validate_default=False)


def par(default: float, low: float, high: float, unit: str, source: str, meaning: str) -> Any:
    """Declare one number of a schema class.

    Parameters
    ----------
    default, low, high
        Default value and the closed range that is accepted (also the default bounds of sweeps).
    unit
        Unit of the value, ``"-"`` for a pure number.
    source
        A citation, or ``"assumption: ..."``, ``"fitted: ..."``, ``"derived: ..."``.
    meaning
        One line that says what the number does.
    """
    if not low <= default <= high:
        raise ValueError(f"default {default} lies outside [{low}, {high}]: {meaning}")
    return Field(
        default=default,
        ge=low,
        le=high,
        description=meaning,
        json_schema_extra={"unit": unit, "source": source, "low": low, "high": high},
    )


@dataclass(frozen=True)
class Parameter:
    """One row of the parameter table."""

    path: str
    default: float
    low: float
    high: float
    unit: str
    source: str
    meaning: str
    integer: bool = False

    @property
    def contested(self) -> bool:
        """Whether the evidence is contested: its source says so. Vary these before believing a ranking."""
        return "contested" in self.source

    @property
    def fitted(self) -> bool:
        """Whether the default was fitted to the scenario's observations."""
        return self.source.startswith("fitted")


def parameters_of(schema: Any, prefix: str = "") -> Iterator[Parameter]:
    """Yield a row for every number that ``schema`` (a class or an instance) declares with :func:`par`.

    Nested schema instances are followed; given a class, its default instance is read.
    """
    instance = schema() if isinstance(schema, type) else schema
    fields: dict[str, FieldInfo] = getattr(type(instance), "__pydantic_fields__", {})
    for name, info in fields.items():
        value = getattr(instance, name)
        path = f"{prefix}{name}"
        extra = info.json_schema_extra
        if isinstance(extra, dict) and "unit" in extra:
            yield Parameter(
                path=path,
                default=float(value),
                low=float(str(extra["low"])),
                high=float(str(extra["high"])),
                unit=str(extra["unit"]),
                source=str(extra["source"]),
                meaning=info.description or "",
                integer=info.annotation is int,
            )
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            yield from parameters_of(value, f"{path}.")
        elif isinstance(value, dict):
            for key, item in value.items():
                if dataclasses.is_dataclass(item) and not isinstance(item, type):
                    yield from parameters_of(item, f"{path}.{key}.")
