"""Figures of a stored run, drawn from the files in its folder and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from agents.errors import InputError
from experiments.figures import style
from experiments.figures.actors import draw_actors
from experiments.figures.camps import draw_camps
from experiments.figures.conflict_map import draw_conflict_map
from experiments.figures.folder import load_run
from experiments.figures.map import draw_map
from experiments.figures.observed import draw_observed
from experiments.figures.people import draw_people
from experiments.figures.run import Run
from experiments.figures.timeline import draw_timeline

#: Name of each figure's file and the function that draws it (None: nothing to draw in this run).
FIGURES: tuple[tuple[str, Callable[[Run], Figure | None]], ...] = (
    ("map", lambda run: draw_map(run) if run.conflict is None else draw_conflict_map(run)),
    ("camps", draw_camps),
    ("timeline", lambda run: draw_timeline(run) if _anybody(run) else None),
    ("observed", draw_observed),
    ("people", draw_people),
    ("actors", lambda run: draw_actors(run) if _anybody(run) else None),
)


def _anybody(run: Run) -> bool:
    """Whether there is anything to say about actors: a conflict folder has none unless the user adds some."""
    return run.conflict is None or run.has_actors


def draw_all(folder: Path) -> list[Path]:
    """Draw every figure of the run in ``folder`` into ``folder/figures`` and return their paths.

    Raises
    ------
    InputError
        A file that the figures need is missing or unreadable, or the folder cannot be written.
    """
    folder = Path(folder)
    run = load_run(folder)
    target = folder / "figures"
    written: list[Path] = []
    try:
        target.mkdir(exist_ok=True)
        for name, draw in FIGURES:
            figure = draw(run)
            if figure is not None:
                written.append(style.save(figure, target / f"{name}.png"))
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror or error})") from error
    return written
