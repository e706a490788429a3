"""``marchland reproduce FOLDER``: run a stored run again and say whether the same comes out.

The verdict is graded, because results can be promised bit by bit only for the same versions on the same kind of
machine: *identical* (every table has the same content), *numerically equal* (numbers differ by rounding only),
*statistically compatible* (only when asked: the stored outcomes lie among those of other replicates), *different*.
Nothing in the folder is run: a policy class that it names counts only when the command line names it too.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from agents.errors import InputError
from experiments.manifest import FILE, environment, write_json
from experiments.runner import result_tables
from sim import Scenario
from sim.complaints import did_you_mean
from sim.fingerprint import table_hash

#: Exit codes by verdict.
CODES: tuple[tuple[str, int], ...] = (("identical", 0), ("numerically equal", 0), ("statistically compatible", 3), ("different", 4))
#: Largest relative difference that counts as rounding.
ROUNDING = 1e-9
#: Share of the outcomes that must lie within the middle 99 % (by the normal law) of other replicates.
ENOUGH, WIDTH = 0.95, 2.576
_KEYS = ("replicates", "trust")
REPORT = "reproduction.json"


@dataclass(frozen=True)
class Verdict:
    """How a second run compares with the stored one.

    Parameters
    ----------
    grade
        One of the names in :data:`CODES`.
    where
        The first table, column and row that differ, in words; empty when none does.
    environment
        What is different here: name, then, now.
    """

    grade: str
    where: str
    environment: tuple[tuple[str, str, str], ...]

    @property
    def code(self) -> int:
        """The exit code."""
        return dict(CODES)[self.grade]


def main(words: Sequence[str]) -> int:
    """Run it again, print what differs and the verdict, and leave ``reproduction.json`` beside the manifest."""
    folders = [Path(word) for word in words if "=" not in word and not word.startswith("-")]
    given = dict(word.split("=", 1) for word in words if "=" in word)
    for key in given:
        if key not in _KEYS:
            raise InputError(f"{key}={given[key]}: unknown key{did_you_mean(key, _KEYS)}; known: {', '.join(_KEYS)}")
    if len(folders) != 1 or any(word.startswith("-") for word in words):
        raise InputError("reproduce: give one folder of a run, as marchland run leaves it: marchland reproduce FOLDER")
    text = given.get("replicates", "0")
    if not text.isdecimal() or int(text) == 1:
        raise InputError(f"replicates={text}: write 0, or a number of replicates from 2 on")
    verdict = reproduce(folders[0], replicates=int(text), trusted=tuple(filter(None, given.get("trust", "").split(","))))
    for name, then, now in verdict.environment:
        print(f"  {name}: {then} then, {now} now")
    if not verdict.environment:
        print("  the same versions, commit and platform as then")
    print(f"{folders[0]}: {verdict.grade}{f'; {verdict.where}' if verdict.where else ''}")
    return verdict.code


def reproduce(folder: Path, *, replicates: int = 0, trusted: Sequence[str] = ()) -> Verdict:
    """Run a stored run again and compare.

    Parameters
    ----------
    folder
        A folder that ``marchland run`` left.
    replicates
        How many other replicates to run when the results differ; 0 for none.
    trusted
        ``module:Class`` names of policies that may be imported.

    Raises
    ------
    InputError
        When the folder is no finished run, or cannot be read.
    """
    manifest = _manifest(folder)
    scenario = _scenario(folder, trusted)
    print(f"running {folder} again: seed {scenario.config.seed}, replicate {scenario.config.replicate}", file=sys.stderr)
    model = scenario.build().run()
    tables = result_tables(model)
    grade, where = _compare(folder, manifest, tables)
    if grade == "different" and replicates:
        stored = _stored_outcomes(folder)
        drawn = [scenario.build(replicate=scenario.config.replicate + 1 + k).run().outcomes for k in range(replicates)]
        if compatible(stored, drawn):
            grade = "statistically compatible"
    verdict = Verdict(grade, where, _differences(manifest))
    report = {"verdict": grade, "where": where, "environment": [list(row) for row in verdict.environment]}
    try:
        write_json(folder / REPORT, report)
    except OSError as error:
        print(f"note: {folder / REPORT} cannot be written ({error.strerror or error})", file=sys.stderr)
    return verdict


def _manifest(folder: Path) -> Mapping[str, object]:
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{folder / FILE}: no such file; give the folder of a finished run") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{folder / FILE}: cannot be read ({error}); give the folder of a finished run") from None
    if not isinstance(content, dict) or not isinstance(content.get("outputs"), dict):
        raise InputError(f"{folder / FILE}: it names no outputs; give the folder of a finished run")
    return content


def _scenario(folder: Path, trusted: Sequence[str]) -> Scenario:
    """Return the scenario from the run's own config and its copy of the tables."""
    copy = folder / "scenario"
    try:
        tree = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{folder / 'config.yaml'}: cannot be read ({' '.join(str(error).split())})") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("scenario"), dict) or not copy.is_dir():
        raise InputError(f"{folder}: config.yaml or scenario/ is not what a run leaves; give the folder of a finished run")
    chosen = cast("dict[str, object]", tree["scenario"])
    chosen["path"] = str(copy)
    for key in ("history", "exogenous"):  # the copy holds what was read, under the file's own name where it has no place there
        own = copy / Path(str(chosen.get(key) or "")).name
        chosen[key] = str(own) if chosen.get(key) and own.is_file() else None
    return Scenario.from_config(tree, copy, tuple(trusted))


