"""Put names next to marks so that no name covers another name or a mark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from experiments.figures import style

_SIZE = 7.2  # points
_WIDTH = 0.56  # mean width of a letter, in font sizes (DejaVu Sans)

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Mark:
    """One mark: where it is (data units), its radius (points) and its name."""

    x: float
    y: float
    radius: float
    name: str
    slanted: bool = False


def place(axes: Axes, marks: Sequence[Mark], order: Sequence[int], most: int) -> int:
    """Write up to ``most`` names in ``order`` of importance and return how many fitted.

    Every mark of the axes is an obstacle, named or not. A name tries eight positions around its mark
    and is left out when none is free.
    """
    dpi = axes.get_figure(root=True).dpi  # type: ignore[union-attr]
    scale = dpi / 72.0
    frame = axes.get_window_extent()
    centres = axes.transData.transform([(mark.x, mark.y) for mark in marks])
    taken: list[Box] = [
        (x - r, y - r, x + r, y + r)
        for (x, y), r in zip(centres, [mark.radius * scale * 0.9 for mark in marks], strict=True)
    ]
    written = 0
    for at in order:
        if written >= most:
            break
        mark, (x, y) = marks[at], centres[at]
        width, height = len(mark.name) * _SIZE * _WIDTH * scale, _SIZE * 1.15 * scale
        for box in _around(float(x), float(y), mark.radius * scale + 2.5, width, height):
            inside = box[0] > frame.x0 + 2 and box[2] < frame.x1 - 2 and box[1] > frame.y0 + 2 and box[3] < frame.y1 - 2
            if inside and not any(_overlap(box, other) for n, other in enumerate(taken) if n != at):
                _write(axes, mark, box)
                taken.append(box)
                written += 1
                break
    return written


def _around(x: float, y: float, gap: float, width: float, height: float) -> list[Box]:
    """Return the boxes around a point: right, left, above, below, then the corners."""
    diagonal = gap * 0.72
    corners = [
        (x + gap, y - height / 2),
        (x - gap - width, y - height / 2),
        (x - width / 2, y + gap),
        (x - width / 2, y - gap - height),
        (x + diagonal, y + diagonal),
        (x + diagonal, y - diagonal - height),
        (x - diagonal - width, y + diagonal),
        (x - diagonal - width, y - diagonal - height),
    ]
    return [(left, low, left + width, low + height) for left, low in corners]


def _overlap(one: Box, two: Box) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def _write(axes: Axes, mark: Mark, box: Box) -> None:
    x, y = axes.transData.inverted().transform(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2))
    axes.text(
        x,
        y,
        mark.name,
        size=_SIZE,
        color=style.BLUE if mark.slanted else style.INK,
        style="italic" if mark.slanted else "normal",
        ha="center",
        va="center",
        zorder=8,
        path_effects=[withStroke(linewidth=1.8, foreground="white", alpha=0.85)],
    )
