"""Figures of scenario discovery by PRIM: the limits of the box within the ranges, and coverage against density."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from experiments.analysis.bars import across
from experiments.analysis.boxes import LOW, ONLY, Merit
from experiments.analysis.groups import short_key, write
from experiments.figures import style

_ROW = 0.46  # inches a factor


def draw_box(title: str, says: str, footer: str, table: pd.DataFrame) -> Figure:
    """Draw a bar a factor: its range in grey, what the box allows in blue, its resamples as a thin line."""
    names = list(dict.fromkeys(table["factor"]))
    height = 1.75 + _ROW * len(names)
    first, *rest = textwrap.wrap(says, 150)
    figure = style.new_figure(title, "\n".join([first, *rest]), footer, height)
    left = min(0.04 + 0.0056 * max(len(short_key(name)) for name in names), 0.35)
    axes = figure.add_axes((left, 0.42 / height, 0.70 - left, _ROW * len(names) / height))
    across(axes)
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    for row, name in enumerate(names):
        part = table[table["factor"] == name]
        (_choices if (part["side"] == ONLY).any() else _range)(axes, row, part)
        told = "; ".join(f"{_side(one)} {one['reappears']:.0%}, {_p(one['quasi_p'])}" for _, one in part.iterrows())
        axes.text(1.035, row, told, transform=axes.get_yaxis_transform(), size=style.SMALL, color=style.INK, va="center")
    axes.set_xlim(0.0, 1.0)
    axes.set_xticks([])
    axes.set_yticks(range(len(names)), [short_key(name) for name in names])
    axes.tick_params(axis="y", labelsize=style.TEXT, colors=style.INK, length=0)
    axes.set_ylim(len(names) - 0.5, -0.5)
    top = 0.42 / height + _ROW * len(names) / height + 0.02
    figure.text(left, top, "range (grey), box (blue), 5 to 95 % of the limit over resamples (orange)", size=style.SMALL, color=style.MUTED)
    figure.text(0.716, top, "share of resamples with it, quasi-p", size=style.SMALL, color=style.MUTED)
    return figure


def _side(row: pd.Series) -> str:
    return {LOW: "lower limit", ONLY: "these choices"}.get(row["side"], "upper limit")


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def _range(axes: Axes, row: int, part: pd.DataFrame) -> None:
    low, high = float(part["range_low"].iloc[0]), float(part["range_high"].iloc[0])
    place = {side: float(value) for side, value in zip(part["side"], part["value"], strict=True)}
    start, end = place.get(LOW, low), place.get("high", high)

    def at(value: float) -> float:
        return (value - low) / (high - low)

    axes.barh(row, 1.0, 0.16, color=style.GRID, linewidth=0)
    axes.barh(row, at(end) - at(start), 0.42, left=at(start), color=style.BLUE, alpha=0.85, linewidth=0)
    for _, one in part.iterrows():
        if np.isfinite(one["value_low"]):
            axes.hlines(row + 0.31, at(one["value_low"]), at(one["value_high"]), color=style.ORANGE, linewidth=2.2)
            axes.plot([at(one["value_low"]), at(one["value_high"])], [row + 0.31] * 2, "|", color=style.ORANGE, markersize=5)
    for value, side, edge in ((start, "right", low), (end, "left", high)):
        bound = value == edge
        text = style.short(value)
        inside = at(end) - at(start) > 0.25
        ends = ("left" if side == "right" else "right") if inside else side
        shift = (0.008 if ends == "left" else -0.008)
        axes.text(at(value) + shift, row, text, size=style.SMALL, color="white" if inside else style.INK, ha=ends, va="center",
                  weight="normal" if bound else "bold")  # fmt: skip


def _choices(axes: Axes, row: int, part: pd.DataFrame) -> None:
    every, kept = str(part["all_choices"].iloc[0]).split(), str(part["choices"].iloc[0]).split()
    for at, name in enumerate(every):
        chosen = name in kept
        axes.barh(row, 0.98 / len(every), 0.42, left=at / len(every) + 0.01 / len(every), color=style.BLUE if chosen else style.GRID, alpha=0.85 if chosen else 1.0, linewidth=0)
        label = textwrap.shorten(write(name), max(int(88 / len(every)), 4), placeholder="...")
        axes.text((at + 0.5) / len(every), row, label, size=style.SMALL, color="white" if chosen else style.MUTED, ha="center", va="center")


def draw_path(title: str, footer: str, spots: pd.DataFrame, ours: Merit, base: float, unseen: Sequence[Merit]) -> Figure:
    """Draw coverage against density of all boxes of the path, coloured by the number of limits; the box taken has a ring."""
    figure = style.new_figure(title, "Each point a box: right, more of the cases lie in it; up, more of its points are cases", footer, 5.2)
    axes = figure.add_axes((0.06, 0.135, 0.80, 0.70))
    style.plain(axes, "", "density, share of the box that are cases")
    axes.grid(axis="x", color=style.GRID, linewidth=0.7)
    axes.set_xlabel("coverage, share of the cases in the box", size=style.SMALL, color=style.MUTED)
    most = max(int(spots["limits"].max()), 1)
    colours = ListedColormap(style.HEAT(np.linspace(0.12, 1.0, most + 1)))
    if unseen:
        axes.plot([m.coverage for m in unseen], [m.density for m in unseen], "x", color=style.MUTED, markersize=4.5, markeredgewidth=0.9, label="boxes of resamples, on points not drawn")
    axes.axhline(base, color=style.VERMILLION, linewidth=1.0, linestyle=(0, (4, 2)), label="density of all points")
    axes.plot(spots["coverage"], spots["density"], color=style.FAINT, linewidth=0.8, zorder=1)
    dots = axes.scatter(spots["coverage"], spots["density"], c=spots["limits"], cmap=colours, vmin=-0.5, vmax=most + 0.5, s=30, zorder=3, edgecolors=style.INK, linewidths=0.4)
    axes.plot([ours.coverage], [ours.density], "o", markersize=10, markerfacecolor="none", markeredgecolor=style.BLUE, markeredgewidth=2.0, label="box taken, limits that do not matter dropped", zorder=4)
    axes.set_xlim(-0.03, 1.05)
    axes.set_ylim(0.0, 1.06)
    style.key(axes)
    side = figure.add_axes((0.90, 0.135, 0.018, 0.70))
    scale = figure.colorbar(dots, cax=side)
    step = max(1, (most + 1) // 8)
    scale.set_ticks(list(range(0, most + 1, step)))
    scale.set_label("limits of the box", size=style.SMALL, color=style.MUTED)
    scale.outline.set_visible(False)
    side.tick_params(labelsize=style.SMALL, colors=style.MUTED, length=0)
    return figure
