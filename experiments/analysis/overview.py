"""The first look at a study: means by group, how outcomes spread, what failed."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from agents.errors import InputError
from experiments.analysis import means, noise, samples
from experiments.analysis.finding import Finding
from experiments.analysis.groups import Group, groups_by, missing_note, words
from experiments.analysis.study import Study
from experiments.figures import style

FloatArray = NDArray[np.float64]
CONFIDENCE = 0.95
#: Letters of the title of a panel, of which three stand side by side.
_LETTERS = 44
_COLUMNS = ("outcome", "group", "runs", "mean", "sd", "low", "high", "median", "above_lowest", "above_low", "above_high")


def overview(study: Study, outcomes: Sequence[str], *, by: str | None = None) -> list[Finding]:
    """Compare the means of outcomes between the values of a factor.

    The table has the mean of every group with its interval, and how far it lies above the lowest group of the outcome:
    where all points share lucks these differences are paired, and so much surer than the means. Their intervals hold
    for all pairs of groups together (Bonferroni).

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
    table = pd.DataFrame([row for name in outcomes for row in _rows(study, name, groups)], columns=list(_COLUMNS))
    interval = means.interval_words(study) if table["low"].notna().any() else ""
    notes = [note for name in outcomes for note in missing_note(study.values(name))][:1]
    if notes and samples.is_paired(study) and study.plan.replicates > 1:
        notes.append("which of the shared lucks a point lacks is taken out of its mean")
    if len(outcomes) and not interval:
        notes.append(_why_no_interval(study))
    lucks = samples.for_lucks(True, 1) if samples.is_paired(study) and study.plan.replicates == 1 else ""
    return [Finding(
        "overview", _title(name_of_groups), lucks + _says_overview(table), table, tuple(notes),
        (lambda: _draw_overview(table, study.caption(None, interval), _title(name_of_groups), _subtitle(table, samples.is_paired(study)))) if outcomes else None,
    )]  # fmt: skip


def distribution(study: Study, outcomes: Sequence[str], *, by: str | None = None) -> list[Finding]:
    """Show how outcomes spread over runs, and which share of the variance between points is luck of their replicates.

    The share is that of :func:`experiments.analysis.noise.share_of`, which all analyses print.
    """
    rows = []
    for name in outcomes:
        values = study.values(name)
        found = values[np.isfinite(values)]
        quantiles = np.quantile(found, (0.05, 0.25, 0.5, 0.75, 0.95)) if found.size else np.full(5, np.nan)
        rows.append([name, found.size, *map(float, quantiles), noise.share_of(values, samples.is_paired(study))])
    table = pd.DataFrame(rows, columns=["outcome", "runs", "p05", "p25", "p50", "p75", "p95", "noise_share"])
    known = table.dropna(subset=["noise_share"])
    if known.empty:
        says = "With one replicate a point, luck and factors cannot be told apart."
    else:
        most = known.loc[known["noise_share"].idxmax()]
        least = known.loc[known["noise_share"].idxmin()]
        says = f"Replicate noise makes {most['noise_share']:.0%} of the variance between points of {words(most['outcome'])}"
        says += "." if len(known) == 1 else f" and {least['noise_share']:.0%} of that of {words(least['outcome'])}; the factors make the rest."
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


