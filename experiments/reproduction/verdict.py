"""The verdict: how two results of the same thing compare, and what differs around them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from agents.errors import InputError
from experiments.manifest import FILE, environment
from sim.fingerprint import table_hash

IDENTICAL, EQUAL, COMPATIBLE, DIFFERENT = "identical", "numerically equal", "statistically compatible", "different"
#: Exit codes by verdict.
CODES: tuple[tuple[str, int], ...] = ((IDENTICAL, 0), (EQUAL, 0), (COMPATIBLE, 3), (DIFFERENT, 4))
SUMMARY = "summary.json"
#: What reading a damaged or strange table raises.
DAMAGED = (OSError, ValueError, TypeError, KeyError, pa.ArrowException)
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
        When there is none, or it does not name each output with the hash of its content.
    """
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{folder / FILE}: no such file; give the folder of a finished run") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{folder / FILE}: cannot be read ({error}); give the folder of a finished run") from None
    if not isinstance(content, dict) or not isinstance(outputs := content.get("outputs"), dict) or not outputs:
        raise InputError(f"{folder / FILE}: it names no outputs; give the folder of a finished run")
    for name, said in outputs.items():
        if not isinstance(said, dict) or not isinstance(said.get("content_sha256"), str):
            raise InputError(f"{folder / FILE}: outputs.{name}: holds no content_sha256; give the folder of a finished run")
    return content


def stored_tables(folder: Path, manifest: Mapping[str, object]) -> tuple[dict[str, pa.Table], list[str]]:
    """Return the tables that a manifest names, and the names of those whose content is not what it says.

    Raises
    ------
    InputError
        When a table is missing or damaged.
    """
    outputs = cast("Mapping[str, Mapping[str, object]]", manifest["outputs"])
    tables: dict[str, pa.Table] = {}
    changed: list[str] = []
    for name, said in outputs.items():
        path = folder / f"{name}.parquet"
        try:
            tables[name] = pq.read_table(path, partitioning=None)
            now = table_hash(tables[name])
        except FileNotFoundError:
            raise InputError(f"{path}: no such file, but {FILE} names it; give the whole folder, or run it again") from None
        except DAMAGED as error:
            raise InputError(f"{path}: cannot be read ({' '.join(str(error).split())}); give the whole folder, or run it again") from None
        if now != said["content_sha256"]:
            changed.append(name)
    return tables, changed


def worse(one: tuple[str, str], other: tuple[str, str]) -> tuple[str, str]:
    """Return the worse of two grades with its place; the first of two that are the same."""
    grades = [grade for grade, _ in CODES]
    return other if grades.index(other[0]) > grades.index(one[0]) else one


def compare_tables(folder: Path, manifest: Mapping[str, object], tables: Mapping[str, pa.Table]) -> tuple[str, str, tuple[str, ...]]:
    """Compare new tables with the stored files, and these with the manifest.

    Returns
    -------
    tuple
        The grade, the first place that differs, and notes on files that were changed after the run.

    Raises
    ------
    InputError
        When a table that the manifest names is missing or damaged.
    """
    stored, changed = stored_tables(folder, manifest)
    notes = tuple(f"{name}.parquet has not the content that {FILE} says: one of them was changed after the run" for name in changed)
    if gone := [name for name in stored if name not in tables]:
        return DIFFERENT, f"table {gone[0]} does not come out here", notes
    if unnamed := [name for name in tables if name not in stored]:
        return DIFFERENT, f"table {unnamed[0]} comes out here, but {FILE} does not name it", notes
    found = IDENTICAL, ""
    for name, table in stored.items():
        if table_hash(table) != table_hash(tables[name]):
            found = worse(found, compare_table(name, table, tables[name]))
        elif name in changed:
            found = worse(found, (DIFFERENT, f"{name}.parquet agrees with this run but not with its hash in {FILE}"))
    return *found, notes


def compare_table(name: str, stored: pa.Table, now: pa.Table) -> tuple[str, str]:
    """Return the grade of a table whose content has another hash, and its first place that differs."""
    if stored.num_rows != now.num_rows or stored.column_names != now.column_names:
        return DIFFERENT, f"{name} has {stored.num_rows} rows of {stored.num_columns} columns, {now.num_rows} of {now.num_columns} now"
    found = IDENTICAL, ""
    for column in stored.column_names:
        a, b = (table.column(column).to_pandas() for table in (stored, now))
        if a.dtype.kind == b.dtype.kind == "f":
            x, y = a.to_numpy(dtype=np.float64), b.to_numpy(dtype=np.float64)
            differs = ~((x == y) | (np.isnan(x) & np.isnan(y)))
            close = np.isclose(x, y, rtol=ROUNDING, atol=ROUNDING, equal_nan=True)
        else:
            differs = np.asarray(a.astype(str) != b.astype(str))
            close = ~differs
        if differs.any():
            row = int(np.flatnonzero(~close if not close.all() else differs)[0])
            here = EQUAL if close.all() else DIFFERENT
            found = worse(found, (here, f"{name}, column {column}, row {row}: {a.iloc[row]} stored, {b.iloc[row]} now"))
            if here == DIFFERENT:
                break
    # The same values, written as another kind: text for numbers, or missing values marked otherwise.
    return found if found[0] != IDENTICAL else (DIFFERENT, f"{name}: its values are the same, but stored as other kinds of values than now")


def read_summary(folder: Path) -> Mapping[str, object]:
    """Return the row of outcomes of a run.

    Raises
    ------
    InputError
        When the file is missing or damaged.
    """
    try:
        row = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / SUMMARY}: cannot be read ({' '.join(str(error).split())}); give the whole folder, or run it again") from None
    if not isinstance(row, dict):
        raise InputError(f"{folder / SUMMARY}: is no row of outcomes; give the whole folder, or run it again")
    return row


def compare_summary(stored: Mapping[str, object], now: Mapping[str, object]) -> tuple[str, str]:
    """Return the grade of a run's row of outcomes, and the first of them that differs."""
    found = IDENTICAL, ""
    for name in dict.fromkeys((*now, *stored)):
        a, b = (row.get(name, "missing") for row in (stored, now))
        if is_number(a) and is_number(b):
            close = math.isclose(cast(float, a), cast(float, b), rel_tol=ROUNDING, abs_tol=ROUNDING)
            here = IDENTICAL if a == b else EQUAL if close else DIFFERENT
        else:
            here = IDENTICAL if a == b else DIFFERENT
        found = worse(found, (here, f"{SUMMARY}, {name}: {a} stored, {b} now"))
    return found if found[0] != IDENTICAL else (IDENTICAL, "")


def is_number(value: object) -> bool:
    """Whether a value of JSON is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


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
