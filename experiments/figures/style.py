"""The common look of the figures: colours, axes, titles, the footer, and how a figure is written.

Only matplotlib's object interface is used (no ``pyplot``, no ``rcParams``), so that drawing a figure
changes nothing for the caller and leaves no figure open. Colours are those of Okabe and Ito (2008),
"Color Universal Design", which readers with a colour vision deficiency can tell apart.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator, ScalarFormatter
from matplotlib.transforms import offset_copy
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
DateArray = NDArray[np.datetime64]

WIDTH, HEIGHT, DPI = 10.8, 6.4, 150  # inches, inches, dots an inch: 1620 x 960 pixels

BLUE, ORANGE, GREEN, VERMILLION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, YELLOW, BLACK = "#56B4E9", "#CC79A7", "#F0E442", "#1A1A1A"
INK, MUTED, FAINT, GRID = "#1F2933", "#5A6672", "#C9D0D6", "#E6EAED"
#: Colours of several series, in the order in which they are used.
CYCLE = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW, "#8C8C8C")

TITLE, SUBTITLE, PANEL, TEXT, SMALL = 14.0, 9.0, 8.8, 8.0, 7.2  # font sizes, points

#: From pale to dark, even in lightness, without red against green.
HEAT = LinearSegmentedColormap.from_list("heat", ["#FFF7D6", "#F9C74F", "#E8590C", "#7A1712"])
#: Negative levels in vermillion, none in white, positive levels in blue.
SIGNED = LinearSegmentedColormap.from_list("signed", ["#A63603", "#FDBE85", "#F7F8F9", "#7FB8DC", "#08457E"])
#: Share of days closed, from open (white) to closed (dark blue).
SHUT = LinearSegmentedColormap.from_list("shut", ["#FFFFFF", "#7FB8DC", "#08306B"])


def new_figure(title: str, subtitle: str, footer: str, height: float = HEIGHT) -> Figure:
    """Return a blank figure with its title, its subtitle and its footer."""
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    top = 1.0 - 0.13 / height
    head = figure.text(0.018, top, title, size=TITLE, weight="bold", color=INK, va="top")
    _fit(head, least=10.5, lines=2)
    under = 0.30 if "\n" not in head.get_text() else 0.10 + 2.4 * float(head.get_fontsize()) / 72.0  # inches from the title's top
    below = figure.text(0.018, top - under / height, subtitle, size=SUBTITLE, color=MUTED, va="top")
    _fit(below, least=7.0, lines=2)
    figure.text(0.018, 0.09 / height, textwrap.fill(footer, 215), size=6.4, color=MUTED, va="bottom")
    return figure


def _fit(text: Text, least: float, lines: int) -> None:
    """Make a text as wide as its figure: smaller down to ``least`` points, then on more lines, then smaller again.

    A text that has lines of its own is made smaller and never broken.
    """
    figure = text.get_figure(root=True)
    assert figure is not None
    room = (1.0 - 2.0 * 0.018) * figure.bbox.width
    whole, size = text.get_text(), float(text.get_fontsize())
    while (wide := text.get_window_extent().width) > room and size > 5.0:
        if size - 0.25 >= least or "\n" in whole:
            size -= 0.25
            text.set_fontsize(size)
            continue
        # Broken so that no line is longer than the text's share of the room; words too long for a line are cut.
        broken = textwrap.wrap(whole, max(1, int(0.97 * len(whole) * room / wide)), break_on_hyphens=False)
        if len(broken) <= lines:
            text.set_text("\n".join(broken))
            if text.get_window_extent().width <= room:
                return
            text.set_text(whole)
        size -= 0.25
        text.set_fontsize(size)


def save(figure: Figure, path: Path) -> Path:
    """Write a figure of :func:`new_figure` as a PNG whose own text fields hold its title and its footer."""
    title, footer = (figure.texts[at].get_text().replace("\n", " ") for at in (0, 2))
    figure.savefig(path, dpi=DPI, metadata={"Title": title, "Description": footer, "Software": "Marchland"})
    figure.clear()
    return path


def plain(axes: Axes, title: str = "", unit: str = "") -> None:
    """Give ``axes`` the common look: a bold title at the left, its unit behind it, a quiet grid."""
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)
    axes.grid(axis="y", color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=SMALL, colors=MUTED, length=2.5, width=0.6, pad=2)
    if title:
        axes.text(0.0, 1.0, title, transform=axes.transAxes, size=PANEL, weight="bold", color=INK, va="bottom")
    if unit:
        axes.set_ylabel(unit, size=SMALL, color=MUTED, labelpad=4)


def counts(axes: Axes, ticks: int = 3) -> None:
    """Write the numbers of the vertical axis as 1,200, 45k, 3.1M, from zero up."""
    top = axes.get_ylim()[1]
    axes.set_ylim(0.0, 1.04 * top if top > 1e-9 else 1.0)  # room between the data and the panel's title
    axes.yaxis.set_major_locator(MaxNLocator(ticks))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))


def levels(axes: Axes, ticks: int = 3, least: float = 0.02) -> None:
    """Write the vertical axis of a level in full (no offset), never closer than ``least`` from bottom to top."""
    axes.margins(y=0.12)
    low, high = axes.get_ylim()
    if high - low < least:
        middle = (low + high) / 2.0
        axes.set_ylim(middle - least / 2.0, middle + least / 2.0)
    axes.yaxis.set_major_locator(MaxNLocator(ticks))
    axes.yaxis.set_major_formatter(ScalarFormatter(useOffset=False))


def short(value: float) -> str:
    """Return a number as people read it: ``0.25``, ``12``, ``1,200``, ``45k``, ``3.1M``."""
    size = abs(value)
    for limit, unit in ((1e9, "bn"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            scaled = value / (1e3 if unit == "k" else limit)
            return f"{scaled:.1f}".rstrip("0").rstrip(".") + unit
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def date_axis(axes: Axes, dates: DateArray, labels: bool = True) -> None:
    """Set the span of the horizontal axis and write its dates as short as they can be."""
    axes.set_xlim(dates[0], max(dates[-1], dates[0] + np.timedelta64(1, "D")))
    locator = AutoDateLocator(minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))  # type: ignore[no-untyped-call]
    axes.tick_params(axis="x", labelbottom=labels)


def number(date: np.datetime64) -> float:
    """Return a date as the number that matplotlib's date axes use: days since 1970-01-01."""
    return float(date.astype("datetime64[D]").astype(np.int64))


