"""A study as the EMA workbench takes it, and the workbench's tools as we call them (Kwakkel & Jaxa-Rozen 2016).

Importing the workbench takes seconds, so that it is imported when it is needed. Versions 2.5 and 3 differ in the
arguments of ``Prim``; only what both have is used.
"""

from __future__ import annotations

import inspect
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agents.errors import InputError
from experiments.analysis import samples
from experiments.analysis.daily import read_daily
from experiments.analysis.groups import short_key, write
from experiments.analysis.luck import point_means
from experiments.analysis.study import Study
from experiments.study.factors import Factor

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MEAN, KEEP, RUNS = "mean", "keep", "runs"
_WAYS = (MEAN, KEEP, RUNS)
#: Columns that the workbench adds to those of the factors.
ADDED = ("scenario", "policy", "model")


def to_ema(
    study: Study, outcomes: Sequence[str] | None = None, *, replicates: str = MEAN, series: Sequence[str] = ()
) -> tuple[pd.DataFrame, dict[str, FloatArray]]:
    """Return a study as the EMA workbench's ``perform_experiments`` returns one.

    Parameters
    ----------
    study
        The study.
    outcomes
        Which outcomes; all by default.
    replicates
        ``mean``: a row a point, outcomes averaged over its finished replicates, (points,); where all points share
        lucks, freed of which of them a point has (:func:`experiments.analysis.luck.point_means`). ``keep``: a row a point,
        outcomes (points, replicates) with NaN for missing runs, as the workbench's own replicator models give them.
        ``runs``: a row a finished run, in the order of points and replicates, outcomes (runs,).
    series
        Daily series besides, as :func:`experiments.analysis.daily.parse_variable` names them (``attacks_28``,
        ``government:north:legitimacy``): (rows, days), averaged over replicates with ``mean``, (points, replicates,
        days) with ``keep``.

    Returns
    -------
    tuple
        Experiments: a column a factor (numbers as numbers, truth values as such, choices and policies as categories),
        and ``scenario`` (number of the combination of uncertainties), ``policy`` (the levers' values as text),
        ``model`` (name of the scenario). Outcomes by name. Points without any finished run are left out; an outcome
        that a run does not have is NaN, so mask it before an analysis that takes none.

    Raises
    ------
    InputError
        When an outcome or a series is not known, or ``replicates`` is none of the three.
    """
    if replicates not in _WAYS:
        raise InputError(f"replicates={replicates}: is not known; give {', '.join(_WAYS[:-1])} or {_WAYS[-1]}")
    names = samples.chosen_outcomes(study, study.outcomes if outcomes is None else outcomes)
    done = study.ok.sort_values(["point", "replicate"])
    met = np.unique(done["point"].to_numpy())
    rows = done["point"].to_numpy() if replicates == RUNS else met
    found: dict[str, FloatArray] = {}
    for name in names:
        values = study.values(name)
        if replicates == RUNS:
            found[name] = values[done["point"].to_numpy(), done["replicate"].to_numpy()]
        else:
            found[name] = values[met] if replicates == KEEP else point_means(values[met], samples.is_paired(study))
    if series:
        for name, days in _series(study, series, replicates).items():
            if name in found:
                raise InputError(f"series={name}: an outcome has the same name; leave it out of outcomes, or name the series KIND:ACTOR:VARIABLE")
            found[name] = days
    return experiments_of(study, rows), found


def _series(study: Study, names: Sequence[str], replicates: str) -> dict[str, FloatArray]:
    daily = read_daily(study, names)
    order = np.lexsort((daily.replicates, daily.points))
    met, row = np.unique(daily.points, return_inverse=True)
    found: dict[str, FloatArray] = {}
    for name, values in daily.values.items():
        if replicates == RUNS:
            found[name] = values[order]
            continue
        table = np.full((len(met), study.plan.replicates, values.shape[1]), np.nan)
        table[row, daily.replicates] = values
        days = range(table.shape[2])
        found[name] = table if replicates == KEEP else np.stack([point_means(table[:, :, day], samples.is_paired(study)) for day in days], axis=1)
    return found


def experiments_of(study: Study, rows: IntArray) -> pd.DataFrame:
    """Return the experiments of some points of a study, as :func:`to_ema` does."""
    design = study.plan.design
    frame = pd.DataFrame({factor.key: column_of(factor, [design.points[row][at] for row in rows]) for at, factor in enumerate(design.factors)})
    roles = study.roles
    worlds = [tuple(design.points[row][at] for at in _where(study, roles["uncertainties"])) for row in rows]
    numbers = {world: number for number, world in enumerate(dict.fromkeys(worlds))}
    frame["scenario"] = [numbers[world] for world in worlds]
    chosen = [(short_key(key), at) for key, at in zip(roles["levers"], _where(study, roles["levers"]), strict=True)]
    frame["policy"] = pd.Categorical([", ".join(f"{name}={write(design.points[row][at])}" for name, at in chosen) or "as in the scenario" for row in rows])
    frame["model"] = pd.Categorical([_model(study)] * len(rows))
    return frame


def column_of(factor: Factor, values: Sequence[object]) -> object:
    """Return the values of a factor as a column: whole numbers, numbers, truth values, or categories."""
    if all(isinstance(value, bool) for value in values):
        return np.array(values, dtype=bool)
    if samples.is_nominal(factor):
        return pd.Categorical([str(value) for value in values], categories=[str(value) for value in factor.values])
    whole = factor.kind == "int" or all(isinstance(value, int) for value in values)
    return np.array(values, dtype=np.int64 if whole else np.float64)


def _where(study: Study, keys: Sequence[str]) -> list[int]:
    known = [factor.key for factor in study.plan.design.factors]
    return [known.index(key) for key in keys]


def _model(study: Study) -> str:
    scenario = study.plan.base.get("scenario")
    return str(scenario.get("name", "marchland")) if isinstance(scenario, dict) else "marchland"


def workbench(what: str, module: str) -> ModuleType:
    """Import a module of the workbench, such as ``analysis.prim``.

    Raises
    ------
    InputError
        When the workbench is not installed.
    """
    from importlib import import_module

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of optional parts of the workbench that we do not use
            return import_module(f"ema_workbench.{module}")
    except ImportError:
        raise InputError(f"{what}: needs the EMA workbench; install it with pip install 'marchland[ema]'") from None


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the workbench's log from the screen, and put its level back."""
    logger = logging.getLogger("EMA")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def find_boxes(x: pd.DataFrame, y: NDArray[np.bool_], mass_min: float) -> list[pd.DataFrame]:
    """Let the workbench's PRIM peel, and return the limits of every box on its path, from all points to the last.

    Neither ``inspect`` nor the statistics of the box are used: the first fails with pandas 3 where a category is
    restricted, the second are named otherwise in version 3.
    """
    tools = workbench("prim", "analysis.prim")
    # 2.5 wants a threshold of the mean, below which it throws the box away; 3.0 has none.
    options = {"threshold": 1e-9} if "threshold" in inspect.signature(tools.Prim).parameters else {}
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        box = tools.Prim(x, y.astype(np.int64), mass_min=mass_min, **options).find_box()
    return [] if box is None else list(box.box_lims)
