"""A card as HTML: one string, with every text escaped (names come from users' files)."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from experiments.app.card import Card, Row, Said, Section, Spark
from experiments.app.panels.context import Pick

FloatArray = NDArray[np.float64]

#: Size of a sparkline, px, and points drawn at most.
WIDTH, HEIGHT, POINTS = 150, 26, 75
#: Agents: what they said comes first on their cards.
_AGENTS = frozenset({"government", "group", "population", "mediator"})


def card_html(card: Card) -> str:
    """Return a card as HTML; elements with ``data-kind`` and ``data-name`` lead to other cards."""
    head = f'<div class="mi-head"><span class="mi-title">{escape(card.title)}</span> <span class="mi-kind">{escape(card.kind)}</span></div>'
    rows = f'<dl class="mi-rows">{"".join(map(_row, card.rows))}</dl>'
    why = _why(card)
    sparks = f'<div class="mi-sparks">{"".join(map(_spark, card.sparks))}</div>'
    top = why + rows + sparks if card.pick.kind in _AGENTS else rows + sparks + why
    sections = "".join(map(_section, card.sections))
    return f'<div class="mi-card" data-testid="card" data-of="{escape(card.pick.name)}">{head}{top}{sections}</div>'


def link(pick: Pick, text: str) -> str:
    """Return a button that leads to another card."""
    return f'<button type="button" class="mi-link" data-kind="{escape(pick.kind)}" data-name="{escape(pick.name)}">{escape(text)}</button>'


def _row(row: Row) -> str:
    label = link(row.pick, row.label) if row.pick and row.pick.name != row.value else escape(row.label)
    value = link(row.pick, row.value) if row.pick and row.pick.name == row.value else escape(row.value)
    hint = f' title="{escape(row.hint)}"' if row.hint else ""
    return f'<div class="mi-row"{hint}><dt>{label}</dt><dd>{value}</dd></div>'


def _section(section: Section) -> str:
    if not section.rows:
        return f'<div class="mi-section mi-none"><h4>{escape(section.title)}</h4><span>{escape(section.empty)}</span></div>'
    return f'<div class="mi-section"><h4>{escape(section.title)}</h4><dl class="mi-rows">{"".join(map(_row, section.rows))}</dl></div>'


def _why(card: Card) -> str:
    told = "".join(_said(said, several=len(card.why) > 1) for said in card.why) or "<p>No decision yet: the first one comes with the first day.</p>"
    return f'<div class="mi-why" data-testid="why"><h4>{escape(card.why_title)}</h4>{told}</div>'


def _said(said: Said, *, several: bool) -> str:
    who = f"{link(said.who, said.who.name)} " if several else ""
    sentences = "".join(f"<li>{escape(text)}</li>" for text in said.sentences)
    return f'<div class="mi-said"><div class="mi-when">{who}{escape(said.when)}</div><ul>{sentences}</ul></div>'


def _spark(spark: Spark) -> str:
    unit = f' <span class="mi-unit">{escape(spark.unit)}</span>' if spark.unit else ""
    return f'<div class="mi-spark"><span class="mi-label">{escape(spark.label)}{unit}</span>{spark_svg(spark.values)}<span class="mi-last">{escape(spark.last)}</span></div>'


def spark_svg(values: FloatArray) -> str:
    """Draw a series as a small line over the run so far; long series are averaged over equal spans."""
    if not len(values):
        return f'<svg class="mi-line" width="{WIDTH}" height="{HEIGHT}" role="img"><title>no day yet</title></svg>'
    shown = values if len(values) <= POINTS else np.array([part.mean() for part in np.array_split(values, POINTS)])
    low, high = float(values.min()), float(values.max())
    span = high - low or 1.0
    x = np.linspace(2.0, WIDTH - 4.0, len(shown)) if len(shown) > 1 else np.array([WIDTH - 4.0])
    y = HEIGHT - 3.0 - (shown - low) / span * (HEIGHT - 6.0) if high > low else np.full(len(shown), HEIGHT / 2.0)
    points = " ".join(f"{a:.0f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    title = f"<title>{_short(low)} to {_short(high)} over {len(values)} days</title>"
    end = f'<circle cx="{x[-1]:.0f}" cy="{y[-1]:.1f}" r="2.5"></circle>'
    return f'<svg class="mi-line" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{title}<polyline points="{points}"></polyline>{end}</svg>'


def _short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 10 or number == round(number) else f"{number:.2f}"