def key(axes: Axes, columns: int = 6) -> None:
    """Put the legend above the axes at the right, on the line of the panel's title."""
    if axes.get_legend_handles_labels()[1]:
        axes.legend(
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            ncols=columns,
            frameon=False,
            fontsize=SMALL,
            labelcolor=INK,
            handlelength=1.2,
            handletextpad=0.4,
            columnspacing=1.0,
            borderpad=0.0,
            borderaxespad=0.1,
        )


def stack(axes: Axes, dates: DateArray, layers: Sequence[tuple[str, FloatArray, str]], step: bool = False) -> None:
    """Draw ``(label, values, colour)`` layers on top of each other."""
    if step and len(dates) > 1:  # the last step needs an end
        dates = np.append(dates, dates[-1] + (dates[-1] - dates[-2]))
        layers = [(label, np.append(values, values[-1:]), colour) for label, values, colour in layers]
    base = np.zeros(len(dates))
    for label, values, colour in layers:
        top = base + np.nan_to_num(values)
        axes.fill_between(
            dates,
            base,
            top,
            color=colour,
            linewidth=0,
            alpha=0.85,
            label=label,
            step="post" if step else None,
        )
        base = top


def line(axes: Axes, dates: DateArray, values: FloatArray, label: str, colour: str, **style: object) -> None:
    """Draw one line of the common width; ``style`` may name ``linestyle``, ``linewidth`` and ``step``."""
    dashes = str(style.get("linestyle", "-"))
    width = float(str(style.get("linewidth", 1.4)))
    steps = "steps-post" if style.get("step") else "default"
    axes.plot(dates, values, color=colour, label=label, linestyle=dashes, linewidth=width, drawstyle=steps)


def empty(axes: Axes, text: str) -> None:
    """Say in the middle of ``axes`` why there is nothing to see."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, size=TEXT, color=MUTED, ha="center", va="center")
    axes.set_yticks([])


def wide_key(axes: Axes, columns: int, rows: int = 1) -> None:
    """Put a legend too wide for the title's line between the title and the axes, so that it hides no data."""
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, frameon=False, fontsize=SMALL,
                    labelcolor=INK, handlelength=1.2, handletextpad=0.4, columnspacing=1.2, labelspacing=0.3,
                    borderpad=0.0, borderaxespad=0.2)  # fmt: skip
        for title in axes.texts[:1]:
            title.set_transform(
                offset_copy(axes.transAxes, axes.get_figure(root=True), y=1.45 * SMALL * rows, units="points")
            )
