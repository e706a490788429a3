"""Rows of a file in Flee's format: columns count by position, comments and blank lines do not count.

Tolerated as well: a byte order mark, Windows line ends, quotes, spaces around cells, empty cells at the
end of a row, a header with or without ``#`` and none at all.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from dataclasses import dataclass
from pathlib import Path

from agents.errors import InputError
from sim.csvrows import Row

_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")


@dataclass(frozen=True)
class Sheet:
    """A file of rows: ``header`` are the names in its header line (empty without one), ``rows`` line and cells."""

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[int, list[str]], ...]

    def row(self, line: int, cells: list[str], columns: tuple[str, ...]) -> Row:
        """Return a row by column names; missing cells are empty, further ones left out."""
        padded = cells + [""] * (len(columns) - len(cells))
        return Row(str(self.path), line, dict(zip(columns, padded, strict=False)))


def read_text(path: Path) -> str:
    """Return a file's text; complain in one line when there is none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; a folder in Flee's format needs {path.parent.name}/{path.name}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8 text; save the file as UTF-8") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give a readable file") from None


def cells_of(path: Path, line: int, text: str) -> list[str]:
    """Return the cells of a line, stripped."""
    if '"' not in text:
        return [cell.strip() for cell in text.split(",")]
    try:
        return [cell.strip() for cell in next(csv.reader(io.StringIO(text), strict=True, skipinitialspace=True))]
    except csv.Error as error:
        raise InputError(f"{path}, line {line}: malformed row ({error}); check its quotes") from None


def read_sheet(path: Path, first: tuple[str, ...] = ()) -> Sheet:
    """Read a file.

    Parameters
    ----------
    path
        The file.
    first
        Words of the first column by which a header is known, in small letters; a row before all others
        that begins with one is the header even without ``#``.
    """
    header: tuple[str, ...] = ()
    sure = False  # a comment above the rows may be the header under other names
    rows: list[tuple[int, list[str]]] = []
    for line, text in enumerate(read_text(path).split("\n"), start=1):
        if text.lstrip().startswith("#"):
            words = cells_of(path, line, text.lstrip()[1:]) if not rows and not sure else []
            named = bool(words) and words[0].lower() in first
            if named or (len(words) > 1 and not header):
                header, sure = tuple(words), named
            continue
        cells = cells_of(path, line, text)
        if not any(cells):
            continue
        if not rows and not sure and cells[0].lower() in first:
            header, sure = tuple(cells), True
            continue
        while not cells[-1]:
            cells.pop()
        rows.append((line, cells))
    return Sheet(path, header, tuple(rows))


def whole(row: Row, column: str, low: int | None = None) -> int:
    """Return a whole number, not below ``low``."""
    text = row.text(column)
    value = row.number(column)
    if not re.fullmatch(r"[+-]?\d+", text):
        raise row.bad(column, f"{text!r} is not a whole number; write it like 120")
    if low is not None and value < low:
        raise row.bad(column, f"{text} is out of range; write a whole number of at least {low}")
    return int(text)


def date(text: str) -> dt.date | None:
    """Return a date written as 2013-12-01 (or 2013-12-1), ``None`` for anything else."""
    try:
        if len(text) == 10 and text[4] == text[7] == "-":
            return dt.date.fromisoformat(text)
        found = _DATE.fullmatch(text)
        return dt.date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def the_date(row: Row, column: str) -> dt.date:
    """Return a cell that must hold a date."""
    text = row.text(column)
    found = date(text)
    if found is None:
        raise row.bad(column, f"{text!r} is not a date; write it like 2013-12-01")
    return found
