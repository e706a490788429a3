"""Figures of a validation: camps over time in each mode beside the registered counts, and all scores at a glance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from agents.errors import InputError
from experiments.figures import style
from experiments.validation.baselines import BASELINES
from experiments.validation.files import dates
from experiments.validation.suite import HIGH, LOW, ConflictScore, ModeScore, SuiteResult

_Dashes = Literal["-", "--", ":"]
#: Colour, dashes, marker and label of each mode; they differ without colour too.
LOOKS: Mapping[str, tuple[str, _Dashes, str, str]] = MappingProxyType({
    "withheld": (style.BLUE, "-", "o", "capacities withheld"),
    "limits": (style.VERMILLION, "--", "s", "capacities as limits"),
    "attraction": (style.GREEN, ":", "^", "capacities as attraction"),
})
#: Marker of each baseline.
_MARKERS = ("|", "1", "x", "+", "D", "d")
_DATA = 2.2  # width of the line of the registered counts, points


def draw_scores(result: SuiteResult, folder: Path, config_hash: str) -> list[Path]:
    """Draw one figure a conflict and one of all scores into ``folder``, and return their paths.

    Raises
    ------
    InputError
        When the folder cannot be written.
    """
    written: list[Path] = []
    try:
        folder.mkdir(exist_ok=True)
        written.append(style.save(draw_overview(result, config_hash), folder / "scores.png"))
        for row in range(len(result.modes[0].conflicts)):
            scores = [(mode.mode, mode.conflicts[row]) for mode in result.modes]
            name = scores[0][1].conflict.name
            written.append(style.save(draw_camps(scores, _footer(result, config_hash)), folder / f"{name}.png"))
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror or error})") from error
    return written


def _footer(result: SuiteResult, config_hash: str) -> str:
    """Return what every figure says about where it comes from."""
    if result.seeds == 1:
        runs = "n = 1 seed · no interval (a single seed)"
    else:
        runs = f"n = {result.seeds} seeds · bands: {100 * LOW:.0f}-{100 * HIGH:.0f} % of seeds"
    return f"{runs} · rule {result.rule} · config {config_hash[:12]} · suite displacement · ARD (normal) · simulation, not a forecast"


def draw_camps(scores: Sequence[tuple[str, ConflictScore]], footer: str) -> Figure:
    """Draw the camps of one conflict as small multiples, every mode in every panel."""
    first = scores[0][1]
    count = len(first.camps)
    columns = 1 if count == 1 else 2 if count <= 4 else 3 if count <= 9 else 4
    rows = math.ceil(count / columns)
    height = max(style.HEIGHT * 0.62, 1.15 + 1.72 * rows)
    marks = " · ".join(f"{mode} {score.measures['ard_mean'].mean:.3f}" for mode, score in scores)
    figure = style.new_figure(
        f"{first.conflict.name}: people in each camp, simulated against registered",
        f"Each panel has its own scale. Mean ARD over {first.conflict.days:,} days, by what the rule knows of capacities: {marks}.",
        footer,
        height,
    )
    _camp_key(figure, [mode for mode, _ in scores], height, bands=first.seeds > 1)
    top, bottom, left, right = 1.0 - 0.92 / height, 0.42 / height, 0.055, 0.99
    width, step = (right - left) / columns, (top - bottom) / rows
    for index in range(count):
        row, column = divmod(index, columns)
        axes = figure.add_axes((
            left + column * width, top - (row + 1) * step + 0.28 / height, width - 0.045, step - 0.50 / height,
        ))  # fmt: skip
        _camp(axes, scores, index)
        style.date_axis(axes, dates(first), labels=index + columns >= count)
    return figure


def _camp(axes: Axes, scores: Sequence[tuple[str, ConflictScore]], index: int) -> None:
    """Draw one camp: the registered counts, each mode's median and band, and the capacity."""
    first = scores[0][1]
    camp, days = first.camps[index], dates(first)
    style.plain(axes, f"{camp.name} ({camp.country})".replace("_", " "))
    axes.plot(days, first.conflict.counts[:, index], color=style.BLACK, linewidth=_DATA, solid_capstyle="butt", zorder=2.0)
    for order, (mode, score) in enumerate(scores):
        colour, dashes, _, _ = LOOKS[mode]
        low, middle, high = score.counts[:, :, index]
        if score.seeds > 1:
            axes.fill_between(days, low, high, color=colour, alpha=0.25, linewidth=0, zorder=1.5)
        axes.plot(days, middle, color=colour, linestyle=dashes, linewidth=1.5, zorder=3.0 + order)
    top = axes.get_ylim()[1]
    if 0 < camp.capacity <= 1.5 * top:
        axes.axhline(camp.capacity, color=style.MUTED, linewidth=0.8, linestyle=(0, (6, 3)), zorder=1.0)
    style.counts(axes)


