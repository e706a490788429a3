"""Figures of a comparison: paired differences of outcomes with intervals, and over time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray
from scipy.stats import t as student

from experiments.compare import CONFIDENCE, SERIES, Comparison, Difference
from experiments.figures import style

FloatArray = NDArray[np.float64]
#: Outcomes that are shown first, where they are there.
FIRST: tuple[str, ...] = (
    "stability", "attacks", "deaths", "civilians_killed", "returns", "coerced_returns", "returns_voluntary", "returns_fear",
    "returns_deportation", "displaced", "flights", "departures", "normalised_hostility", "ruptures", "escalations", "collapses",
)  # fmt: skip
#: Rows of the figure, arms in one figure, and days of a sum.
ROWS, ARMS, WINDOW = 18, 4, 28
#: Series that are counts of a day, and are shown as sums over 28 days; the others are levels.
_FLOWS = ("attacks", "deaths", "returns", "flights")
_TITLES: Mapping[str, str] = MappingProxyType({
    "attacks": "Attacks in 28 days", "deaths": "Deaths in 28 days", "returns": "Returns in 28 days", "flights": "Flights in 28 days",
    "displaced": "Displaced people", "stability": "Stability",
})  # fmt: skip


@dataclass(frozen=True)
class About:
    """What every figure of a comparison prints: pairs, seed, config hash, and the first day."""

    pairs: int
    seed: int
    config_hash: str
    start: np.datetime64

    def caption(self, interval: str) -> str:
        """Return the footer."""
        return f"n = {self.pairs:,} pairs; {interval}; seed {self.seed}, replicates 0 to {self.pairs - 1}, the same luck in all arms; config {self.config_hash[:12]}"


def draw(result: Comparison, about: About, folder: Path) -> list[Path]:
    """Draw the figures of a comparison into ``folder``, which must exist; a set of figures for each four arms."""
    arms = result.arms[1:]
    written: list[Path] = []
    for number, first in enumerate(range(0, len(arms), ARMS)):
        some, mark = arms[first : first + ARMS], f"_{number + 1}" if number else ""
        if rows := chosen(result, some):
            written.append(style.save(draw_differences(result, some, rows, about), folder / f"differences{mark}.png"))
        written.append(style.save(draw_series(result, some, about), folder / f"series{mark}.png"))
    return written


def chosen(result: Comparison, arms: Sequence[str]) -> list[str]:
    """Return the outcomes to show: those that differ in some arm, the main ones first, then the clearest differences."""
    clear: dict[str, float] = {}
    for arm in arms:
        for one in result.differences[arm]:
            if one.mean or one.spread:
                half = (one.high - one.low) / 2.0
                clear[one.outcome] = max(clear.get(one.outcome, 0.0), abs(one.mean) / half if half > 0.0 else math.inf)
    first = [name for name in FIRST if name in clear]
    others = sorted((name for name in clear if name not in first), key=lambda name: (-clear[name], name))
    return [*first, *others][:ROWS]


def effect(one: Difference) -> tuple[float, float, float] | None:
    """Return a difference and its interval in standard deviations of a run with luck of its own; nothing without any."""
    unit = one.apart / math.sqrt(2.0)
    return (one.mean / unit, one.low / unit, one.high / unit) if unit > 0.0 else None


def draw_differences(result: Comparison, arms: Sequence[str], rows: Sequence[str], about: About) -> Figure:
    """Draw the paired differences: a row an outcome, a dot with its interval an arm, and the numbers beside it."""
    step = 0.24 * max(1.0, 0.62 * len(arms))
    height = 1.75 + step * len(rows)
    title = f"Difference to {result.arms[0]}" if len(result.arms[0]) < 70 else "Difference to the first arm"
    subtitle = "In standard deviations of a run with luck of its own; between -1 and 1 the axis is linear, beyond it logarithmic"
    figure = style.new_figure(title, subtitle, about.caption("95 % interval of the mean paired difference (Student's t)"), height)
    axes = figure.add_axes((0.175, 0.68 / height, 0.45, (height - 1.65) / height))
    table = {arm: {one.outcome: one for one in result.differences[arm]} for arm in arms}
    for place, name in enumerate(rows):
        for index, arm in enumerate(arms):
            one = table[arm].get(name)
            if one is None:
                continue
            at, colour = place + (index - (len(arms) - 1) / 2.0) * 0.72 / len(arms), style.CYCLE[index]
            found = effect(one)
            if found is None:
                axes.text(0.0, at, "  the same in every pair: luck has no part in it", size=style.SMALL, color=colour, va="center")
            else:
                axes.plot(found[1:], [at, at], color=colour, linewidth=2.2, alpha=0.6, solid_capstyle="butt")
                axes.plot([found[0]], [at], "o", color=colour, markersize=4.5)
            said = f"{style.short(one.first)}", f"{_signed(one.mean)}", f"{_signed(one.low)} to {_signed(one.high)}"
            for text, x in zip(said, (0.72, 0.80, 0.975), strict=True):
                figure.text(x, _y(axes, at, len(rows)), text, size=style.SMALL, color=style.INK, ha="right", va="center")
    style.plain(axes)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [name.replace("_", " ") for name in rows])
    axes.grid(axis="x", color=style.GRID, linewidth=0.7)
    axes.axvline(0.0, color=style.MUTED, linewidth=0.9)
    axes.set_xscale("symlog", linthresh=1.0, linscale=1.2)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    low, high = (value * 1.5 if abs(value) > 1.0 else value for value in axes.get_xlim())  # room for a dot at the edge
    axes.set_xlim(low, high)
    ticks = [value for value in (-1000, -100, -10, -1, -0.5, 0, 0.5, 1, 10, 100, 1000) if low <= value <= high]
    axes.set_xticks(ticks)
    axes.minorticks_off()
    top = 1.0 - 0.86 / height
    for text, x in zip(("first arm", "difference", "interval"), (0.72, 0.80, 0.975), strict=True):
        figure.text(x, top, text, size=style.SMALL, weight="bold", color=style.MUTED, ha="right", va="center")
    _legend(figure, arms, "o", 1.0 - 0.6 / height)
    return figure


def _y(axes: Axes, at: float, rows: int) -> float:
    """Return the place of a row as a share of the figure's height."""
    box = axes.get_position()
    return float(box.y1 - (at + 0.5) / rows * box.height)


