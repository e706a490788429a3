"""``marchland compare``: arms under the same luck, and what is different between them.

An arm is one combination of the values that the command line lists with commas, as for ``marchland run -m``. Every arm
is run with the same seed and replicates (common random numbers), so the difference of a pair is what the change did, and
its spread is smaller than that of runs apart.
"""

from __future__ import annotations

import datetime as dt
import math
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from unittest import mock

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from omegaconf import OmegaConf
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from scipy.stats import t as student

from agents.errors import InputError
from experiments.configfile import take_config_file
from experiments.manifest import FILE, make_manifest, write_json
from experiments.runfolder import check_output, discard_empty, scratch_folder, writing
from experiments.runner import arrow
from experiments.study.inputs import FOLDER as INPUTS
from experiments.study.inputs import keep_tables, nameless
from sim.compose import session
from sim.fingerprint import canonical, config_hash, digest
from sim.overrides import as_written
from sim.scenario import Scenario
from sim.settings import to_tree

FloatArray = NDArray[np.float64]
MOST_REPLICATES = 100_000
#: Series of the region whose difference is kept day by day.
SERIES: tuple[str, ...] = ("attacks", "deaths", "returns", "flights", "displaced", "stability")
CONFIDENCE = 0.95
#: The arms with their configs.
ARMS = "config.yaml"


@dataclass(frozen=True)
class Difference:
    """The difference of one outcome between an arm and the first one.

    Parameters
    ----------
    mean, low, high
        Mean over pairs and its 95 % interval (Student's t).
    spread, apart
        Standard deviation of a pair's difference, and of the difference of two runs with luck of their own.
    first
        Mean of the outcome in the first arm.
    """

    outcome: str
    mean: float
    low: float
    high: float
    spread: float
    apart: float
    first: float

    @property
    def saved(self) -> float:
        """Pairs of runs apart that are needed for one pair under the same luck; inf where pairs never differ in luck."""
        return (self.apart / self.spread) ** 2 if self.spread > 0.0 else (math.inf if self.apart > 0.0 else 1.0)

    def needed(self, precision: float) -> int:
        """Pairs needed so that half the 95 % interval is at most ``precision``, in the outcome's unit."""
        pairs = 2
        while self.spread > 0.0 and student.ppf(0.5 + CONFIDENCE / 2.0, pairs - 1) * self.spread / math.sqrt(pairs) > precision:
            pairs = max(pairs + 1, math.ceil(pairs * 1.05))
            if pairs > 10**9:
                break
        return pairs


def difference(outcome: str, first: FloatArray, other: FloatArray) -> Difference:
    """Compare an outcome of two arms over the same replicates; (replicates,) each, at least two."""
    pairs = other - first
    n = len(pairs)
    spread = float(pairs.std(ddof=1))
    half = float(student.ppf(0.5 + CONFIDENCE / 2.0, n - 1)) * spread / math.sqrt(n)
    apart = math.sqrt(float(first.var(ddof=1)) + float(other.var(ddof=1)))
    mean = float(pairs.mean())
    return Difference(outcome, mean, mean - half, mean + half, spread, apart, float(first.mean()))


@dataclass(frozen=True)
class Comparison:
    """Results of all arms: outcomes (a row a run), daily series (arms, replicates, series, days), differences by arm."""

    arms: tuple[str, ...]
    runs: pd.DataFrame
    series: FloatArray
    differences: Mapping[str, tuple[Difference, ...]]


