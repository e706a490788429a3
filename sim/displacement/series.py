"""Counts of people over time: ``data_layout.csv``, its series, and ``registration_corrections.csv``.

What a series says on a day is what Flee makes of it, to the last person, because scores are compared: its
first value before the first entry, its last value after the last one, otherwise a straight line between
two entries, cut to a whole number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agents.errors import InputError
from sim.csvrows import LARGEST, Row, suggestion
from sim.displacement.flee_rows import cells_of, date, read_sheet, read_text, the_date

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_COLUMNS = ("date", "count")


@dataclass
class Series:
    """Counts of one name of ``data_layout.csv``.

    ``dates`` are ordinals of days (:meth:`datetime.date.toordinal`), ``counts`` people.
    """

    name: str
    row: Row
    dates: list[int]
    counts: list[float]
    files: tuple[Path, ...] = ()
    remarks: tuple[str, ...] = field(default=())

    def on(self, days: IntArray) -> IntArray:
        """Return the count on every one of some days (ordinals)."""
        dates, counts = np.array(self.dates, dtype=np.int64), np.array(self.counts)
        # The entry that ends the stretch of a day is the first one after it; entries out of order end none.
        after = np.searchsorted(np.maximum.accumulate(dates), days, side="right")
        ahead, before = np.minimum(after, len(dates) - 1), np.maximum(after - 1, 0)
        length = dates[ahead] - dates[before]
        fraction = (days - dates[before]) / np.where(length > 0, length, 1)
        value = counts[before] + fraction * (counts[ahead] - counts[before])
        value = np.where(days <= dates[0], counts[0], np.where(after >= len(dates), counts[-1], value))
        whole: IntArray = value.astype(np.int64)
        return whole


def read_layout(path: Path) -> tuple[Series, ...]:
    """Read ``data_layout.csv`` and every series that it names; the first row is the total."""
    sheet = read_sheet(path)
    found: dict[str, Series] = {}
    for line, cells in sheet.rows:
        columns = ("name", *(f"file {i}" for i in range(1, max(len(cells), 2))))
        row = sheet.row(line, cells, columns)
        name = row.text("name")
        row.text("file 1")
        if name in found:
            raise row.bad("name", f"{name!r} stands already on line {found[name].row.line}; name a series once")
        parts = []
        for column in columns[1:]:
            if row.has(column):
                file = path.parent / row.cells[column]
                if not file.is_file():
                    raise row.bad(column, f"no such file {row.cells[column]!r} in {path.parent.name}; give one that exists")
                parts.append(_series(file, name, row))
        whole = parts[0]
        for part in parts[1:]:
            whole = added(whole, part)
        found[name] = whole
    if not found:
        raise InputError(f"{path}: it names no series; write 'total,refugees.csv' and a line for every camp")
    return tuple(found.values())


def _series(path: Path, name: str, source: Row) -> Series:
    """Read one series: ``2013-12-01,1250``; further cells, empty counts and a header ``Date`` are passed over."""
    dates: list[int] = []
    counts: list[float] = []
    remarks: list[str] = []
    headed, latest = False, 0
    for line, text in enumerate(read_text(path).split("\n"), start=1):
        cells = cells_of(path, line, text)
        if len(cells) < 2 or not cells[1] or cells[0].startswith("#"):
            continue
        day = date(cells[0])
        if day is None:
            if not dates and not headed and cells[0].lower().startswith("date"):
                headed = True  # once
                continue
            the_date(_row(path, line, cells), "date")
            continue
        if not cells[1].isdecimal() or len(cells[1]) > 12:
            _row(path, line, cells).count("count")
        number = day.toordinal()
        if number < latest:
            remarks.append(f"{path.name}, line {line}: {cells[0]} stands after a later date; dates should rise")
        latest = max(latest, number)
        dates.append(number)
        counts.append(float(int(cells[1])))
    if not dates:
        raise InputError(f"{path}: it holds no counts; write lines like 2013-12-01,1250")
    return Series(name, source, dates, counts, (path,), tuple(remarks))


def _row(path: Path, line: int, cells: list[str]) -> Row:
    return Row(str(path), line, dict(zip(_COLUMNS, cells, strict=False)))


def added(first: Series, second: Series) -> Series:
    """Return the sum of two series of one camp, at the dates of both, as Flee makes it.

    Where only the first has an entry, the second counts with its last entry (none: nobody). Where only
    the second has one, the first counts with its *next* entry. Entries after the end of either are left out.
    """
    dates: list[int] = []
    counts: list[float] = []
    at, last = 0, 0.0
    for day, count in zip(second.dates, second.counts, strict=True):
        while first.dates[at] < day:
            dates.append(first.dates[at])
            counts.append(first.counts[at] + last)
            if at == len(first.dates) - 1:
                break
            at += 1
        here = first.dates[at]
        if here < day:
            continue
        dates.append(day)
        counts.append(count + first.counts[at])
        last = count
        if here == day and at < len(first.dates) - 1:
            at += 1
    return Series(first.name, first.row, dates, counts, first.files + second.files, first.remarks + second.remarks)


def correct(path: Path, series: Sequence[Series], start: dt.date) -> None:
    """Apply ``registration_corrections.csv`` in place.

    A re-registration makes a count jump from one entry to the next without anybody moving. Each row names
    the entry after the jump; every earlier entry is scaled by the size of the jump. Rows with a date
    before ``start`` are passed over.
    """
    sheet = read_sheet(path)
    by_name = {one.name: one for one in series}
    for line, cells in sheet.rows:
        row = sheet.row(line, cells, ("name", "date"))
        one = by_name[row.choice("name", by_name, "series of data_layout.csv")]
        day = the_date(row, "date")
        if day < start:
            continue
        matches = [i for i, number in enumerate(one.dates) if number == day.toordinal()]
        if not matches:
            known = [dt.date.fromordinal(number).isoformat() for number in one.dates]
            raise row.bad("date", f"the series of {one.name!r} ({_names(one)}) has no entry on {day}; {suggestion(str(day), known)}")
        if matches == [0]:
            raise row.bad("date", f"{day} is the first entry of {one.name!r}; name the entry after a jump")
        for i in matches:
            if i > 0:
                _scale(one, i, row)


def _scale(one: Series, entry: int, row: Row) -> None:
    """Scale every earlier entry so that there is no jump to this one."""
    before = one.counts[entry - 1]
    if before == 0.0:
        date_before = dt.date.fromordinal(one.dates[entry - 1])
        raise row.bad("date", f"the entry before it ({date_before}) counts 0 people, so there is no jump to take out")
    factor = one.counts[entry] / before
    if factor * max(one.counts[:entry]) > LARGEST:
        raise row.bad("date", f"the jump is by a factor of {factor:g}; check the counts around this date")
    one.counts[:entry] = [count * factor for count in one.counts[:entry]]


def _names(one: Series) -> str:
    """Name the files of a series."""
    return " and ".join(file.name for file in one.files)