def _signed(value: float) -> str:
    return ("+" if value > 0.0 else "") + style.short(value)


def _cut(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _legend(figure: Figure, arms: Sequence[str], marker: str, top: float) -> None:
    """Put the arms' names below the subtitle; one arm needs its name as well."""
    handles = [Line2D([], [], color=style.CYCLE[index], marker=marker, markersize=4.5, linewidth=1.8) for index in range(len(arms))]
    figure.legend(
        handles, [_cut(arm) for arm in arms], loc="upper left", bbox_to_anchor=(0.012, top), ncols=min(len(arms), 2), frameon=False,
        fontsize=style.SMALL, labelcolor=style.INK, handletextpad=0.5, columnspacing=1.6, borderpad=0.0, labelspacing=0.25,
    )  # fmt: skip


def paired(result: Comparison, arm: int, series: int, window: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the mean paired difference of a series with its 95 % interval on each day, (days,) each.

    Sums over ``window`` days are taken in each run before the interval, so that it is that of the sum; before
    there are as many days they are NaN.
    """
    pairs = result.series[arm, :, series] - result.series[0, :, series]
    if window > 1:
        sums = np.full(pairs.shape, np.nan)
        if pairs.shape[1] >= window:
            total = np.concatenate([np.zeros((len(pairs), 1)), np.cumsum(pairs, axis=1)], axis=1)
            sums[:, window - 1 :] = total[:, window:] - total[:, :-window]
        pairs = sums
    n = len(pairs)
    mean = pairs.mean(axis=0)
    half = float(student.ppf(0.5 + CONFIDENCE / 2.0, n - 1)) * pairs.std(axis=0, ddof=1) / math.sqrt(n)
    return mean, mean - half, mean + half


def draw_series(result: Comparison, arms: Sequence[str], about: About) -> Figure:
    """Draw the paired difference of each series over time: a band an arm."""
    height = 6.6
    title = f"Difference to {result.arms[0]} over time" if len(result.arms[0]) < 60 else "Difference to the first arm over time"
    caption = about.caption("band: 95 % interval of the mean paired difference on each day (Student's t)")
    figure = style.new_figure(title, "Mean paired difference, and its interval on each day by itself: over many days a band leaves out 0 somewhere by luck alone", caption, height)
    days = result.series.shape[-1]
    dates = about.start + np.arange(days)
    grid = figure.add_gridspec(3, 2, left=0.065, right=0.98, top=1.0 - 1.2 / height, bottom=0.62 / height, hspace=0.42, wspace=0.14)
    for place, name in enumerate(SERIES):
        axes = figure.add_subplot(grid[place // 2, place % 2])
        for index, arm in enumerate(arms):
            window = WINDOW if name in _FLOWS else 1
            mean, low, high = paired(result, result.arms.index(arm), place, window)
            colour = style.CYCLE[index]
            axes.fill_between(dates, low, high, color=colour, alpha=0.25, linewidth=0)
            style.line(axes, dates, mean, _cut(arm), colour)
        style.plain(axes, _TITLES[name])
        axes.axhline(0.0, color=style.MUTED, linewidth=0.9)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: style.short(value)))
        style.date_axis(axes, dates)
    _legend(figure, arms, "", 1.0 - 0.58 / height)
    return figure
