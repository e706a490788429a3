"""The Pareto front of alternatives over several outcomes, and how often each is on it when luck is drawn again."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from agents.errors import InputError
from experiments.analysis.finding import Finding
from experiments.analysis.groups import directed, fit_labels, generator, missing_note, words
from experiments.analysis.study import Study
from experiments.analysis.worlds import Worlds, whole_worlds, worlds_of
from experiments.figures import style

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Directed = Sequence[tuple[str, int]]


def front(goods: FloatArray) -> BoolArray:
    """Return which alternatives no other dominates, (alternatives,).

    Parameters
    ----------
    goods
        Outcomes turned so that more is better, (alternatives, outcomes). One dominates another when it is at least as
        good in all outcomes and better in one; equal ones do not dominate each other. NaN is never on the front.
    """
    known = ~np.isnan(goods).any(axis=1)
    at_least = (goods[:, None, :] >= goods[None, :, :]).all(axis=2)
    better = (goods[:, None, :] > goods[None, :, :]).any(axis=2)
    return np.asarray(known & ~(at_least & better).any(axis=0))


def pareto(
    study: Study, outcomes: Sequence[str] | None = None, *, levers: Sequence[str] | None = None, draws: int = 1000, seed: int = 1
) -> list[Finding]:
    """Find the alternatives that are not worse than another in every outcome, by their means over worlds.

    Parameters
    ----------
    study
        A study with levers that are choices; of any design, best a grid (all meet the same worlds).
    outcomes
        At least two, as ``NAME``, ``NAME:up`` or ``NAME:down``; by default stability (up), attacks, deaths and coerced
        returns (down), those that the study has.
    levers
        Factors that somebody decides; those of the study by default.
    draws, seed
        Bootstrap samples, and their luck: replicates are drawn again, the same for all alternatives under common
        random numbers; of a single replicate, points.

    Returns
    -------
    list
        One finding; its table has a row an alternative.

    Raises
    ------
    InputError
        When there are fewer than two alternatives or outcomes.
    """
    if draws < 100:
        raise InputError(f"draws={draws}: give at least 100")
    chosen = directed(study, outcomes)
    if len(chosen) < 2:
        raise InputError(f"pareto: needs two outcomes, not {chosen[0][0]} alone; give for example outcomes=stability,attacks")
    worlds = worlds_of(study, levers, "pareto")
    values = np.stack([study.values(name) for name, _ in chosen], axis=2)  # (points, replicates, outcomes)
    values[np.isnan(values).any(axis=2)] = math.nan
    lost = missing_note(values[:, :, 0])
    if worlds.crossed:  # means over different worlds are no comparison
        values, gone, count = whole_worlds(study, worlds, values)
        lost += (f"{gone} of {count} worlds are left out for all alternatives: a run of theirs failed or lacks an outcome",) if gone else ()
    signs = np.array([sign for _, sign in chosen], dtype=np.float64)
    means = _means(values, worlds, None)
    on = front(means * signs)
    share = _shares(study, values, worlds, signs, draws, seed)
    table = pd.DataFrame({"alternative": worlds.labels, "on_front": on, "share_on_front": share})
    for at, (name, _) in enumerate(chosen):
        table[name] = means[:, at]
    table["runs"] = [int((~np.isnan(values[mine, :, 0])).sum()) for mine in worlds.points]
    table = table.sort_values(["on_front", "share_on_front"], ascending=False, kind="stable", ignore_index=True)
    notes = (*lost, *_notes(study, worlds, share))

    def draw() -> Figure:
        return _draw(study, worlds, chosen, table, draws)

    ways = ", ".join(f"{words(name)} {'up' if sign > 0 else 'down'}" for name, sign in chosen)
    return [Finding("pareto", f"Pareto front: {ways}", _says(table, chosen), table, notes, draw)]


def _means(values: FloatArray, worlds: Worlds, replicates: NDArray[np.int64] | None) -> FloatArray:
    """Return means of outcomes over the runs of each alternative, (alternatives, outcomes)."""
    picked = values if replicates is None else values[:, replicates]
    out = np.full((len(worlds.labels), values.shape[2]), math.nan)
    for at, mine in enumerate(worlds.points):
        runs = picked[mine].reshape(-1, values.shape[2])
        runs = runs[~np.isnan(runs).any(axis=1)]
        if len(runs):
            out[at] = [math.fsum(col) / len(runs) for col in runs.T.tolist()] if replicates is None else runs.mean(axis=0)
    return out


def _shares(study: Study, values: FloatArray, worlds: Worlds, signs: FloatArray, draws: int, seed: int) -> FloatArray:
    """Return the share of bootstrap samples in which each alternative is on the front; NaN where nothing can be drawn."""
    luck, replicates = generator(seed, "pareto"), study.plan.replicates
    count = np.zeros(len(worlds.labels))
    if replicates > 1:
        for _ in range(draws):
            count += front(_means(values, worlds, luck.integers(0, replicates, replicates)) * signs)
        return count / draws
    sizes = {len(mine) for mine in worlds.points}
    if sizes == {1}:
        return np.full(len(worlds.labels), math.nan)
    for _ in range(draws):
        same = luck.integers(0, len(worlds.points[0]), len(worlds.points[0])) if worlds.crossed else None
        drawn = tuple(mine[same if same is not None else luck.integers(0, len(mine), len(mine))] for mine in worlds.points)
        count += front(_means(values, Worlds(worlds.levers, worlds.labels, drawn, worlds.crossed), np.array([0])) * signs)
    return count / draws


def _notes(study: Study, worlds: Worlds, share: FloatArray) -> tuple[str, ...]:
    notes = list[str]()
    if not worlds.crossed:
        notes.append("alternatives did not meet the same worlds: their means also differ by the other factors; a grid puts that right")
    if np.isnan(share).all():
        notes.append("one run an alternative: how often it is on the front cannot be told; sweep with replicates=10 or more")
    elif study.plan.replicates == 1:
        notes.append("one replicate: points are drawn again, not luck")
    elif study.plan.replicates < 10:
        notes.append(f"{study.plan.replicates} replicates: shares of bootstrap samples are coarse")
    notes.append("means over the worlds of the design: they weigh its points equally, whatever their odds; see regret for the spread")
    return tuple(notes)


def _says(table: pd.DataFrame, chosen: Directed) -> str:
    on, off = table[table["on_front"]], table[~table["on_front"]]
    names = [f"{row['alternative']}" + ("" if math.isnan(row["share_on_front"]) else f" ({100 * row['share_on_front']:.0f} % of samples)") for _, row in on.iterrows()]
    said = f"{len(on)} of {len(table)} alternatives are on the front of {len(chosen)} outcomes: {', '.join(names)}."
    if not len(off):
        return f"{said} None is dominated: each trade-off must be judged."
    close = off[off["share_on_front"] >= 0.05]
    if len(close):
        said += f" Dominated on average, yet on it in some samples: {', '.join(f'{r.alternative} ({100 * r.share_on_front:.0f} %)' for r in close.itertuples())}."
    return said


def _draw(study: Study, worlds: Worlds, chosen: Directed, table: pd.DataFrame, draws: int) -> Figure:
    """Draw outcomes as parallel axes, better at the top, and at the right the share of samples on the front."""
    sampled = table["share_on_front"].notna().any()
    figure = style.new_figure(
        f"Pareto front of {len(chosen)} outcomes, by {' and '.join(worlds.levers)}",
        "Left: means over worlds, better at the top; coloured: on the front, grey and dashed: dominated. Right: share of samples on the front",
        study.caption(int(table["runs"].sum()), f"shares over {draws:,} bootstrap samples" if sampled else ""),
    )
    axes, bars = figure.add_axes((0.055, 0.15, 0.50, 0.66)), figure.add_axes((0.765, 0.15, 0.20, 0.66))
    low, high = np.empty(len(chosen)), np.empty(len(chosen))
    for k, (name, sign) in enumerate(chosen):
        low[k], high[k] = (sign * table[name]).min(), (sign * table[name]).max()
    span = np.where(high > low, high - low, 1.0)
    colours: list[str] = []
    for at, row in table.iloc[::-1].iterrows():
        goods = np.array([sign * row[name] for name, sign in chosen])
        place = np.where(high > low, (goods - low) / span, 0.5)
        colour = style.CYCLE[int(at) % len(style.CYCLE)] if row["on_front"] else "#A9B2B9"
        dashes = ("-", "-.", ":")[int(at) // len(style.CYCLE) % 3] if row["on_front"] else "--"
        axes.plot(range(len(chosen)), place, dashes, marker="o", markersize=4.5, color=colour, linewidth=2.0 if row["on_front"] else 1.1)
        colours.insert(0, colour)
    _outcome_axes(axes, chosen, low, high)
    style.plain(bars, "On the front in" if sampled else "")
    bars.grid(axis="y", visible=False)
    share = table["share_on_front"].fillna(0.0)
    bars.barh(range(len(table)), share, color=colours, height=0.6)
    for at, row in table.iterrows():
        text = f"{100 * row['share_on_front']:.0f} %" if sampled else ("on the front" if row["on_front"] else "dominated")
        bars.text(float(share[at]) + 0.02, at, text, size=style.SMALL, color=style.INK, va="center")
    bars.set_ylim(len(table) - 0.4, -0.6)
    bars.set_xlim(0.0, 1.18)
    bars.set_xticks([])
    bars.set_yticks(range(len(table)), labels=fit_labels(table["alternative"].tolist(), 36))
    for tick, colour in zip(bars.get_yticklabels(), colours, strict=True):
        tick.set_color(colour if colour != "#A9B2B9" else style.MUTED)
    return figure


def _outcome_axes(axes: Axes, chosen: Directed, low: FloatArray, high: FloatArray) -> None:
    """Write each outcome's name below its axis, its best value above and its worst below."""
    style.plain(axes)
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.set_yticks([])
    axes.set_xlim(-0.25, len(chosen) - 0.75)
    axes.set_ylim(-0.12, 1.12)
    axes.set_xticks(range(len(chosen)), labels=[f"{words(name)}\n({'more' if sign > 0 else 'less'} is better)" for name, sign in chosen])
    axes.tick_params(axis="x", length=0, colors=style.INK)
    for k, (_, sign) in enumerate(chosen):
        axes.plot([k, k], [0.0, 1.0], color=style.FAINT, linewidth=1.0, zorder=0)
        if high[k] > low[k]:
            axes.text(k, 1.045, style.short(sign * high[k]), size=style.SMALL, color=style.MUTED, ha="center", va="bottom")
            axes.text(k, -0.045, style.short(sign * low[k]), size=style.SMALL, color=style.MUTED, ha="center", va="top")
        else:
            axes.text(k, 1.045, f"all {style.short(sign * low[k])}", size=style.SMALL, color=style.MUTED, ha="center", va="bottom")