def main(words: Sequence[str]) -> int:
    """Check every arm first, then run them, and write a folder that is whole or not there."""
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # last: a user's own policy classes, never in place of ours
    given = tuple(words)
    file, words = take_config_file(words)
    if (late := next((word for word in words if word.endswith((".yaml", ".yml")) and "=" not in word), None)) is not None:
        raise InputError(f"{late}: a config file stands first: marchland compare FILE.yaml KEY=A,B ...")
    own = {key: value for key, _, value in (word.partition("=") for word in words) if key in ("replicates", "precision", "output")}
    overrides = tuple(word for word in words if word.partition("=")[0] not in own)
    flags = [word for word in overrides if word.startswith("-") and word != "--force"]
    if flags:
        raise InputError(f"{flags[0]}: unknown option; see marchland compare --help")
    force, overrides = "--force" in overrides, tuple(word for word in overrides if word != "--force")
    text = own.get("replicates", "20")
    if not text.isdecimal() or not 2 <= int(text) <= MOST_REPLICATES:
        raise InputError(f"replicates={text}: write a number from 2 to {MOST_REPLICATES}")
    precision = _precision(own.get("precision", ""))
    unique = f"{dt.datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    output = Path(own.get("output") or Path("outputs") / f"compare-{unique}")
    with mock.patch.dict(os.environ, {"MARCHLAND_RUN": unique}), session(
        overrides, config_dir=Path(file.folder) if file else None, config_name=file.name if file else "config", trusted=True, multirun=True
    ) as opened:
        arms = _arms(list(opened.jobs()))
        composed = [opened.compose(ready) for ready in arms.values()]
    scenarios = [Scenario.from_config(one.config, one.folder, one.trusted_classes) for one in composed]
    existed = output.exists()
    check_output(output, force=force)
    try:
        with scratch_folder(output, force=force) as scratch:
            started = dt.datetime.now(dt.UTC)
            result = compare(tuple(arms), scenarios, int(text), show=True)
            with writing(output):
                _write(result, scenarios, int(text), scratch, started, ("marchland", "compare", *given))
                if scenarios[0].config.figures:
                    _draw(result, scenarios, scratch)
    except BaseException:
        if not existed:
            discard_empty(output)
        raise
    print("\n".join([*lines(result, precision), f"Files in {output}/: compare.csv, runs.parquet, series.parquet, figures/, manifest.json"]))
    return 0


def _precision(text: str) -> float:
    try:
        value = float(text or 10.0)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= 100.0:
        raise InputError(f"precision={text}: write percent of the first arm's mean, above 0 and at most 100")
    return value


