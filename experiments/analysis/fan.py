"""Fan charts: the median and the 50 and 90 % bands of daily series over the runs of a study, by policy or factor."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from agents.errors import InputError
from experiments.analysis.daily import NONE_KEPT, WINDOW, Daily, has_series, parse_variable, read_daily
from experiments.analysis.finding import Finding
from experiments.analysis.groups import Group, groups_by, stem
from experiments.analysis.study import Study
from experiments.figures import style
from experiments.study.task import OK

FloatArray = NDArray[np.float64]

#: Series that are shown when the user names none, those of them that the study has.
VARIABLES = ("attacks_28", "displaced", "stability", "returns_28", "hostility")
#: Shares of runs below each line, from low to high; bands are between the outer and the inner pair.
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_COLUMNS = ("q05", "q25", "median", "q75", "q95")
#: A band of 90 % over fewer runs rests on its outermost run or two.
_FEW = 20


def fan(study: Study, variables: Sequence[str] | None = None, *, by: str | None = None) -> list[Finding]:
    """Draw daily series over all runs: median, 50 % band and 90 % band of each day.

    Bands are quantiles of runs, over replicates and points together; they show how runs differ, not how well their
    median is known.

    Parameters
    ----------
    study
        A study with daily series (``series=true``).
    variables
        Series: of the region (``displaced``, ``stability``, ``flights``, ...), ``KIND:ACTOR:VARIABLE`` of an actor
        (``*`` for the mean over actors), each with ``_28`` behind it for the sum of the last 28 days; ``hostility``
        is the mean over pairs of governments. By default :data:`VARIABLES`.
    by
        Factor whose values have a panel each (:func:`~experiments.analysis.groups.groups_by`).

    Returns
    -------
    list
        A finding a variable; its table has a row a group and day.

    Raises
    ------
    InputError
        When the study kept no series, or there is no such variable or factor.
    """
    if not has_series(study):
        raise InputError(NONE_KEPT)
    what, groups = groups_by(study, by)
    names = list(dict.fromkeys(variables if variables is not None else VARIABLES))
    daily = read_daily(study, names, optional=variables is None)
    absent = [name for name in names if name not in daily.values]
    if len(absent) == len(names):
        raise InputError(f"variables: the series have none of {', '.join(VARIABLES)}; name those that they have")
    notes = (f"not in these runs: {', '.join(absent)}",) if absent else ()
    return [_finding(study, daily, name, what, groups, notes) for name in daily.values]


def label(name: str) -> str:
    """Return a series as text: ``attacks in 28 days``, ``hostility``, ``legitimacy of north``."""
    one = parse_variable(name)
    text = one.variable.removesuffix("/*").replace("/", " towards ").replace("_", " ")
    if one.kind != "region" and one.actor != "*":
        text = f"{text} of {one.actor}"
    return f"{text} in {WINDOW} days" if one.summed else text


def bands(values: FloatArray) -> FloatArray:
    """Return quantiles of each day, (days, 5), of (runs, days); NaN on days that no run has.

    Linear interpolation between order statistics (definition 7 of Hyndman and Fan, 1996).
    """
    out = np.full((values.shape[1], len(QUANTILES)), np.nan)
    count = (~np.isnan(values)).sum(axis=0)
    whole, part = (count == len(values)) & (count > 0), (count < len(values)) & (count > 0)
    if whole.any():
        out[whole] = np.quantile(values[:, whole], QUANTILES, axis=0).T
    if part.any():  # many times slower
        out[part] = np.nanquantile(values[:, part], QUANTILES, axis=0).T
    return out


def _finding(study: Study, daily: Daily, name: str, what: str, groups: Sequence[Group], also: tuple[str, ...]) -> Finding:
    values = daily.values[name]
    frames: list[pd.DataFrame] = []
    counts: list[int] = []
    for group in groups:
        mine = values[np.isin(daily.points, group.points)]
        counts.append(len(mine))
        frame = pd.DataFrame(bands(mine), columns=list(_COLUMNS))
        frame.insert(0, "n", (~np.isnan(mine)).sum(axis=0))
        frame.insert(0, "date", daily.dates)
        frame.insert(0, "group", group.label)
        frames.append(frame[frame["n"] > 0])
    table = pd.concat(frames, ignore_index=True)
    planned = study.plan.rows.num_rows
    notes = list(also)
    failed = int((study.results["status"] != OK).sum())
    if failed or sum(counts) < planned:
        notes.append(f"{planned - sum(counts):,} of {planned:,} runs failed or are missing, and are left out")
    few = [f"{group.label} ({count})" for group, count in zip(groups, counts, strict=True) if count < _FEW]
    if few:
        notes.append(f"fewer than {_FEW} runs in {', '.join(few)}: the 90 % band rests on the outermost run or two")
    lengths = table.groupby("group")["n"].agg(["min", "max"])
    if parse_variable(name).summed:
        notes.append(f"sums over the last {WINDOW} days begin on day {WINDOW}")
    elif (lengths["min"] < lengths["max"]).any():
        notes.append("runs differ in length: late days show the longer ones alone")

    def draw() -> Figure:
        return _draw(study, table, name, what, groups, counts)

    return Finding(f"fan_{stem(name)}", f"{label(name).capitalize()} over time", _says(table, name, groups), table, tuple(notes), draw)


def _says(table: pd.DataFrame, name: str, groups: Sequence[Group]) -> str:
    """Return the last day of each group in words, and on which days the 50 % bands of two groups are apart."""
    said: list[str] = []
    whole = {group.label: table[table["group"] == group.label].dropna(subset="median") for group in groups}
    for key, frame in whole.items():
        if not len(frame):
            said.append(f"{key}: no finished run")
            continue
        last = frame.iloc[-1]
        said.append(f"{key}: {style.short(last['median'])} ({style.short(last['q05'])} to {style.short(last['q95'])})")
    text = f"{label(name).capitalize()} at the end, in the median run (90 % of runs): {'; '.join(said)}."
    apart = _apart(list(whole.values()))
    if len(groups) > 1 and not math.isnan(apart):
        text += f" The 90 % bands of some two groups do not overlap on {100 * apart:.0f} % of days."
    return text


def _apart(frames: Sequence[pd.DataFrame]) -> float:
    """Return the share of days on which the 90 % bands of some two groups do not overlap; NaN without such days."""
    some = [frame.set_index("date")[["q05", "q95"]] for frame in frames if len(frame)]
    if len(some) < 2:
        return math.nan
    both = pd.concat(some, axis=1, join="inner", keys=range(len(some)))
    low, high = both.xs("q05", axis=1, level=1), both.xs("q95", axis=1, level=1)
    return float((low.max(axis=1) > high.min(axis=1)).mean()) if len(both) else math.nan


def _draw(study: Study, table: pd.DataFrame, name: str, what: str, groups: Sequence[Group], counts: Sequence[int]) -> Figure:
    """Draw a panel a group with the same axes; thin grey lines are the medians of the others."""
    several = len(groups) > 1
    figure = style.new_figure(
        f"{label(name).capitalize()} over time" + (f", by {what}" if what else ""),
        "Line: median run; dark band: 50 % of runs; light band: 90 %" + ("; grey lines: medians of the other panels" if several else ""),
        study.caption(sum(counts), "bands: 50 % and 90 % of runs on each day (quantiles of runs, no confidence interval)"),
    )
    columns = min(len(groups), 3)
    rows = math.ceil(len(groups) / columns)
    wide, high = (0.965 - 0.062) / columns, (0.90 - 0.075) / rows
    top, low = float(table["q95"].max()), float(table["q05"].min())
    pad = 0.06 * (top - low) or max(abs(top) * 0.05, 1e-6)
    for at, (group, count) in enumerate(zip(groups, counts, strict=True)):
        row, col = divmod(at, columns)
        axes = figure.add_axes((0.062 + col * wide, 0.085 + (rows - 1 - row) * high + (0.02 if rows > 1 else 0.0), wide - 0.035, high - 0.06))
        style.plain(axes, f"{group.label} (n = {count})")
        for other in groups:
            frame = table[table["group"] == other.label]
            dates, colour = frame["date"].to_numpy(dtype="datetime64[D]"), style.CYCLE[at % len(style.CYCLE)]
            if other.label != group.label:
                axes.plot(dates, frame["median"], color="#9AA5AE", linewidth=0.8, zorder=2)
                continue
            axes.fill_between(dates, frame["q05"], frame["q95"], color=colour, alpha=0.20, linewidth=0)
            axes.fill_between(dates, frame["q25"], frame["q75"], color=colour, alpha=0.42, linewidth=0)
            axes.plot(dates, frame["median"], color=colour, linewidth=1.7, zorder=3)
            style.date_axis(axes, dates)
        if not count:
            style.empty(axes, "no finished run")
        elif np.isfinite(top):
            axes.set_ylim(low - pad, top + pad)
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
            axes.tick_params(axis="y", labelleft=col == 0)
    return figure
