"""Days of fighting of a conflict folder: ``conflicts.csv``, or the dates of ``locations.csv`` without it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agents.errors import InputError
from sim.csvrows import Row, suggestion
from sim.displacement.conflict import ConflictPlace, Kind
from sim.displacement.flee_rows import cells_of, read_text

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Fighting:
    """A table of intensities: ``values`` (days, columns), ``columns`` the index of a place each."""

    values: FloatArray
    columns: tuple[int, ...]
    remarks: tuple[str, ...]

    @property
    def days(self) -> int:
        """Days that the table covers."""
        return len(self.values)


def read_fighting(path: Path, places: tuple[ConflictPlace, ...]) -> Fighting:
    """Read ``conflicts.csv``: a header ``Day,PLACE,...`` and a row a day from day 0 on.

    Rows repeat each other for weeks, so each different row is read once.
    """
    lines = [(i, text) for i, text in enumerate(read_text(path).split("\n"), start=1) if text.strip(" ,\t\r")]
    if not lines:
        raise InputError(f"{path}: the file is empty; its first line is 'Day' and the names of places")
    header = cells_of(path, *lines[0])
    while len(header) > 1 and not header[-1]:
        header.pop()
    names = header[1:]
    known: dict[str, int] = {}
    values: list[list[float]] = []
    where: list[int] = []
    order: list[int] = []
    miscounted = 0
    for line, text in lines[1:]:
        if text.startswith("#"):
            continue
        day, _, rest = text.partition(",")
        if not miscounted and day.strip() != str(len(order)):
            miscounted = line
        at = known.get(rest)
        if at is None:
            at = known[rest] = len(values)
            values.append(_numbers(path, line, header, cells_of(path, line, text)))
            where.append(line)
        order.append(at)
    table = np.array(values, dtype=np.float64).reshape(len(values), len(names))
    outside = ~((table >= 0.0) & (table <= 1.0))
    if outside.any():
        at, column = (int(i) for i in np.argwhere(outside)[0])
        row = Row(str(path), where[at], {})
        raise row.bad(names[column], f"{table[at, column]:g} is out of range; write an intensity from 0 to 1")
    columns, kept, remarks = _columns(Row(str(path), lines[0][0], {}), names, places, table)
    if miscounted:
        remarks.append(f"{path.name}, line {miscounted}: the first cell is not the number of the day; rows count")
    return Fighting(table[np.array(order, dtype=np.int64)][:, kept], columns, tuple(remarks))


def _numbers(path: Path, line: int, header: list[str], cells: list[str]) -> list[float]:
    """Return the intensities of a row."""
    while len(cells) > len(header) and not cells[-1]:
        cells.pop()
    if len(cells) != len(header):
        raise InputError(f"{path}, line {line}: {len(cells)} cells under {len(header)} columns; every column needs a cell")
    try:
        return [float(cell) for cell in cells[1:]]
    except ValueError:
        for column, cell in enumerate(cells[1:], start=1):
            Row(str(path), line, {header[column]: cell}).number(header[column], 0.0, 1.0)
        raise


def _columns(
    row: Row, names: list[str], places: tuple[ConflictPlace, ...], table: FloatArray
) -> tuple[tuple[int, ...], list[int], list[str]]:
    """Match columns with places; a column of an unknown place may stay as long as nothing happens there."""
    index = {place.name: i for i, place in enumerate(places)}
    columns: list[int] = []
    kept: list[int] = []
    remarks: list[str] = []
    for at, name in enumerate(names):
        if name not in index:
            if not name or table[:, at].any():
                raise row.bad(name if name.isprintable() and name else f"column {at + 2}", f"unknown place {name!r}; {suggestion(name, index)}")
            remarks.append(f"{Path(row.file).name}: column {name!r} is no place of locations.csv; it is 0 on every day")
            continue
        if index[name] in columns:
            raise row.bad(name, "the column stands twice; keep one")
        columns.append(index[name])
        kept.append(at)
    return tuple(columns), kept, remarks


def intensity(places: tuple[ConflictPlace, ...], days: int, fighting: Fighting | None) -> FloatArray:
    """Return the intensity of the fighting, (days, places).

    A conflict zone without a column has intensity 1 from its ``conflict_date`` on.
    """
    found = np.zeros((days, len(places)))
    for i, place in enumerate(places):
        if place.kind is Kind.CONFLICT:
            found[max(place.conflict_date, 0) :, i] = 1.0
    if fighting is not None:
        found[:, list(fighting.columns)] = fighting.values[:days]
    return found