def _camp_key(figure: Figure, modes: Sequence[str], height: float, *, bands: bool) -> None:
    """Put one legend for all panels below the subtitle."""
    middle = "median and band" if bands else "one seed"
    lines = [Line2D([], [], color=style.BLACK, linewidth=_DATA, label="registered")]
    lines += [
        Line2D([], [], color=LOOKS[mode][0], linestyle=LOOKS[mode][1], linewidth=1.5, label=f"{LOOKS[mode][3]} ({middle})")
        for mode in modes
    ]
    lines.append(Line2D([], [], color=style.MUTED, linewidth=0.8, linestyle=(0, (6, 3)), label="capacity in the folder"))
    figure.legend(handles=lines, loc="upper left", bbox_to_anchor=(0.018, 1.0 - 0.60 / height), ncols=len(lines),
                  frameon=False, fontsize=style.SMALL, labelcolor=style.INK, handlelength=2.4, columnspacing=1.4,
                  borderpad=0.0, borderaxespad=0.0)  # fmt: skip


def draw_overview(result: SuiteResult, config_hash: str) -> Figure:
    """Draw the mean ARD of every conflict and of their mean: modes with intervals, baselines as grey marks."""
    names = [score.conflict.name for score in result.modes[0].conflicts]
    rows = [*names, "mean"]
    height = 1.75 + 0.62 * len(rows)
    figure = style.new_figure(
        "Camp counts: how far the simulation is from what was registered",
        "Mean ARD (normal) over all days; 0 is perfect. Coloured: what the rule knows of capacities. Grey: baselines without a "
        "model of movement.",
        _footer(result, config_hash),
        height,
    )
    axes = figure.add_axes((0.12, 0.66 / height, 0.86, 1.0 - 1.98 / height))
    style.plain(axes)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=style.GRID, linewidth=0.7)
    places = np.arange(len(rows))[::-1]
    for row, place in enumerate(places):
        lines = result.modes[0].baselines if row == len(names) else result.modes[0].conflicts[row].baselines
        for marker, name in zip(_MARKERS, BASELINES, strict=True):
            axes.plot(lines[name], place - 0.30, linestyle="", marker=marker, color=style.MUTED, markersize=7, fillstyle="none")
    for order, mode in enumerate(result.modes):
        _mode_marks(axes, mode, places + 0.28 - 0.17 * order)
    axes.axhline(0.5, color=style.FAINT, linewidth=0.8)
    axes.set_yticks(places, rows, color=style.INK, fontsize=style.TEXT)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlim(0.0, axes.get_xlim()[1])
    axes.set_xlabel("mean ARD (normal)", size=style.SMALL, color=style.MUTED)
    handles = [
        Line2D([], [], color=LOOKS[mode.mode][0], marker=LOOKS[mode.mode][2], linestyle="", label=LOOKS[mode.mode][3])
        for mode in result.modes
    ]
    handles += [
        Line2D([], [], color=style.MUTED, marker=marker, linestyle="", fillstyle="none",
               label=line.title + (" *" if line.knows_capacities else ""))
        for marker, line in zip(_MARKERS, BASELINES.values(), strict=True)
    ]  # fmt: skip
    figure.legend(handles=handles, title="* knows the capacities", title_fontsize=style.SMALL, alignment="left",
                  loc="upper left", bbox_to_anchor=(0.018, 1.0 - 0.62 / height), ncols=5, frameon=False,
                  fontsize=style.SMALL, labelcolor=style.INK, borderpad=0.0, borderaxespad=0.0)  # fmt: skip
    return figure


def _mode_marks(axes: Axes, mode: ModeScore, places: NDArray[np.floating[Any]]) -> None:
    """Draw one mode's marks with their intervals and numbers."""
    colour, _, marker, _ = LOOKS[mode.mode]
    measures = [*(score.measures["ard_mean"] for score in mode.conflicts), mode.ard_mean]
    for measure, place in zip(measures, places, strict=True):
        if measure.interval is not None:
            axes.plot(measure.interval, [place, place], color=colour, linewidth=1.6)
        axes.plot(measure.mean, place, linestyle="", marker=marker, color=colour, markersize=5.5)
        end = measure.mean if measure.interval is None else max(measure.mean, measure.interval[1])
        axes.annotate(f"{measure.mean:.3f}", (end, place), xytext=(6, 0), textcoords="offset points",
                      size=6.6, color=colour, va="center")  # fmt: skip