def _rows(study: Study, outcome: str, groups: Sequence[Group]) -> list[list[object]]:
    """Return the rows of an outcome in the table of means."""
    table = means.table_of(study, outcome)
    single = [table.estimate(group.points, confidence=CONFIDENCE) for group in groups]
    known = [at for at, one in enumerate(single) if math.isfinite(one.value)]
    lowest = min(known, key=lambda at: single[at].value, default=0)
    pairs = max(1, len(known) * (len(known) - 1) // 2)
    rows: list[list[object]] = []
    for at, (group, one) in enumerate(zip(groups, single, strict=True)):
        own = table.y[group.points][table.have[group.points]]
        above = [math.nan] * 3
        if at != lowest:
            found = table.estimate(group.points, groups[lowest].points, 1.0 - (1.0 - CONFIDENCE) / pairs)
            above = [found.value, found.low, found.high]
        sd, median = float(own.std(ddof=1)) if own.size > 1 else math.nan, float(np.median(own)) if own.size else math.nan
        rows.append([outcome, group.label, int(own.size), one.value, sd, one.low, one.high, median, *above])
    return rows


def _why_no_interval(study: Study) -> str:
    if study.plan.replicates > 1:
        return "too few runs for an interval"
    if samples.is_paired(study):
        return "one replicate: all points meet one and the same luck, for which alone the means hold, without an interval; sweep with replicates=5 or more"
    return "one replicate of a design whose points were set: no interval can be given; sweep with replicates=5 or more"


def _subtitle(table: pd.DataFrame, paired: bool) -> str:
    text = "Dot: mean; bar: its interval" if table["low"].notna().any() else "Dot: mean"
    if not table["above_low"].notna().any():
        return text
    text += "; hollow dot: not told apart from the lowest group"
    return text + (" (groups share their luck: bars that overlap can differ for certain)" if paired else "")


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
        if len(part) < 2:
            continue
        lowest = part["mean"].idxmin()
        low, high = part.loc[lowest], part.loc[part["mean"].drop(lowest).idxmax()]  # another group where all are equal
        text = f"{words(str(name))} ({style.short(low['mean'])} at {low['group']}, {style.short(high['mean'])} at {high['group']}"
        if not np.isfinite([high["above_low"], high["above_high"]]).all():
            open_.append(f"{text})")
            continue
        text += f"; difference {style.short(high['above_lowest'])}, {style.short(high['above_low'])} to {style.short(high['above_high'])})"
        (apart if high["above_low"] > 0.0 else alike).append(text)
    said = [f"Lowest and highest group, told apart: {', '.join(apart)}."] if apart else []
    said += [f"Not told apart (the interval of the difference holds zero): {', '.join(alike)}."] if alike else []
    said += [f"Without intervals: {', '.join(open_)}."] if open_ else []
    return " ".join(said) or "No outcome has values in two groups."


def _short_number(value: float, position: int | None = None) -> str:
    return style.short(value)


def _draw_overview(table: pd.DataFrame, caption: str, title: str, subtitle: str) -> Figure:
    """Draw a panel an outcome: the mean of each group with its interval."""
    names, groups = list(dict.fromkeys(table["outcome"])), list(dict.fromkeys(table["group"]))
    rows = math.ceil(len(names) / 3)
    height = 1.35 + rows * (0.75 + 0.3 * len(groups))
    figure = style.new_figure(title, subtitle, caption, height)
    columns, tall = min(3, len(names)), (height - 1.47 - 0.55 * (rows - 1)) / rows  # inches of a panel
    labels = shortened(groups)
    left = 0.02 + 0.0066 * max(map(len, labels))
    grid = figure.add_gridspec(rows, columns, left=left, right=0.98, top=1.0 - 0.85 / height, bottom=0.62 / height, hspace=0.55 / tall, wspace=0.12)
    for index, name in enumerate(names):
        axes = figure.add_subplot(grid[index // columns, index % columns])
        part = table[table["outcome"] == name].set_index("group")
        for place, group in enumerate(groups):
            row, colour = part.loc[group], style.CYCLE[place % len(style.CYCLE)]
            if np.isfinite(row["low"]):
                axes.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=2.4, solid_capstyle="butt", alpha=0.6)
            alike = np.isfinite(row["above_low"]) and not row["above_low"] > 0.0
            axes.plot([row["mean"]], [place], "o", color=colour, markersize=5, markerfacecolor="white" if alike else colour)
        style.plain(axes, middle_cut(words(name), _LETTERS))
        axes.set_ylim(len(groups) - 0.4, -0.6)
        axes.set_yticks(range(len(groups)), labels if index % columns == 0 else [""] * len(groups))
        axes.margins(x=0.12)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(FuncFormatter(_short_number))
    return figure


def middle_cut(text: str, most: int) -> str:
    """Return a text without its middle when it is too long: the end of a name, or its value, tells more."""
    return text if len(text) <= most else f"{text[: most - 1 - 2 * most // 3]}…{text[-(2 * most // 3) :]}"


def shortened(labels: Sequence[str], most: int = 30) -> list[str]:
    """Return labels without the words that all begin with, and without the middle where still too long; all differ."""
    start = os.path.commonprefix(list(labels)) if len(labels) > 1 else ""  # noqa: RUF071  # these are no paths
    start = start[: max(start.rfind(" "), start.rfind("="), -1) + 1]
    rest = [label[len(start) :] for label in labels]
    while len({middle_cut(label, most) for label in rest}) < len(set(rest)):
        most += 5
    return [middle_cut(label, most) for label in rest]


def _draw_distribution(
    study: Study, outcomes: Sequence[str], groups: Sequence[Group], table: pd.DataFrame, by: str
) -> Figure:
    """Draw a histogram an outcome, a line a group."""
    rows, columns = math.ceil(len(outcomes) / 3), min(3, len(outcomes))
    height = 1.6 + 1.85 * rows
    subtitle = "Share of runs by value of the outcome" + (f"; a line a value of {by}" if by else "")
    figure = style.new_figure("How the outcomes spread", subtitle, study.caption(), height)
    grid = figure.add_gridspec(rows, columns, left=0.05, right=0.98, top=1.0 - 1.18 / height, bottom=0.65 / height, hspace=0.7, wspace=0.2)
    shares, labels = table.set_index("outcome")["noise_share"], shortened([group.label for group in groups])
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
            axes.stairs(share, edges, color=style.CYCLE[place % len(style.CYCLE)], linewidth=1.5, fill=len(groups) == 1, alpha=0.85, label=labels[place])
        style.plain(axes, middle_cut(words(name), _LETTERS) + "\n")  # the second line is that of the noise
        if np.isfinite(shares[name]):
            said = f"replicate noise {shares[name]:.0%} of the variance between points"
            axes.text(0.0, 1.01, said, transform=axes.transAxes, size=style.SMALL, color=style.MUTED, va="bottom")
        style.counts(axes)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(_short_number))
    if first is not None and len(groups) > 1:
        handles, labels = first.get_legend_handles_labels()
        figure.legend(handles, labels, loc="upper left", bbox_to_anchor=(0.045, 1.0 - 0.58 / height), ncols=6, frameon=False, fontsize=style.SMALL, labelcolor=style.INK)
    return figure
