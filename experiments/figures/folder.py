"""Read a stored run: everything that the figures show comes from the files of its folder.

Needed are ``config.yaml``, ``daily.parquet``, ``places.parquet`` and ``events.parquet``. The manifest
(config hash), the copy of the scenario (``scenario/places.csv``, ``routes.csv``, ``observed.csv``, or a
conflict folder), ``camps.parquet`` and ``ensemble.parquet`` add to the figures when they are there.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from omegaconf import DictConfig, OmegaConf

from agents.errors import InputError, one_of
from experiments.conflict_summary import conflict_title
from experiments.figures.run import Camps, DateArray, Event, FloatArray, Frame, Run, SeriesKey, Stamp, pretty
from sim.displacement.conflict import Conflict
from sim.displacement.read import is_conflict_folder, read_conflict

NEEDED = ("config.yaml", "daily.parquet", "places.parquet", "events.parquet")
_DAILY = ("day", "date", "kind", "actor", "variable", "value")
_PLACES = ("day", "place", "attacks", "deaths", "displaced")
_EVENTS = ("day", "date", "kind", "actor", "target", "place", "value", "text")
_OBSERVED = ("outcome", "start", "end", "value")
_CAMPS = ("day", "camp", "simulated", "counted")
_ENSEMBLE = ("outcome", "start", "end", "mean", "low", "high", "n")


def load_run(folder: Path) -> Run:
    """Read a run folder.

    Raises
    ------
    InputError
        A needed file or column is missing, or a file cannot be read.
    """
    for name in NEEDED:
        if not (folder / name).is_file():
            raise InputError(f"{folder / name}: no such file; the figures of a run need {one_of(NEEDED)}")
    config = _config(folder / "config.yaml")
    dates, series = _daily(folder / "daily.parquet")
    copy = folder / "scenario"
    conflict = read_conflict(copy) if is_conflict_folder(copy) else None
    return Run(
        stamp=_stamp(config, folder, dates, conflict),
        dates=dates,
        series=series,
        events=_events(folder / "events.parquet"),
        place_series=_place_series(folder / "places.parquet", len(dates)),
        places=_csv(folder / "scenario" / "places.csv", ("name", "lat", "lon")),
        routes=_csv(folder / "scenario" / "routes.csv", ("a", "b")),
        observed=_periods(_csv(folder / "scenario" / "observed.csv", _OBSERVED), folder / "scenario" / "observed.csv"),
        ensemble=_ensemble(folder / "ensemble.parquet"),
        countries=_countries(config),
        conflict=conflict,
        camps=_camps(folder / "camps.parquet"),
    )


def _config(path: Path) -> DictConfig:
    try:
        config = OmegaConf.load(path)
    except Exception as error:  # a YAML parser's many ways to say that a file is not YAML
        raise InputError(f"{path}: not readable as YAML ({str(error).splitlines()[0]})") from error
    if not isinstance(config, DictConfig):
        raise InputError(f"{path}: must be a mapping with the key scenario, as a run writes it")
    return config


def _select(config: DictConfig, path: str, default: str) -> str:
    value = OmegaConf.select(config, path, default=None)
    return default if value is None else str(value)


def _stamp(config: DictConfig, folder: Path, dates: DateArray, conflict: Conflict | None) -> Stamp:
    hash_ = "not recorded"
    manifest = folder / "manifest.json"
    if manifest.is_file():
        try:
            hash_ = str(json.loads(manifest.read_text(encoding="utf-8")).get("config_hash", hash_))[:12]
        except (ValueError, AttributeError) as error:
            raise InputError(f"{manifest}: not a JSON object as a run writes it") from error
    name = _select(config, "scenario.name", folder.name)
    title = _select(config, "scenario.title", "")
    if conflict is not None and title in ("", name):
        title = conflict_title(conflict)
    else:  # the dates stand beside it
        title = re.sub(r",?\s*\d{4}(\s*(-|–|to)\s*\d{4})?$", "", title) or pretty(name)
    return Stamp(
        scenario=name,
        title=title,
        start=str(dates[0]),
        end=str(dates[-1]),
        seed=_select(config, "seed", "not recorded"),
        replicate=_select(config, "replicate", "0"),
        config_hash=hash_,
        people_scale=float(_select(config, "scenario.people_scale", "1")),
    )


def _countries(config: DictConfig) -> dict[str, str]:
    """Return the name to show for each government (its country) and each group (its title)."""
    names: dict[str, str] = {}
    for kind, label in (("governments", "country"), ("groups", "title"), ("mediators", "title")):
        for actor in OmegaConf.select(config, kind, default=None) or {}:
            names[str(actor)] = _select(config, f"{kind}.{actor}.{label}", str(actor))
    return names


def _table(path: Path, columns: tuple[str, ...], text: tuple[str, ...] = ()) -> pa.Table:
    try:
        names = pq.read_schema(path).names
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: not readable as Parquet ({str(error).splitlines()[0]})") from error
    missing = [column for column in columns if column not in names]
    if missing:
        raise InputError(f"{path}: column {missing[0]} is missing; it needs {one_of(columns)}")
    return pq.read_table(
        path, columns=[c for c in names if c in columns or c == "interval"], read_dictionary=list(text)
    )


def _daily(path: Path) -> tuple[DateArray, dict[SeriesKey, FloatArray]]:
    frame = _table(path, _DAILY, ("kind", "actor", "variable")).to_pandas()
    if frame.empty:
        raise InputError(f"{path}: holds no rows; a run writes one row a day and variable")
    days = frame["day"].to_numpy(dtype=np.int64)
    first, last = int(days.min()), int(days.max())
    start = np.datetime64(pd.Timestamp(frame["date"].iloc[int(days.argmin())]), "D")
    codes = [pd.Categorical(frame[column]) for column in ("kind", "actor", "variable")]
    sizes = [len(code.categories) for code in codes]
    flat = np.zeros(len(frame), dtype=np.int64)
    for code, size in zip(codes, sizes, strict=True):
        flat = flat * size + code.codes
    values = frame["value"].to_numpy(dtype=float)
    keys, firsts, inverse = np.unique(flat, return_index=True, return_inverse=True)
    matrix = np.full((len(keys), last - first + 1), np.nan)
    matrix[inverse, days - first] = values
    series: dict[SeriesKey, FloatArray] = {}
    for row in np.argsort(firsts):  # the order of the file is the order of the legend
        at = firsts[row]
        series[str(codes[0][at]), str(codes[1][at]), str(codes[2][at])] = matrix[row]
    return start + np.arange(last - first + 1).astype("timedelta64[D]"), series


def _place_series(path: Path, days: int) -> dict[str, dict[str, FloatArray]]:
    frame = _table(path, _PLACES, ("place",)).to_pandas()
    names = pd.Categorical(frame["place"])
    day = frame["day"].to_numpy(dtype=np.int64)
    day = np.clip(day - (int(day.min()) if len(day) else 0), 0, days - 1)
    found: dict[str, dict[str, FloatArray]] = {str(name): {} for name in names.categories}
    for column in _PLACES[2:]:
        matrix = np.zeros((len(names.categories), days))
        matrix[names.codes, day] = frame[column].to_numpy(dtype=float)
        for name, row in zip(names.categories, matrix, strict=True):
            found[str(name)][column] = row
    return found


def _camps(path: Path) -> Camps | None:
    if not path.is_file():
        return None
    frame = _table(path, _CAMPS, ("camp",)).to_pandas()
    names = tuple(dict.fromkeys(frame["camp"].astype(str)))
    shape = (-1, max(len(names), 1))
    simulated, counted = (frame[column].to_numpy(dtype=np.int64) for column in _CAMPS[2:])
    return Camps(names, simulated.reshape(shape), counted.reshape(shape)) if names else None


def _events(path: Path) -> tuple[Event, ...]:
    frame = _table(path, _EVENTS).to_pandas()
    dates = pd.to_datetime(frame["date"]).to_numpy().astype("datetime64[D]")
    text = {c: frame[c].fillna("").astype(str).tolist() for c in ("kind", "actor", "target", "place", "text")}
    values = frame["value"].fillna(0.0).to_numpy(dtype=float)
    days = frame["day"].to_numpy(dtype=np.int64)
    return tuple(
        Event(
            day=int(days[row]),
            date=dates[row],
            kind=text["kind"][row],
            actor=text["actor"][row],
            target=text["target"][row],
            place=text["place"][row],
            value=float(values[row]),
            text=text["text"][row],
        )
        for row in range(len(frame))
    )


def _csv(path: Path, columns: tuple[str, ...]) -> Frame | None:
    if not path.is_file():
        return None
    try:
        frame = pd.read_csv(path)
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: not readable as CSV ({str(error).splitlines()[0]})") from error
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise InputError(f"{path}: column {missing[0]} is missing; it needs {one_of(columns)}")
    return frame


def _periods(frame: Frame | None, path: Path) -> Frame | None:
    """Return the frame with ``start`` and ``end`` as days (both included), None when it has no rows."""
    if frame is None or frame.empty:
        return None
    frame = frame.copy()
    for column in ("start", "end"):
        try:
            frame[column] = pd.to_datetime(frame[column]).to_numpy().astype("datetime64[D]")
        except ValueError as error:
            raise InputError(f"{path}: column {column} must hold dates like 2023-10-01") from error
    for column in ("low", "high"):
        if column not in frame.columns:
            frame[column] = np.nan
    return frame


def _ensemble(path: Path) -> Frame | None:
    if not path.is_file():
        return None
    return _periods(_table(path, _ENSEMBLE).to_pandas(), path)
