"""What the actors look like over time: fighters, legitimacy, tension, economy, standing and the levers pulled."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures import style
from experiments.figures.run import FloatArray, Run, pretty
from experiments.geography import short_place

_MEASURES = (
    ("legitimacy", "Legitimacy of governments", "0 to 1"),
    ("tension", "Host tension", "0 to 1"),
    ("economy", "Economy", "index"),
    ("standing", "International standing", "0 to 1"),
)
_SLOTS = 30  # rows of the heat strip that can be read


def draw_actors(run: Run) -> Figure:
    """Draw fighters and the governments' states at the left, levers at the right."""
    figure = style.new_figure(
        f"{run.stamp.title}: the actors and what they did",
        "Groups (dashed: fighters deployed, the rest in sanctuary) and governments (left); "
        "levers as granted (right; only those pulled in this run)",
        run.stamp.footer(),
        7.0,
    )
    top, bottom, left, width = 0.87, 0.065, 0.062, 0.355
    fighters = [("fighters", "", "")] if run.actors("group") else []
    rows = [*fighters, *(one for one in _MEASURES if _moves(run, one[0]))]
    unit = (top - bottom) / (len(rows) + 0.6)  # fighters get a little more room
    y = top
    for variable, title, measure in rows:
        height = unit * (1.6 if variable == "fighters" else 1.0)
        axes = figure.add_axes((left, y - height + 0.016, width, height - 0.062))
        y -= height
        if variable == "fighters":
            _fighters(run, axes)
        else:
            _governments(run, axes, variable, title, measure)
        style.key(axes, columns=4)
        style.date_axis(axes, run.dates, labels=variable in (rows[0][0], rows[-1][0]))
        axes.yaxis.set_label_coords(-0.115, 0.5)
    _levers(run, figure, (0.655, bottom + 0.0, 0.33, top - bottom - 0.005))
    return figure


def _moves(run: Run, variable: str) -> bool:
    return any(run.has("government", name, variable) for name in run.actors("government"))


def _fighters(run: Run, axes: Axes) -> None:
    style.plain(axes, "Fighters", "fighters")
    for at, group in enumerate(run.actors("group")):
        colour = style.CYCLE[at % len(style.CYCLE)]
        style.line(axes, run.dates, run.get("group", group, "fighters"), run.name(group), colour, linewidth=1.6)
        if run.has("group", group, "deployed"):
            deployed = run.get("group", group, "deployed")
            style.line(axes, run.dates, deployed, "" if at else "deployed", colour, linestyle="--")
    style.counts(axes, ticks=4)


def _governments(run: Run, axes: Axes, variable: str, title: str, unit: str) -> None:
    style.plain(axes, title, unit)
    for at, government in enumerate(run.actors("government")):
        if run.has("government", government, variable):
            values = run.get("government", government, variable)
            width = 2.1 if at == 0 else 1.2  # lines that coincide are both seen
            style.line(
                axes, run.dates, values, run.name(government), style.CYCLE[at % len(style.CYCLE)], linewidth=width
            )
    style.levels(axes)


def _levers(run: Run, figure: Figure, box: tuple[float, float, float, float]) -> None:
    """Draw a heat strip a slot: blue as hard as it is pulled, vermillion where a level is negative."""
    rows: list[tuple[str, str, FloatArray]] = []
    for government in run.actors("government"):
        for variable in run.variables("government", government):
            values = run.get("government", government, variable)
            if variable.startswith("lever/") and np.nanmax(np.abs(values), initial=0.0) > 1e-6:
                rows.append((government, variable.removeprefix("lever/"), values))
    axes = figure.add_axes(box)
    if not rows:
        style.empty(axes, "No lever was pulled in this run")
        axes.set_xticks([])
        return
    dropped = max(0, len(rows) - _SLOTS)
    if dropped:  # keep those pulled longest and hardest, in their order
        keep = sorted(sorted(range(len(rows)), key=lambda at: -float(np.nansum(np.abs(rows[at][2]))))[:_SLOTS])
        rows = [rows[at] for at in keep]
    matrix = np.array([_weekly(run, values) for _, _, values in rows])
    first, last = style.number(run.dates[0]), style.number(run.dates[-1])
    image = axes.imshow(
        matrix, aspect="auto", cmap=style.SIGNED, vmin=-1.0, vmax=1.0, interpolation="nearest",
        extent=(first, last, len(rows) - 0.5, -0.5),
    )  # fmt: skip
    style.date_axis(axes, run.dates)
    _rows(run, axes, [(government, slot) for government, slot, _ in rows])
    scale = figure.add_axes((box[0] + 0.6 * box[2], box[1] + box[3] + 0.028, 0.4 * box[2], 0.011))
    bar = figure.colorbar(image, cax=scale, orientation="horizontal", ticks=[-1, 0, 1])
    bar.ax.tick_params(labelsize=style.SMALL, colors=style.MUTED, length=0, pad=1)
    bar.outline.set_visible(False)
    title = "Levers, level granted" + (f" ({dropped} weaker slots not shown)" if dropped else "")
    figure.text(box[0] - 0.205, box[1] + box[3] + 0.028, title, size=style.PANEL, weight="bold", color=style.INK)


def _weekly(run: Run, values: FloatArray) -> FloatArray:
    """Return the level of each week that is furthest from zero, so that a closure of a day is still seen."""
    width = run.bin_days
    padded = np.nan_to_num(np.pad(values, (0, -len(values) % width), mode="edge")).reshape(-1, width)
    furthest = np.abs(padded).argmax(axis=1)
    return np.asarray(padded[np.arange(len(padded)), furthest], dtype=float)


def _rows(run: Run, axes: Axes, slots: list[tuple[str, str]]) -> None:
    """Name the rows, with a line and the government's name where the next government begins."""
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    size = 7.0 if len(slots) <= 24 else 6.2
    axes.set_yticks(range(len(slots)), [_slot(run, slot) for _, slot in slots])
    axes.tick_params(axis="both", labelsize=size, colors=style.INK, length=0)
    for at in range(1, len(slots)):
        axes.axhline(at - 0.5, color="white", linewidth=1.2)
    governments = list(dict.fromkeys(government for government, _ in slots))
    for government in governments:
        own = [row for row, (name, _) in enumerate(slots) if name == government]
        axes.axhline(own[0] - 0.5, color=style.MUTED, linewidth=1.0)
        axes.text(
            -0.62, (own[0] + own[-1]) / 2, run.name(government), transform=axes.get_yaxis_transform(), size=style.TEXT,
            weight="bold", color=style.INK, rotation=90, va="center", ha="center",
        )  # fmt: skip


def _slot(run: Run, slot: str) -> str:
    lever, _, target = slot.partition("/")
    words = {"close_people": "closed to people", "close_trade": "closed to trade", "transit": "transit limits"}
    shown = words.get(lever, pretty(lever).lower())
    if not target:
        return shown.capitalize()
    if lever.startswith("close_"):
        return f"{short_place(target)}, {shown}"
    return f"{shown.capitalize()}: {run.name(target) if target in run.countries else target}"