def _compare(folder: Path, manifest: Mapping[str, object], tables: Mapping[str, pa.Table]) -> tuple[str, str]:
    """Return the grade, and the first place that differs."""
    outputs = cast("dict[str, dict[str, object]]", manifest["outputs"])
    grade, first = "identical", ""
    for name in outputs:
        if name not in tables:
            return "different", f"table {name} does not come out here"
        if table_hash(tables[name]) == outputs[name].get("content_sha256"):
            continue
        try:
            stored = pq.read_table(folder / f"{name}.parquet")
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError(f"{folder / name}.parquet: cannot be read ({' '.join(str(error).split())})") from None
        here, where = _table(name, stored, tables[name])
        first = first or where
        if here == "different":
            return here, where
        grade = here
    return grade, first


def _table(name: str, stored: pa.Table, now: pa.Table) -> tuple[str, str]:
    if stored.num_rows != now.num_rows or stored.column_names != now.column_names:
        return "different", f"{name} has {stored.num_rows} rows of {stored.num_columns} columns, {now.num_rows} of {now.num_columns} now"
    grade, first = "identical", ""
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
                return "different", where
            grade, first = "numerically equal", first or where
    if grade == "identical":  # the files agree with this run, so what the manifest says of them does not
        return "different", f"{name}.parquet agrees with this run but not with its hash in {FILE}"
    return grade, first


def _stored_outcomes(folder: Path) -> dict[str, float]:
    row = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return {key: float(value) for key, value in row.items() if isinstance(value, int | float) and not isinstance(value, bool)}


def compatible(stored: Mapping[str, float], drawn: Sequence[Mapping[str, float]]) -> bool:
    """Whether stored outcomes lie among those of other replicates.

    Each outcome that varies must lie within the middle 99 % of one more replicate (normal law, spread of the mean
    included); 95 % of them have to.
    """
    inside: list[bool] = []
    for name in sorted(set(stored) & set(drawn[0])):
        values = np.array([row[name] for row in drawn], dtype=np.float64)
        if not np.isfinite(values).all() or not math.isfinite(stored[name]):
            continue
        spread = float(values.std(ddof=1)) * math.sqrt(1.0 + 1.0 / len(values))
        inside.append(abs(stored[name] - float(values.mean())) <= WIDTH * spread + ROUNDING * abs(stored[name]))
    return bool(inside) and sum(inside) >= ENOUGH * len(inside)


def _differences(manifest: Mapping[str, object]) -> tuple[tuple[str, str, str], ...]:
    """What is different here from where the run was made."""
    now = environment()
    rows: list[tuple[str, str, str]] = []
    for name, here in now.items():
        then = manifest.get(name)
        if isinstance(here, dict):
            before = then if isinstance(then, dict) else {}
            rows += [(f"{name} {key}", str(before.get(key)), str(here.get(key))) for key in sorted({*before, *here}) if before.get(key) != here.get(key)]
        elif then != here:
            rows.append((name, str(then), str(here)))
    return tuple(rows)
