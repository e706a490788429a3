"""The verdict: how two results of the same thing compare, and what differs around them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from agents.errors import InputError
from experiments.manifest import FILE, environment
from sim.fingerprint import table_hash

IDENTICAL, EQUAL, COMPATIBLE, DIFFERENT = "identical", "numerically equal", "statistically compatible", "different"
#: Exit codes by verdict.
CODES: tuple[tuple[str, int], ...] = ((IDENTICAL, 0), (EQUAL, 0), (COMPATIBLE, 3), (DIFFERENT, 4))
#: Largest relative difference that counts as rounding.
ROUNDING = 1e-9
#: Share of the outcomes that must lie within the middle 99 % (by the normal law) of other replicates.
ENOUGH, WIDTH = 0.95, 2.576


@dataclass(frozen=True)
class Verdict:
    """How a second run compares with the stored one.

    Attributes
    ----------
    grade
        One of the names in :data:`CODES`.
    where
        The first run or table, column and row that differ, in words; empty when none does.
    environment
        What is different here: name, then, now.
    checked
        What was compared, in words.
    largest
        Largest relative difference of a number.
    notes
        What else must be known to read the verdict.
    """

    grade: str
    where: str
    environment: tuple[tuple[str, str, str], ...]
    checked: str = ""
    largest: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        """The exit code."""
        return dict(CODES)[self.grade]

    def report(self) -> dict[str, object]:
        """Return what ``reproduction.json`` holds."""
        return {
            "verdict": self.grade, "where": self.where, "checked": self.checked,
            "largest_relative_difference": self.largest if math.isfinite(self.largest) else None,  # none: a value is missing on one side
            "notes": list(self.notes), "environment": [list(row) for row in self.environment],
        }  # fmt: skip


def read_manifest(folder: Path) -> Mapping[str, object]:
    """Return the manifest of a folder.

    Raises
    ------
    InputError
        When there is none, or it names no outputs.
    """
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{folder / FILE}: no such file; give the folder of a finished run") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{folder / FILE}: cannot be read ({error}); give the folder of a finished run") from None
    if not isinstance(content, dict) or not isinstance(content.get("outputs"), dict):
        raise InputError(f"{folder / FILE}: it names no outputs; give the folder of a finished run")
    return content


def compare_tables(folder: Path, manifest: Mapping[str, object], tables: Mapping[str, pa.Table]) -> tuple[str, str]:
    """Return the grade of new tables against the stored ones, and the first place that differs."""
    outputs = manifest["outputs"]
    assert isinstance(outputs, dict)
    grade, first = IDENTICAL, ""
    for name in outputs:
        if name not in tables:
            return DIFFERENT, f"table {name} does not come out here"
        if table_hash(tables[name]) == outputs[name].get("content_sha256"):
            continue
        try:
            stored = pq.read_table(folder / f"{name}.parquet")
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError(f"{folder / name}.parquet: cannot be read ({' '.join(str(error).split())})") from None
        here, where = compare_table(name, stored, tables[name])
        first = first or where
        if here == DIFFERENT:
            return here, where
        grade = here
    return grade, first


def compare_table(name: str, stored: pa.Table, now: pa.Table) -> tuple[str, str]:
    """Return the grade of one table, and its first place that differs."""
    if stored.num_rows != now.num_rows or stored.column_names != now.column_names:
        return DIFFERENT, f"{name} has {stored.num_rows} rows of {stored.num_columns} columns, {now.num_rows} of {now.num_columns} now"
    grade, first = IDENTICAL, ""
    for column in stored.column_names:
        a, b = (table.column(column).to_pandas() for table in (stored, now))
        if a.dtype.kind != "f":
            differs = np.asarray(a.astype(str) != b.astype(str))
            close = ~differs
        else:
            x, y = a.to_numpy(dtype=np.float64), b.to_numpy(dtype=np.float64)
            differs = ~((x == y) | (np.isnan(x) & np.isnan(y)))
            close = np.isclose(x, y, rtol=ROUNDING, atol=ROUNDING, equal_nan=True)
        if differs.any():
            row = int(np.flatnonzero(~close if not close.all() else differs)[0])
            where = f"{name}, column {column}, row {row}: {a.iloc[row]} stored, {b.iloc[row]} now"
            if not close.all():
                return DIFFERENT, where
            grade, first = EQUAL, first or where
    if grade == IDENTICAL:  # the files agree with this run, so what the manifest says of them does not
        return DIFFERENT, f"{name}.parquet agrees with this run but not with its hash in {FILE}"
    return grade, first


def outside(stored: Mapping[str, float], drawn: Sequence[Mapping[str, float]]) -> tuple[int, int]:
    """Return how many outcomes lie outside of what other replicates give, and how many could be judged.

    An outcome must lie within the middle 99 % of one more replicate (normal law, spread of the mean included).
    """
    inside: list[bool] = []
    for name in sorted(set(stored) & set(drawn[0])):
        values = np.array([row.get(name, math.nan) for row in drawn], dtype=np.float64)
        if not np.isfinite(values).all() or not math.isfinite(stored[name]):
            continue
        spread = float(values.std(ddof=1)) * math.sqrt(1.0 + 1.0 / len(values))
        inside.append(abs(stored[name] - float(values.mean())) <= WIDTH * spread + ROUNDING * abs(stored[name]))
    return len(inside) - sum(inside), len(inside)


def compatible(stored: Mapping[str, float], drawn: Sequence[Mapping[str, float]]) -> bool:
    """Whether stored outcomes lie among those of other replicates: 95 % of them have to."""
    out, judged = outside(stored, drawn)
    return judged > 0 and out <= (1.0 - ENOUGH) * judged


def environment_differences(manifest: Mapping[str, object]) -> tuple[tuple[str, str, str], ...]:
    """Return what is different here from where the results were made: name, then, now.

    What an older manifest does not tell is left out; packages that came or went are told.
    """
    now = environment()
    then: dict[str, object] = dict(manifest)
    if isinstance(code := manifest.get("code"), Mapping):
        then |= {key: code.get(key) for key in ("version", "commit", "dirty")}
    rows: list[tuple[str, str, str]] = []
    for name, here in now.items():
        if name not in then:
            continue
        before = then[name]
        if isinstance(here, dict) and isinstance(before, dict):
            keys = sorted({*before, *here} if name == "packages" else set(before) & set(here))
            rows += [(f"{name} {key}", _said(before.get(key)), _said(here.get(key))) for key in keys if before.get(key) != here.get(key)]
        elif before != here:
            rows.append((name, _said(before), _said(here)))
    return tuple(rows)


def _said(value: object) -> str:
    return str(value) if value not in (None, "") else "none"
