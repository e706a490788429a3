"""Figures of sensitivity analyses: bars with intervals, and the scatter of Morris."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments.figures import style

FloatArray = NDArray[np.float64]

#: More bars than this hide what they should show.
MOST = 24
_PER_CHAR, _ROW = 0.0056, 0.34  # width of a letter of a label as a share of the figure; inches a factor


@dataclass(frozen=True)
class Series:
    """One bar a factor.

    Attributes
    ----------
    label
        In the legend.
    value, low, high
        (factors,); NaN bounds draw no interval.
    colour
        Its colour.
    """

    label: str
    value: FloatArray
    low: FloatArray
    high: FloatArray
    colour: str


@dataclass(frozen=True)
class Mark:
    """A dash on every bar, such as what a factor without effect would get: (factors,), NaN for none."""

    at: FloatArray
    label: str


def shown(values: FloatArray, most: int = MOST) -> NDArray[np.int64]:
    """Return the indices of the largest values by size, largest first, at most ``most``; NaN last."""
    return np.argsort(-np.nan_to_num(np.abs(values), nan=-1.0), kind="stable")[:most]


def draw_bars(
    title: str, subtitle: str, footer: str, labels: Sequence[str], series: Sequence[Series], unit: str, mark: Mark | None = None
) -> Figure:
    """Draw horizontal bars, the first label on top.

    Parameters
    ----------
    unit
        What the horizontal axis shows.
    mark
        A dash on every bar.
    """
    rows = len(labels)
    height = max(2.6, 1.45 + _ROW * rows * (1.0 if len(series) == 1 else 1.25))
    figure = style.new_figure(title, subtitle, footer, height)
    left = min(0.035 + _PER_CHAR * max(map(len, labels)), 0.42)
    axes = figure.add_axes((left, 0.68 / height, 0.965 - left, 1.0 - 1.48 / height))
    draw_rows(axes, labels, series, unit, mark)
    handles = axes.get_legend_handles_labels()[1]
    if handles:
        style.key(axes)
    return figure


def draw_rows(axes: Axes, labels: Sequence[str], series: Sequence[Series], unit: str, mark: Mark | None = None) -> None:
    """Draw horizontal bars with intervals into axes."""
    rows = len(labels)
    across(axes)
    thick = 0.72 / len(series)
    at = np.arange(rows)
    for index, one in enumerate(series):
        y = at + (index - (len(series) - 1) / 2.0) * thick
        axes.barh(y, one.value, thick * 0.9, color=one.colour, alpha=0.85, linewidth=0, label=one.label)
        known = np.isfinite(one.low) & np.isfinite(one.high)
        axes.hlines(y[known], one.low[known], one.high[known], color=style.INK, linewidth=1.0, zorder=3)
        for ends in (one.low, one.high):
            axes.plot(ends[known], y[known], "|", color=style.INK, markersize=3.6 + 5.0 * thick, markeredgewidth=0.9, zorder=3)
    axes.axvline(0.0, color=style.MUTED, linewidth=0.7)
    if mark is not None:
        axes.vlines(mark.at, at - 0.5, at + 0.5, color=style.VERMILLION, linewidth=1.2, linestyle=(0, (3, 1.5)), label=mark.label, zorder=2)
    axes.set_yticks(at, labels)
    axes.tick_params(axis="y", labelsize=style.TEXT, colors=style.INK, length=0)
    axes.set_ylim(rows - 0.45, -0.55)
    axes.set_xlabel(unit, size=style.SMALL, color=style.MUTED, labelpad=3)


def across(axes: Axes) -> None:
    """Give axes the common look with the grid on the horizontal axis."""
    style.plain(axes)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=style.GRID, linewidth=0.7)


def draw_morris(
    title: str, subtitle: str, footer: str, labels: Sequence[str], star: Series, sigma: FloatArray, mark: Mark | None
) -> Figure:
    """Draw mu* with intervals at the left, and mu* against sigma at the right."""
    rows = len(labels)
    height = max(4.0, 1.6 + _ROW * rows)
    figure = style.new_figure(title, subtitle, footer, height)
    left = min(0.035 + _PER_CHAR * max(map(len, labels)), 0.34)
    bottom, tall = 0.68 / height, 1.0 - 1.62 / height
    middle = left + 0.52 * (0.975 - left) - 0.04
    axes = figure.add_axes((left, bottom, middle - left, tall))
    draw_rows(axes, labels, [star], "mu*, mean size of the elementary effects", mark)
    if mark is not None:
        style.key(axes)
    plot = figure.add_axes((middle + 0.075, bottom, 0.975 - middle - 0.075, tall))
    style.plain(plot, "", "sigma, spread of the effects")
    plot.grid(axis="x", color=style.GRID, linewidth=0.7)
    plot.set_xlabel("mu*", size=style.SMALL, color=style.MUTED, labelpad=3)
    right = 1.30 * max(float(np.nanmax(star.value)), 1e-12)
    top = 1.12 * max(float(np.nanmax(sigma)), 0.4 * right)
    plot.set_xlim(-0.02 * right, right)
    plot.set_ylim(-0.05 * top, top)
    plot.plot([0.0, right], [0.0, right], color=style.FAINT, linewidth=1.0)
    end = min(right, top)
    plot.text(0.97 * end, 0.97 * end, "sigma = mu*", size=style.SMALL, color=style.MUTED, ha="right", va="bottom")
    plot.plot(star.value, sigma, "o", color=star.colour, markersize=5.5)
    _name_points(plot, star.value, sigma, labels, right, top)
    return figure


def _name_points(axes: Axes, x: FloatArray, y: FloatArray, labels: Sequence[str], right: float, top: float, most: int = 12) -> None:
    """Write names beside the points that stand apart; a name that would lie on another moves up, with a line to its point."""
    gap, used = 0.042 * top, list[tuple[float, float, float]]()
    apart = (x > 0.25 * np.nanmax(x)) | (y > 0.25 * np.nanmax(y))  # names of the others would lie on each other
    names = [label if len(label) < 30 else f"...{label[-27:]}" for label in labels]
    for index in np.argsort(y, kind="stable"):
        if index not in shown(x, most) or not (apart[index] or len(labels) <= 5):
            continue
        width = 0.0165 * len(names[index]) * right
        turned = x[index] + width > right
        start = x[index] - 0.02 * right - width if turned else x[index] + 0.02 * right
        height = float(y[index])
        while any(abs(height - other) < gap and start < end and begin < start + width for other, begin, end in used):
            height += 0.25 * gap
        used.append((height, start, start + width))
        text = start + (width if turned else 0.0)
        if height - y[index] > 0.5 * gap:
            axes.plot([x[index], text], [y[index], height], color=style.FAINT, linewidth=0.7, zorder=1)
        axes.text(text, height, names[index], size=style.SMALL, color=style.INK, ha="right" if turned else "left", va="center")
