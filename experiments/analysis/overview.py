"""The first look at a study: means by group, how outcomes spread, what failed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray
from scipy.stats import t as student

from agents.errors import InputError
from experiments.analysis.finding import Finding
from experiments.analysis.groups import Group, groups_by, missing_note, words
from experiments.analysis.study import Study
from experiments.figures import style
from experiments.study.plan import CRN

FloatArray = NDArray[np.float64]
CONFIDENCE = 0.95
#: Designs whose points are a sample of their ranges; those of the others were set.
_DRAWN = ("lhs", "sobol")


def overview(study: Study, outcomes: Sequence[str], *, by: str | None = None) -> list[Finding]:
    """Compare the means of outcomes between the values of a factor.

    Parameters
    ----------
    study
        The study.
    outcomes
        Outcomes to show.
    by
        See :func:`experiments.analysis.groups.groups_by`.

    Raises
    ------
    InputError
        When there is no such factor or outcome.
    """
    name_of_groups, groups = groups_by(study, by)
    rows = [_row(study, name, group) for name in outcomes for group in groups]
    table = pd.DataFrame(rows, columns=["outcome", "group", "runs", "mean", "sd", "low", "high", "median"])
    unit = _unit(study)
    interval = f"95 % interval of the mean over {unit} (Student's t)" if table["low"].notna().any() else ""
    notes = [note for name in outcomes for note in missing_note(study.values(name))][:1]
    if not interval:
        notes.append("one replicate of a design whose points were set: no interval can be given; sweep with replicates=2 or more")
    return [Finding(
        "overview", _title(name_of_groups), _says_overview(table), table, tuple(notes),
        (lambda: _draw_overview(table, study.caption(None, interval), _title(name_of_groups))) if outcomes else None,
    )]  # fmt: skip


def distribution(study: Study, outcomes: Sequence[str], *, by: str | None = None) -> list[Finding]:
    """Show how outcomes spread over runs, and which share of their variance is luck (replicates of the same point)."""
    rows = []
    for name in outcomes:
        values = study.values(name)
        found = values[np.isfinite(values)]
        quantiles = np.quantile(found, (0.05, 0.25, 0.5, 0.75, 0.95)) if found.size else np.full(5, np.nan)
        rows.append([name, found.size, *map(float, quantiles), luck_share(values, shared=study.plan.seeds == CRN)])
    table = pd.DataFrame(rows, columns=["outcome", "runs", "p05", "p25", "p50", "p75", "p95", "luck_share"])
    known = table.dropna(subset=["luck_share"])
    if known.empty:
        says = "With one replicate a point, luck and factors cannot be told apart."
    else:
        most = known.loc[known["luck_share"].idxmax()]
        least = known.loc[known["luck_share"].idxmin()]
        says = f"Luck (replicates of the same point) makes {most['luck_share']:.0%} of the variance of {most['outcome']}"
        says += "." if len(known) == 1 else f" and {least['luck_share']:.0%} of that of {least['outcome']}; the factors make the rest."
    name_of_groups, groups = groups_by(study, by)
    return [Finding(
        "distribution", "How the outcomes spread", says, table, (),
        (lambda: _draw_distribution(study, outcomes, groups, table, name_of_groups)) if outcomes else None,
    )]  # fmt: skip


def failures(study: Study) -> list[Finding]:
    """List the runs without a result: status, error and where in the design they lie.

    Raises
    ------
    InputError
        When every planned run finished.
    """
    if not without_result(study):
        raise InputError("every planned run finished")
    bad = study.results[study.results["status"] != "ok"]
    columns = ["run_id", "point", "replicate", "seed", *(f.key for f in study.plan.design.factors), "status", "error"]
    table = bad[[name for name in columns if name in bad.columns]].reset_index(drop=True)
    counts = [f"{count} {status}" for status, count in bad["status"].value_counts().sort_index().items()]
    missing = study.plan.rows.num_rows - len(study.results)
    counts += [f"{missing} not run yet"] if missing else []
    says = f"{without_result(study):,} of {study.plan.rows.num_rows:,} planned runs have no result: {', '.join(counts)}."
    if len(bad):
        errors = bad["error"].value_counts()
        says += f" The most frequent error ({errors.iloc[0]} runs): {errors.index[0]}"
    return [Finding("failures", "Runs without a result", says, table, ("give the sweep again with retry_failed=true to run them again",))]


def without_result(study: Study) -> int:
    """Return how many planned runs failed or are missing."""
    return int(study.plan.rows.num_rows) - len(study.ok)


def luck_share(values: FloatArray, *, shared: bool = False) -> float:
    """Return the share of an outcome's variance that luck makes.

    Parameters
    ----------
    values
        (points, replicates); NaN where there is no value.
    shared
        Whether a replicate is the same luck at all points. Then the means of points differ less by luck than those of
        points with luck of their own: two-way analysis of variance; else one-way.

    Returns
    -------
    float
        0 (none) to 1 (all); NaN with fewer than two replicates or points, or without any variance.
    """
    kept = values[np.isfinite(values).all(axis=1)]
    if len(kept) < 2 or kept.shape[1] < 2:
        return math.nan
    points, replicates = kept.shape
    rows, columns = kept.mean(axis=1), kept.mean(axis=0)
    if shared:
        rest = float(((kept - rows[:, None] - columns[None, :] + kept.mean()) ** 2).sum()) / ((points - 1) * (replicates - 1))
        luck = rest + max(0.0, float(columns.var(ddof=1)) - rest / points)
    else:
        rest = luck = float(kept.var(axis=1, ddof=1).mean())
    between = max(0.0, float(rows.var(ddof=1)) - rest / replicates)
    return luck / (luck + between) if luck + between > 0.0 else math.nan


def _unit(study: Study) -> str:
    return "points" if study.plan.design.kind in _DRAWN else "replicates"


def _row(study: Study, outcome: str, group: Group) -> list[object]:
    """Return a row of the table of means."""
    values = study.values(outcome)[group.points]
    found = values[np.isfinite(values)]
    if not found.size:
        return [outcome, group.label, 0, math.nan, math.nan, math.nan, math.nan, math.nan]
    # Points that were drawn stand for their range; of points that were set only the luck is a sample.
    axis = 1 if _unit(study) == "points" else 0
    kept = values[:, np.isfinite(values).all(axis=0)] if axis == 0 else values[np.isfinite(values).any(axis=1)]
    means = np.nanmean(kept, axis=axis) if kept.size else np.empty(0)
    mean, low, high = float(found.mean()), math.nan, math.nan
    if len(means) >= 2:
        half = float(student.ppf(0.5 + CONFIDENCE / 2.0, len(means) - 1)) * float(means.std(ddof=1)) / math.sqrt(len(means))
        low, high = float(means.mean()) - half, float(means.mean()) + half
    sd = float(found.std(ddof=1)) if found.size > 1 else math.nan
    return [outcome, group.label, int(found.size), mean, sd, low, high, float(np.median(found))]


def _title(name: str) -> str:
    return f"Outcomes by {name}" if name else "Outcomes over all runs"


def _says_overview(table: pd.DataFrame) -> str:
    """Say which outcome differs most between groups, or what the means are."""
    if table.empty:
        return "No outcome varies in this study."
    if table["group"].nunique() < 2:
        return "; ".join(f"{row.outcome} {style.short(row.mean)} on average" for row in table.itertuples(index=False)) + "."
    apart: list[str] = []
    alike: list[str] = []
    open_: list[str] = []
    for name, part in table.dropna(subset=["mean"]).groupby("outcome", sort=False):
        low, high = part.loc[part["mean"].idxmin()], part.loc[part["mean"].idxmax()]
        text = f"{words(str(name))} ({low['group']} {style.short(low['mean'])}, {high['group']} {style.short(high['mean'])})"
        if not np.isfinite([low["high"], high["low"]]).all():
            open_.append(text)
        else:
            (apart if low["high"] < high["low"] else alike).append(text)
    said = [f"Lowest and highest group, with intervals that do not overlap: {', '.join(apart)}."] if apart else []
    said += [f"With intervals that overlap: {', '.join(alike)}."] if alike else []
    said += [f"Without intervals: {', '.join(open_)}."] if open_ else []
    return " ".join(said) or "No outcome has values in two groups."


def _short_number(value: float, position: int | None = None) -> str:
    return style.short(value)


def _draw_overview(table: pd.DataFrame, caption: str, title: str) -> Figure:
    """Draw a panel an outcome: the mean of each group with its interval."""
    names, groups = list(dict.fromkeys(table["outcome"])), list(dict.fromkeys(table["group"]))
    rows = math.ceil(len(names) / 3)
    height = 1.35 + rows * (0.75 + 0.3 * len(groups))
    figure = style.new_figure(title, "Dot: mean; bar: its interval", caption, height)
    columns = min(3, len(names))
    left = 0.02 + 0.0066 * min(30, max(map(len, groups)))
    grid = figure.add_gridspec(rows, columns, left=left, right=0.98, top=1.0 - 0.85 / height, bottom=0.62 / height, hspace=0.9, wspace=0.12)
    for index, name in enumerate(names):
        axes = figure.add_subplot(grid[index // columns, index % columns])
        part = table[table["outcome"] == name].set_index("group")
        for place, group in enumerate(groups):
            row, colour = part.loc[group], style.CYCLE[place % len(style.CYCLE)]
            if np.isfinite(row["low"]):
                axes.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=2.4, solid_capstyle="butt", alpha=0.6)
            axes.plot([row["mean"]], [place], "o", color=colour, markersize=5)
        style.plain(axes, words(name))
        axes.set_ylim(len(groups) - 0.4, -0.6)
        axes.set_yticks(range(len(groups)), [_cut(group) for group in groups] if index % columns == 0 else [""] * len(groups))
        axes.margins(x=0.12)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(FuncFormatter(_short_number))
    return figure


def _cut(text: str, most: int = 30) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _draw_distribution(
    study: Study, outcomes: Sequence[str], groups: Sequence[Group], table: pd.DataFrame, by: str
) -> Figure:
    """Draw a histogram an outcome, a line a group."""
    rows, columns = math.ceil(len(outcomes) / 3), min(3, len(outcomes))
    height = 1.6 + 1.75 * rows
    subtitle = "Share of runs by value of the outcome" + (f"; a line a value of {by}" if by else "")
    figure = style.new_figure("How the outcomes spread", subtitle, study.caption(), height)
    grid = figure.add_gridspec(rows, columns, left=0.05, right=0.98, top=1.0 - 1.05 / height, bottom=0.65 / height, hspace=0.62, wspace=0.2)
    shares = table.set_index("outcome")["luck_share"]
    first: Axes | None = None
    for index, name in enumerate(outcomes):
        axes = figure.add_subplot(grid[index // columns, index % columns])
        first = first or axes
        values = study.values(name)
        found = values[np.isfinite(values)]
        edges = np.histogram_bin_edges(found, bins=min(40, max(8, int(math.sqrt(found.size)))))
        for place, group in enumerate(groups):
            own = values[group.points][np.isfinite(values[group.points])]
            share = np.histogram(own, edges)[0] / max(1, own.size)
            axes.stairs(share, edges, color=style.CYCLE[place % len(style.CYCLE)], linewidth=1.5, fill=len(groups) == 1, alpha=0.85, label=_cut(group.label))
        luck = shares[name]
        style.plain(axes, words(name) + (f"   luck {luck:.0%} of the variance" if np.isfinite(luck) else ""))
        style.counts(axes)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(_short_number))
    if first is not None and len(groups) > 1:
        handles, labels = first.get_legend_handles_labels()
        figure.legend(handles, labels, loc="upper left", bbox_to_anchor=(0.045, 1.0 - 0.58 / height), ncols=6, frameon=False, fontsize=style.SMALL, labelcolor=style.INK)
    return figure
