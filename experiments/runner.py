"""One run, from a composed config to a finished folder."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from omegaconf import OmegaConf
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from experiments.conflict_summary import conflict_lines, conflict_title
from experiments.manifest import FILE, Manifest, make_manifest, write_json
from experiments.runfolder import scratch_folder, writing
from experiments.summary import plain_summary, summary_row
from sim.composed import Composed
from sim.fingerprint import config_hash
from sim.model import MarchlandModel
from sim.scenario import Scenario
from sim.settings import to_tree

#: Names of the scenario's tables in a run's folder, in the order of ``Tables.files``.
_COPIES = (
    "places.csv", "routes.csv", "populations.csv", "groups.csv", "history.csv", "exogenous.csv", "series.csv",
)  # fmt: skip

_COPY = "scenario"  # folder of the copies


@dataclass(frozen=True)
class Finished:
    """What a finished run left."""

    folder: Path
    manifest: Manifest
    summary: Mapping[str, object]
    figures: tuple[Path, ...]


def execute(
    composed: Composed, folder: Path, *, force: bool = False, command: Sequence[str] = (), brief: bool = False
) -> Finished:
    """Run a composed config and write its folder.

    Parameters
    ----------
    composed
        The checked config.
    folder
        Where the results go; it is whole afterwards or as it was before.
    force
        Whether a finished run in ``folder`` may be replaced.
    command
        The command line, for the manifest.
    brief
        Whether to print one line at the end (a job of many) and not the whole summary.

    Raises
    ------
    InputError
        When an input is wrong or the folder cannot be written.
    """
    console = Console(stderr=True)
    started = dt.datetime.now(dt.UTC)
    scenario = Scenario.from_config(composed.config, composed.folder, composed.trusted_classes)
    _warn(scenario)
    with scratch_folder(folder, force=force) as scratch:
        model = scenario.build()
        with _progress(scenario, console) as progress:
            model.run(progress)
        with writing(folder):
            finished = _write(scenario, model, scratch, started, command)
        if scenario.config.figures and scenario.config.band and not brief and len(scenario.tables.observed):
            band = _band(scenario, model, console)
            with writing(folder):
                pq.write_table(arrow(band), scratch / "ensemble.parquet", compression="zstd")
        if scenario.config.figures:
            from experiments.figures import draw_all  # late: matplotlib is slow to import

            console.print("drawing the figures", style="dim", highlight=False)
            with writing(folder):
                finished = _with_figures(finished, draw_all(scratch), scratch, started)
    done = Finished(folder, finished.manifest, finished.summary, tuple(folder / f.relative_to(scratch) for f in finished.figures))
    if brief:
        print(f"{folder}: finished, seed {scenario.config.seed}, outputs {str(done.manifest['outputs_hash'])[:12]}")
    else:
        text = plain_summary(
            model.record.daily,
            model.record.events,
            model.outcomes,
            title=_title(scenario),
            seed=scenario.config.seed,
            first=_first(scenario, model),
        )
        print("\n".join([*text, "", *_where(done)]))
    return done


def _title(scenario: Scenario) -> str:
    """Return what people call the scenario; a conflict folder only has a name unless the user gives it a title."""
    settings, conflict = scenario.config.scenario, scenario.tables.conflict
    if conflict is not None and settings.title in ("", conflict.name):
        copied = conflict.name == _COPY  # the folder of a run says nothing
        return conflict_title(conflict) + ("" if copied else f" ({conflict.name})")
    return settings.title or settings.name


def _first(scenario: Scenario, model: MarchlandModel) -> list[str]:
    """Return what the summary says first of a conflict folder."""
    conflict = scenario.tables.conflict
    if conflict is None:
        return []
    return conflict_lines(conflict, scenario.config.scenario, model.outcomes, model.record.camps)


def _warn(scenario: Scenario) -> None:
    """Say when a history was given that nobody plays."""
    scripted = [actor for actor, choice in scenario.config.policies.items() if choice.name == "scripted"]
    if scenario.config.scenario.history and not any(row.actor in scripted for row in scenario.tables.history):
        print(
            "note: scenario.history has no effect here: none of its actors plays the policy 'scripted' "
            "(policy@policies.NAME=scripted)",
            file=sys.stderr,
        )


def _band(scenario: Scenario, model: MarchlandModel, console: Console) -> pd.DataFrame:
    """Run the further replicates of the band, with a bar on a terminal and one plain line elsewhere."""
    from experiments.band import make_band, observed_totals

    size = scenario.config.band
    own = observed_totals(model, scenario)
    text = f"{size} more runs for the bands beside the observations (band=0 leaves them out)"
    if not console.is_terminal:
        print(text, file=sys.stderr)
        return make_band(scenario, own, size)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(text, total=size)
        return make_band(scenario, own, size, lambda done, _: bar.update(task, completed=done))


def _write(
    scenario: Scenario, model: MarchlandModel, scratch: Path, started: dt.datetime, command: Sequence[str]
) -> Finished:
    """Write everything but the figures into the scratch folder."""
    config = to_tree(scenario.config)
    assert isinstance(config, dict)
    OmegaConf.save(OmegaConf.create(config), scratch / "config.yaml")
    tables = result_tables(model)
    for name, table in tables.items():
        pq.write_table(table, scratch / f"{name}.parquet", compression="zstd")
    _copy_scenario(scenario, scratch / _COPY)
    own = () if scenario.tables.conflict is not None else (scenario.tables.folder / "scenario.yaml",)
    inputs = [*own, *scenario.tables.files]
    manifest = make_manifest(
        config_hash=config_hash(config, scenario.tables.files),
        seeds={"seed": scenario.config.seed, "replicate": scenario.config.replicate},
        inputs=inputs,
        folder=scenario.tables.folder,
        tables=tables,
        started=started,
        finished=dt.datetime.now(dt.UTC),
        command=command,
    )
    summary = summary_row(model.outcomes, scenario.config, str(manifest["config_hash"]))
    write_json(scratch / "summary.json", summary)
    write_json(scratch / FILE, manifest)
    return Finished(scratch, manifest, summary, ())


def _with_figures(finished: Finished, figures: Sequence[Path], scratch: Path, started: dt.datetime) -> Finished:
    """Complete the manifest once the figures are drawn (they read it for the config hash)."""
    now = dt.datetime.now(dt.UTC)
    manifest = {
        **finished.manifest,
        "finished": now.isoformat(timespec="seconds"),
        "duration_seconds": round((now - started).total_seconds(), 3),
    }
    write_json(scratch / FILE, manifest)
    return Finished(finished.folder, manifest, finished.summary, tuple(figures))


def result_tables(model: MarchlandModel) -> dict[str, pa.Table]:
    """Return the tables that a run leaves, by name."""
    record = model.record
    frames = {"daily": record.daily, "places": record.places, "events": record.events}
    if model.setting.network is not None:
        frames["camps"] = record.camps
    return {name: arrow(frame) for name, frame in frames.items()}


def arrow(frame: pd.DataFrame) -> pa.Table:
    """Return a frame as an Arrow table without the metadata of pandas."""
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def _copy_scenario(scenario: Scenario, target: Path) -> None:
    """Keep a copy of the tables that were read, so that the folder explains itself."""
    target.mkdir()
    if scenario.tables.conflict is not None:
        for file in scenario.tables.files:
            inside = file.is_relative_to(scenario.tables.folder)
            copy = target / (file.relative_to(scenario.tables.folder) if inside else file.name)
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(file, copy)
        return
    shutil.copyfile(scenario.tables.folder / "scenario.yaml", target / "scenario.yaml")
    for name, file in zip(_COPIES, scenario.tables.files, strict=False):
        if name != "series.csv":
            (target / name).write_text(_without_comments(file.read_text(encoding="utf-8-sig")), encoding="utf-8")
    if not scenario.tables.observed.empty:
        scenario.tables.observed.to_csv(target / "observed.csv", index=False)


def _without_comments(text: str) -> str:
    """Return a table without its comment lines, so that any program reads it."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#"))


