"""Open a finished run: build its model from its own folder, play it again, and say whether it comes out as recorded.

Only numbers, names and tables are read from the folder; no code of it is run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agents.errors import InputError
from experiments.app.course import Course
from experiments.manifest import FILE, version
from experiments.reproduction.run import stored_scenario
from experiments.reproduction.verdict import ROUNDING, read_manifest, stored_tables
from sim import Scenario
from sim.interventions import Intervention
from sim.settings import PolicyChoice

#: Where ``marchland run`` leaves its folders.
OUTPUTS = Path("outputs")
#: Finished runs that are listed, latest first.
MOST_LISTED = 30
_DAILY = "daily"
#: Variables of levers, which a table leaves out when they stayed at zero.
_LEFT_OUT = ("lever/", "asked/")

FloatArray = NDArray[np.float64]


class Recorded:
    """What a finished run wrote down, to be compared with a course that plays it again.

    Parameters
    ----------
    folder
        The run's folder.

    Raises
    ------
    InputError
        When the folder is no finished run, or cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        manifest = read_manifest(folder)
        self.version = str(manifest.get("version", "unknown"))
        tables, changed = stored_tables(folder, manifest)
        if _DAILY not in tables:
            raise InputError(f"{folder / FILE}: it names no table {_DAILY}; give the folder of a finished run")
        self.changed = _DAILY in changed  #: whether the table is not the one that the manifest speaks of
        daily = tables[_DAILY].select(["day", "kind", "actor", "variable", "value"]).to_pandas()
        keys = list(zip(daily["kind"].astype(str), daily["actor"].astype(str), daily["variable"].astype(str), strict=True))
        self._columns = {key: at for at, key in enumerate(dict.fromkeys(keys))}
        days = daily["day"].to_numpy(dtype=np.int64)
        if len(days) and (days.min() < 0 or days.max() >= len(days)):
            raise InputError(f"{folder / _DAILY}.parquet: its days are not 0, 1, 2 ...; give the folder of a finished run")
        self.days = int(days.max()) + 1 if len(days) else 0
        self._values: FloatArray = np.full((self.days, len(self._columns)), np.nan)
        self._values[days, [self._columns[key] for key in keys]] = daily["value"].to_numpy(dtype=np.float64)
        self._checked = 0
        self._differs = -1
        self._led: Sequence[Intervention] = ()

    def first_difference(self, course: Course) -> int:
        """Return the first day that comes out otherwise up to the evening shown, -1 for none; days are compared once."""
        if course.interventions != self._led:  # the same days come again only when the same people lead
            self._led, self._checked = course.interventions, 0
        self._checked = min(self._checked, course.day)
        if self._differs >= self._checked:
            self._differs = -1
        last = min(course.day, self.days)
        if self._differs < 0 and self._checked < last:
            days = slice(self._checked, last)
            record = course.model.record
            if not set(record.columns) >= self._columns.keys():
                self._differs = self._checked
            else:
                now = np.column_stack([record.series(*key)[days] for key in self._columns])
                same = np.isclose(now, self._values[days], rtol=ROUNDING, atol=ROUNDING, equal_nan=True).all(axis=1)
                for key in record.columns:  # levers that stayed at zero are not in the table
                    if key not in self._columns and key[2].startswith(_LEFT_OUT):
                        same &= record.series(*key)[days] == 0.0
                self._differs = -1 if same.all() else self._checked + int(np.flatnonzero(~same)[0])
        self._checked = max(self._checked, last)
        return self._differs

    def verdict(self, course: Course) -> str:
        """Say whether the days played are as recorded."""
        if not course.day:
            return f"recorded run {self.folder.name}"
        day = self.first_difference(course)
        if day < 0:
            return "as recorded" + (" (but daily.parquet was changed after the run)" if self.changed else "")
        given = course.scenario.config.interventions
        now = course.interventions
        own = [change.date for change in (*now, *given) if change not in given or change not in now]
        if own and min(own) <= course.date_of(day):
            return f"differs from the record since {course.date_of(day)}: who decides was changed here"
        here = version()
        versions = f"both version {here}" if here == self.version else f"recorded with version {self.version}, this is {here}"
        return f"differs from the record since {course.date_of(day)} ({versions})"


def open_run(folder: Path, policies: Mapping[str, str]) -> Scenario:
    """Return the scenario of a finished run, from its own config and its copy of the tables.

    Parameters
    ----------
    folder
        The run's folder.
    policies
        Policies, by actor, in the place of those of the run: for the other side of a split screen.

    Raises
    ------
    InputError
        When the folder is no finished run, or names code to run.
    """
    try:
        there, other = folder.is_dir(), folder.exists()
    except OSError as error:  # a name that is too long, say
        raise InputError(f"{folder}: {error.strerror}; give the folder of a finished run") from None
    if not there:
        raise InputError(f"{folder}: {'a file, and no folder' if other else 'no such folder'}; give the folder of a finished run")
    read_manifest(folder)
    found = stored_scenario(folder, ())
    if not policies:
        return found
    chosen = {**found.config.policies, **{actor: PolicyChoice(name) for actor, name in policies.items()}}
    return Scenario(replace(found.config, policies=chosen), found.tables)


def finished_runs(place: Path = OUTPUTS) -> list[Path]:
    """Return the folders of finished runs below a place, latest first."""
    try:
        found = [path.parent for path in place.glob(f"*/{FILE}") if (path.parent / "config.yaml").is_file()]
        return sorted(found, key=lambda folder: ((folder / FILE).stat().st_mtime, folder.name), reverse=True)[:MOST_LISTED]
    except OSError:
        return []
