"""Camps of a conflict folder over time, simulated and counted, a panel each."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.figures import style
from experiments.figures.run import IntArray, Run
from sim.outcomes import relative_difference

_MOST = 24  # panels; further camps are left to camps.parquet
_COUNTED = 2.2  # width of the line of the counts, points
_DASHED = (0, (6, 3))


def draw_camps(run: Run) -> Figure | None:
    """Draw the camps as small multiples, those with most people first, or None when nobody counted in camps."""
    if run.camps is None or not run.camps.names or run.conflict is None:
        return None
    simulated, counted = run.camps.simulated, run.camps.counted
    shown = np.argsort(-np.maximum(simulated, counted).max(axis=0), kind="stable")[:_MOST].tolist()
    count = len(shown)
    columns = 1 if count == 1 else 2 if count <= 4 else 3 if count <= 9 else 4
    rows = math.ceil(count / columns)
    height = max(style.HEIGHT * 0.62, 1.15 + 1.72 * rows)
    daily = relative_difference(simulated, counted)
    left_out = f" The {count} largest of {len(run.camps.names)} camps." if count < len(run.camps.names) else ""
    figure = style.new_figure(
        f"{run.stamp.title}: people in each camp, simulated and counted",
        f"Each panel has its own scale. Average relative difference {daily.mean():.3f} over all days, {daily[-1]:.3f} on the last "
        f"day (0 = every camp right).{left_out}",
        run.stamp.footer(),
        height,
    )
    capacities = _capacities(run)
    limited = [k for k in shown if _is_in_view(capacities[k], max(simulated[:, k].max(), counted[:, k].max()))]
    _key(figure, height, bool(limited))
    top, bottom, left, right = 1.0 - 0.98 / height, 0.42 / height, 0.055, 1.03
    width, step = (right - left) / columns, (top - bottom) / rows
    for panel, camp in enumerate(shown):
        row, column = divmod(panel, columns)
        axes = figure.add_axes((
            left + column * width, top - (row + 1) * step + 0.28 / height, width - 0.045, step - 0.50 / height,
        ))  # fmt: skip
        _camp(axes, run, camp, capacities[camp] if camp in limited else 0.0)
        style.date_axis(axes, run.dates, labels=panel + columns >= count)
    return figure


def _capacities(run: Run) -> list[float]:
    """Return the capacity of each camp in the folder, times the scale of people; 0 where it gives none."""
    assert run.conflict is not None and run.camps is not None
    known = {place.name: place.capacity for place in run.conflict.places}
    return [known.get(name, 0) * run.stamp.people_scale for name in run.camps.names]


def _is_in_view(capacity: float, top: float) -> bool:
    """Whether the line of a capacity would leave room for the curves."""
    return bool(0.0 < capacity <= 1.5 * top)


def _camp(axes: Axes, run: Run, camp: int, capacity: float) -> None:
    assert run.camps is not None
    name = run.camps.names[camp]
    title, country = run.show(name), run.country_of(name)
    style.plain(axes, f"{title} ({country})" if country not in ("", title) else title)
    values: tuple[IntArray, IntArray] = (run.camps.counted[:, camp], run.camps.simulated[:, camp])
    axes.plot(run.dates, values[0], color=style.BLACK, linewidth=_COUNTED, solid_capstyle="butt", zorder=2.0)
    axes.plot(run.dates, values[1], color=style.BLUE, linewidth=1.5, zorder=3.0)
    if capacity:
        axes.axhline(capacity, color=style.MUTED, linewidth=0.8, linestyle=_DASHED, zorder=1.0)
    style.counts(axes)


def _key(figure: Figure, height: float, capacity: bool) -> None:
    """Put one legend for all panels below the subtitle."""
    lines = [
        Line2D([], [], color=style.BLUE, linewidth=1.5, label="simulated (one run)"),
        Line2D([], [], color=style.BLACK, linewidth=_COUNTED, label="counted (the folder's data, interpolated)"),
    ]
    if capacity:
        lines.append(Line2D([], [], color=style.MUTED, linewidth=0.8, linestyle=_DASHED, label="capacity in the folder"))
    figure.legend(handles=lines, loc="upper left", bbox_to_anchor=(0.018, 1.0 - 0.62 / height), ncols=len(lines),
                  frameon=False, fontsize=style.SMALL, labelcolor=style.INK, handlelength=2.4, columnspacing=1.4,
                  borderpad=0.0, borderaxespad=0.0)  # fmt: skip