@contextmanager
def _progress(scenario: Scenario, console: Console) -> Iterator[Callable[[int, int], None]]:
    """Show a bar with the simulated date on a terminal, one plain line elsewhere."""
    start = scenario.config.scenario.start
    title = _title(scenario)
    if not console.is_terminal:
        print(f"running {title}, seed {scenario.config.seed}", file=sys.stderr)
        yield lambda day, days: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=None)

        def show(day: int, days: int) -> None:
            date = f", {start + dt.timedelta(days=day):%d %b %Y}" if start is not None else f", day {day}"
            bar.update(task, total=days, completed=day, description=f"{title}{date}")

        yield show


def _where(done: Finished) -> list[str]:
    """Say where the files are."""
    lines = [f"Files in {done.folder}/"]
    lines.append("  summary.json    all outcomes of the run in one row")
    lines.append("  daily.parquet   a row a day and variable; places.parquet, events.parquet beside it")
    if (done.folder / "camps.parquet").exists():
        lines.append("  camps.parquet   a row a day and camp: people simulated and counted")
    if (done.folder / "ensemble.parquet").exists():
        lines.append("  ensemble.parquet  mean and band over further replicates, beside the observations")
    lines.append("  config.yaml     every number of this run; scenario/ the tables it read")
    lines.append(f"  manifest.json   outputs {str(done.manifest['outputs_hash'])[:12]}, config {str(done.manifest['config_hash'])[:12]}")
    if done.figures:
        lines.append(f"  figures/        {', '.join(file.name for file in done.figures)}")
    return lines
