"""The figure of a phase diagram: two heat maps over the same cells, with marks where runs form two groups."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from experiments.analysis.groups import words
from experiments.analysis.study import Study
from experiments.figures import style

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Verdicts on a cell.
TWO, ONE, FEW, NONE, UNTESTED = "two groups", "one group", "not enough runs", "no run", "not tested"


@dataclass(frozen=True)
class Side:
    """One side of the diagram: its title, the labels of its cells, and the cell of each point, (points,)."""

    title: str
    labels: tuple[str, ...]
    cell: IntArray
    binned: bool


def draw_phase(study: Study, name: str, table: pd.DataFrame, sides: tuple[Side, Side], threshold: float | None, level: float) -> Figure:
    """Draw the mean of each cell at the left and the disagreement of its replicates at the right."""
    how = f"share of runs in the minority at {threshold:g}" if threshold is not None else "sd of replicates / sd of cell means"
    limit = 0.25 if threshold is not None else 0.5
    tested = bool(table["p"].notna().any())
    diamonds = "Diamonds: the runs form two groups" if tested else "No cell is tested for two groups"
    dip = f"; dip test at a false discovery rate of {100 * level:g} %" if tested else ""
    figure = style.new_figure(
        f"{words(name).capitalize()} over {sides[0].title} and {sides[1].title}",
        f"Left: mean of all runs in a cell, hatched where disagreement (right) is {limit:g} or more. {diamonds}",
        study.caption(int(table["n"].sum()), f"no interval; disagreement: {how}{dip}"),
    )
    shape = (len(sides[1].labels), len(sides[0].labels))
    grids = [table[key].to_numpy(dtype=np.float64).reshape(shape) for key in ("mean", "disagreement")]
    verdicts = table["verdict"].to_numpy().reshape(shape)
    for place, grid, title, colours in ((0.11, grids[0], f"Mean {words(name)}", "cividis"), (0.61, grids[1], f"Disagreement: {how}", style.HEAT)):
        axes = figure.add_axes((place, 0.145, 0.33, 0.69))
        left = place < 0.3
        _panel(figure, axes, grid, title, colours, sides, None if left else (0.5 if threshold is not None else max(1.0, float(np.nanmax(grid, initial=0.0)))))
        for (row, col), verdict in np.ndenumerate(verdicts):
            if verdict == NONE:
                axes.plot(col, row, marker="x", color=style.MUTED, markersize=7)
            elif verdict == TWO:
                axes.plot(col, row + 0.28, marker="D", markerfacecolor="white", markeredgecolor=style.BLACK, markersize=6)
            if left and grids[1][row, col] >= limit:
                axes.add_patch(Rectangle((col - 0.5, row - 0.5), 1, 1, fill=False, hatch="////", edgecolor="white", linewidth=0, alpha=0.6))
    return figure


def _panel(figure: Figure, axes: Axes, grid: FloatArray, title: str, colours: object, sides: tuple[Side, Side], top: float | None) -> None:
    """Draw one heat map with its numbers and its scale."""
    style.plain(axes, title)
    axes.grid(False)
    axes.set_facecolor(style.GRID)
    known = grid[~np.isnan(grid)]
    low, high = (0.0, top) if top is not None else (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    image = axes.imshow(np.ma.masked_invalid(grid), origin="lower", aspect="auto", cmap=colours, vmin=low, vmax=high if high > low else low + 1.0)  # type: ignore[arg-type]
    for side, axis in zip(sides, (axes.xaxis, axes.yaxis), strict=True):
        axis.set_ticks(range(len(side.labels)), labels=[textwrap.fill(label, 14) if "\n" not in label else label for label in side.labels])
        axis.set_label_text(side.title, size=style.TEXT, color=style.INK)
    if sum(map(len, sides[0].labels)) > 70 and not sides[0].binned:
        axes.tick_params(axis="x", labelrotation=25)
    if not len(known):
        style.empty(axes, "one replicate, or cells that do not differ:\nnothing to tell")
        return
    if grid.size <= 64:
        for (row, col), value in np.ndenumerate(grid):
            if not math.isnan(value):
                red, green, blue, _ = image.to_rgba(np.array([value]))[0]
                dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
                ground = [withStroke(linewidth=2.5, foreground=(red, green, blue))]  # clears the hatching
                axes.text(col, row - 0.08, style.short(value), size=style.SMALL, ha="center", va="center", color="white" if dark else style.INK, path_effects=ground, zorder=5)
    bar = figure.colorbar(image, cax=axes.inset_axes((1.02, 0.0, 0.025, 1.0)))
    bar.ax.tick_params(labelsize=style.SMALL, colors=style.MUTED, length=2)
    bar.outline.set_visible(False)
