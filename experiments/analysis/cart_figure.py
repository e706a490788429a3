"""The figure of a classification tree: from left to right, a leaf a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures import style

_ROW = 0.42  # inches a leaf
_LETTER = 0.052  # inches a letter


class Tree(Protocol):
    """What is drawn of a node: points and cases in it, and its branches."""

    @property
    def points(self) -> int:
        """Points in it."""

    @property
    def cases(self) -> int:
        """Cases among them."""

    @property
    def branches(self) -> tuple[tuple[str, Tree], ...]:
        """Text and node of the two sides, or nothing."""


def draw_tree(title: str, subtitle: str, footer: str, root: Tree) -> Figure:
    """Draw a tree: a dot a node, as large as its share of the points and as dark as its share of cases."""
    count, deep = len(list(_leaves(root))), _depth(root)
    height = max(2.9, 1.35 + _ROW * count)
    figure = style.new_figure(title, subtitle, footer, height)
    axes = figure.add_axes((0.02, 0.36 / height, 0.96, 1.0 - 1.20 / height))
    axes.set_axis_off()
    axes.set_xlim(-0.15, deep + 0.17 * (deep + 0.15) / 0.83)  # 17 % of the width for the numbers of leaves
    axes.set_ylim(count - 0.4, -0.6)
    places = iter(range(count))
    letters = int(0.83 * 0.96 * style.WIDTH / (deep + 0.15) * 0.78 / _LETTER)
    _draw(axes, root, 0, deep, root, places, letters)
    top = 1.0 - 0.80 / height
    figure.text(0.97, top, "cases of points, density, coverage", size=style.SMALL, color=style.MUTED, ha="right")
    figure.text(0.025, top, "dark: most points are cases; large: many points", size=style.SMALL, color=style.MUTED)
    return figure


def shortened(text: str, letters: int) -> str:
    """Return a text without its beginning when it has too many letters: the end of a key tells more."""
    return text if len(text) <= letters else f"...{text[3 - letters:]}"


def _leaves(node: Tree) -> Iterator[Tree]:
    if not node.branches:
        yield node
    for _, child in node.branches:
        yield from _leaves(child)


def _depth(node: Tree) -> int:
    return 1 + max(_depth(child) for _, child in node.branches) if node.branches else 0


def _draw(axes: Axes, node: Tree, level: int, deep: int, root: Tree, places: Iterator[int], letters: int) -> float:
    """Draw a node with what is behind it, and return its height."""
    heights = [(text, _draw(axes, child, level + 1, deep, root, places, letters)) for text, child in node.branches]
    y = sum(height for _, height in heights) / len(heights) if heights else float(next(places))
    share = node.cases / node.points
    for text, height in heights:
        axes.plot([level, level + 0.10, level + 1.0], [y, height, height], color=style.FAINT, linewidth=1.1, zorder=1)
        axes.text(level + 0.13, height - 0.07, shortened(text, letters), size=style.SMALL, color=style.INK, ha="left", va="bottom")
    size = 50.0 + 420.0 * node.points / root.points
    axes.scatter([level], [y], s=size, color=style.HEAT(0.05 + 0.90 * share), edgecolors=style.INK, linewidths=0.7, zorder=3)
    if heights:
        return y
    axes.plot([level, deep], [y, y], color=style.GRID, linewidth=0.9, linestyle=(0, (1, 2)), zorder=0)
    told = f"{node.cases:,} of {node.points:,}, {share:.0%}, {node.cases / root.cases:.0%}"
    axes.text(axes.get_xlim()[1], y, told, size=style.TEXT, color=style.INK, ha="right", va="center", weight="bold" if share > 0.5 else "normal")
    return y