def _arms(jobs: Sequence[tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Name each arm by what it does not share with the others."""
    if len(jobs) < 2:
        raise InputError("compare: list at least two values of something with a comma, for example policy@policies.north=status_quo,hardline")
    shared = set(jobs[0]).intersection(*jobs[1:])
    named = {" ".join(as_written(word) for word in job if word not in shared): job for job in jobs}
    for name in named:
        if any(word.partition("=")[0] in ("seed", "replicate", "scenario", "scenario.path") for word in name.split()):
            raise InputError(f"{name}: arms share their luck and their scenario; list values of a policy, a lever or a number instead")
    return named


def compare(arms: Sequence[str], scenarios: Sequence[Scenario], replicates: int, *, show: bool = False) -> Comparison:
    """Run every arm with the same seed and replicates 0, 1, ... and compare with the first."""
    rows: list[dict[str, object]] = []
    series = np.zeros((len(arms), replicates, len(SERIES), scenarios[0].setting.days))
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"), TimeRemainingColumn())
    if show and not console.is_terminal:
        print(f"comparing {len(arms)} arms, {replicates} replicates of each", file=sys.stderr)
    with Progress(*columns, console=console, transient=True, disable=not (show and console.is_terminal)) as bar:
        task = bar.add_task("runs", total=len(arms) * replicates)
        for a, (arm, scenario) in enumerate(zip(arms, scenarios, strict=True)):
            for replicate in range(replicates):
                model = scenario.build(replicate=replicate).run()
                rows.append({"arm": arm, "replicate": replicate, **model.outcomes})
                for k, name in enumerate(SERIES):
                    series[a, replicate, k] = model.record.series("region", "region", name)
                bar.advance(task)
    runs = pd.DataFrame(rows)
    first = runs[runs["arm"] == arms[0]]
    found: dict[str, tuple[Difference, ...]] = {}
    for arm in arms[1:]:
        other = runs[runs["arm"] == arm]
        names = [n for n in runs.columns if n not in ("arm", "replicate") and np.isfinite(first[n]).all() and np.isfinite(other[n]).all()]
        found[arm] = tuple(difference(n, first[n].to_numpy(np.float64), other[n].to_numpy(np.float64)) for n in names)
    return Comparison(tuple(arms), runs, series, found)


def lines(result: Comparison, precision: float) -> list[str]:
    """Return the table in words: outcomes that differ, with intervals and the pairs needed for a precision."""
    said = [f"Differences to {result.arms[0]}: mean over {int(result.runs['replicate'].max()) + 1} pairs under the same luck, 95 % interval"]
    for arm, found in result.differences.items():
        said += ["", arm, f"  {'outcome':<32}{'first arm':>14}{'difference':>14}{'from':>14}{'to':>14}{'pairs for ' + f'{precision:g} %':>16}{'saved':>8}"]
        moved = [d for d in found if d.mean or d.spread]
        for d in moved:
            pairs = f"{d.needed(precision / 100.0 * abs(d.first)):,}" if d.first else "-"
            saved = ">999x" if d.saved > 999.0 else f"{d.saved:,.1f}x"
            said.append(f"  {d.outcome:<32}{d.first:>14,.4g}{d.mean:>+14,.4g}{d.low:>+14,.4g}{d.high:>+14,.4g}{pairs:>16}{saved:>8}")
        said.append(f"  {len(found) - len(moved)} outcomes are the same in every pair{_undefined(result, found)}")
    said += ["", "each interval is for one outcome: where nothing differs, one in twenty leaves out 0 all the same"]
    said += [f"pairs for {precision:g} %: how many make half the interval {precision:g} % of the first arm's mean; saved: pairs with luck of their own that one pair replaces"]
    return said


def _undefined(result: Comparison, found: Sequence[Difference]) -> str:
    """Name the outcomes that some run has no value of, as the day of an event that did not happen."""
    names = [name for name in result.runs.columns if name not in ("arm", "replicate") and name not in {one.outcome for one in found}]
    return f"; not compared, since some runs have no value: {', '.join(names)}" if names else ""


def _write(
    result: Comparison, scenarios: Sequence[Scenario], replicates: int, scratch: Path, started: dt.datetime, command: Sequence[str]
) -> None:
    """Write the differences, the runs, the daily differences and the manifest."""
    table = pd.DataFrame([
        {"arm": arm, "outcome": d.outcome, "first": d.first, "difference": d.mean, "low": d.low, "high": d.high, "sd_pair": d.spread, "sd_apart": d.apart}
        for arm, found in result.differences.items() for d in found
    ])
    table.to_csv(scratch / "compare.csv", index=False)
    tables = tables_of(result, scenarios[0])
    for name, content in tables.items():
        pq.write_table(content, scratch / f"{name}.parquet", compression="zstd")
    trees = [cast("dict[str, object]", to_tree(scenario.config)) for scenario in scenarios]
    OmegaConf.save(OmegaConf.create({"arms": dict(zip(result.arms, map(nameless, trees), strict=True))}), scratch / ARMS)
    keep_tables(scenarios[0].tables, trees[0], scratch / INPUTS)
    first = scenarios[0]
    manifest = make_manifest(
        config_hash=comparison_hash(scenarios),
        seeds={"seed": first.config.seed, "replicates": replicates}, inputs=first.tables.files, folder=first.tables.folder,
        tables=tables, started=started, finished=dt.datetime.now(dt.UTC), command=command,
    )
    write_json(scratch / FILE, manifest)


def _draw(result: Comparison, scenarios: Sequence[Scenario], scratch: Path) -> None:
    """Draw the figures."""
    from experiments.figures.compare import About, draw  # late: matplotlib is slow to import

    first = scenarios[0]
    (scratch / "figures").mkdir()
    pairs = result.series.shape[1]
    draw(result, About(pairs, first.config.seed, comparison_hash(scenarios), np.datetime64(first.setting.start)), scratch / "figures")


def comparison_hash(scenarios: Sequence[Scenario]) -> str:
    """Return the hash of all arms: their configs with the content of the tables they read."""
    return digest(canonical([config_hash(cast("dict[str, object]", to_tree(one.config)), one.tables.files) for one in scenarios]))


def tables_of(result: Comparison, scenario: Scenario) -> dict[str, pa.Table]:
    """Return the tables that a comparison leaves: a row a run, and the daily differences."""
    return {"runs": arrow(result.runs), "series": arrow(_daily(result, scenario))}


def _daily(result: Comparison, scenario: Scenario) -> pd.DataFrame:
    """Mean paired difference of each series on each day with its 95 % interval, a row an arm, series and day."""
    pairs = result.series[1:] - result.series[:1]
    n = pairs.shape[1]
    half = student.ppf(0.5 + CONFIDENCE / 2.0, n - 1) * pairs.std(axis=1, ddof=1) / math.sqrt(n)
    mean = pairs.mean(axis=1)
    arms, kinds, days = mean.shape
    start = np.datetime64(scenario.setting.start)
    return pd.DataFrame({
        "arm": np.repeat(np.array(result.arms[1:], dtype=object), kinds * days),
        "series": np.tile(np.repeat(np.array(SERIES, dtype=object), days), arms),
        "day": np.tile(np.arange(days), arms * kinds), "date": np.tile(start + np.arange(days), arms * kinds),
        "difference": mean.ravel(), "low": (mean - half).ravel(), "high": (mean + half).ravel(),
    })
