"""Read a comma-separated table strictly: every complaint names file, line and column.

Tolerated: a byte order mark, Windows line ends, blank lines and lines that start with ``#``.
"""

from __future__ import annotations

import csv
import datetime as dt
import difflib
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from agents.errors import InputError, one_of

#: The cell that stands for "all" in a list of places, crossings, statuses or rivals.
ALL = "*"

#: Largest count a cell may hold; with any sensible scale it stays exact in 64 bits.
LARGEST = 1e12

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MANY = 12


def suggestion(value: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` or the list of what is known, whichever helps."""
    names = [name for name in dict.fromkeys(known) if name]
    lower = {name.lower(): name for name in reversed(names)}
    close = difflib.get_close_matches(value.lower(), list(lower), n=1, cutoff=0.6)
    if close:
        return f"did you mean {lower[close[0]]!r}?"
    if not names:
        return "none is known"
    if len(names) > _MANY:
        return f"known: {one_of(names[:_MANY])} and {len(names) - _MANY} more"
    return f"known: {one_of(names)}"


def matching(cell: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names that a list cell stands for: all of them for ``*``."""
    return names if ALL in cell else cell


@dataclass(frozen=True)
class Row:
    """One row of a table, with where it stands.

    Parameters
    ----------
    file
        Path for messages.
    line
        Line of the file on which the row starts, from 1.
    cells
        Text by column, stripped; a column that the file does not have is empty.
    """

    file: str
    line: int
    cells: Mapping[str, str]

    def bad(self, column: str, problem: str) -> InputError:
        """Return the error to raise for a cell of this row."""
        return InputError(f"{self.file}, line {self.line}, column '{column}': {' '.join(problem.split())}")

    def has(self, column: str) -> bool:
        """Whether the cell holds something."""
        return bool(self.cells[column])

    def text(self, column: str) -> str:
        """Return a cell that must not be empty."""
        if not self.cells[column]:
            raise self.bad(column, "the cell is empty; it needs a value")
        return self.cells[column]

    def choice(self, column: str, known: Iterable[str], noun: str) -> str:
        """Return a cell that must hold one of the known names."""
        return self.check(column, self.text(column), known, noun)

    def check(self, column: str, value: str, known: Iterable[str], noun: str) -> str:
        """Return ``value`` when it is known, else complain about this column."""
        names = list(known)
        if value not in names:
            raise self.bad(column, f"unknown {noun} {value!r}; {suggestion(value, names)}")
        return value

    def number(self, column: str, low: float = -math.inf, high: float = math.inf) -> float:
        """Return a finite number in [low, high]."""
        text = self.text(column)
        if not _NUMBER.fullmatch(text):
            if text.lower().lstrip("+-") in {"nan", "inf", "infinity"}:
                raise self.bad(column, f"{text!r} is not allowed; write a finite number{_span(low, high)}")
            raise self.bad(column, f"{text!r} is not a number; write it like 1250 or 0.5, no separators or units")
        value = float(text)
        if not math.isfinite(value):
            raise self.bad(column, f"{text!r} is not allowed; write a finite number{_span(low, high)}")
        if not low <= value <= high:
            raise self.bad(column, f"{text} is out of range; write a number{_span(low, high)}")
        return value

    def optional(self, column: str, low: float = -math.inf, high: float = math.inf) -> float | None:
        """Return a finite number, or ``None`` for an empty cell."""
        return self.number(column, low, high) if self.has(column) else None

    def number_or(self, column: str, default: float, low: float = -math.inf, high: float = math.inf) -> float:
        """Return a finite number, or the default for an empty cell."""
        return self.number(column, low, high) if self.has(column) else default

    def count(self, column: str) -> int:
        """Return a whole number of at least 0."""
        text = self.text(column)
        value = self.number(column, 0.0, LARGEST)
        if not _WHOLE.fullmatch(text):
            raise self.bad(column, f"{text!r} is not a whole number; write it like 1250")
        return int(value)

    def date(self, column: str) -> dt.date:
        """Return a date written as 2023-10-03."""
        text = self.text(column)
        try:
            if not _DATE.fullmatch(text):
                raise ValueError
            return dt.date.fromisoformat(text)
        except ValueError:
            raise self.bad(column, f"{text!r} is not a date; write it like 2023-10-03") from None

    def optional_date(self, column: str, start: dt.date, since: str = "date") -> dt.date | None:
        """Return a date that is not before ``start``, or ``None`` for an empty cell."""
        if not self.has(column):
            return None
        end = self.date(column)
        if end < start:
            raise self.bad(column, f"{end} is before the row's '{since}' {start}; write a later date")
        return end

    def flag(self, column: str, default: bool) -> bool:
        """Return ``true`` or ``false``."""
        if not self.has(column):
            return default
        return self.check(column, self.cells[column].lower(), ("true", "false"), "flag") == "true"

    def names(self, column: str, known: Iterable[str] | None, noun: str) -> tuple[str, ...]:
        """Return a list of names separated by ';'; ``*`` alone or among them gives ``("*",)``.

        With ``known`` each name must be one of them.
        """
        if not self.has(column):
            return ()
        items = tuple(item.strip() for item in self.cells[column].split(";"))
        if not all(items):
            raise self.bad(column, "an item of the list is empty; separate names by a single ';'")
        if len(set(items)) < len(items):
            twice = next(item for item in items if items.count(item) > 1)
            raise self.bad(column, f"{twice!r} stands twice in the list; name it once")
        if known is not None:
            names = list(known)
            for item in items:
                if item != ALL:
                    self.check(column, item, names, noun)
        return (ALL,) if ALL in items else items


def _span(low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return ""
    if math.isinf(high):
        return f" of at least {low:g}"
    return f" from {low:g} to {high:g}"


def read_rows(path: Path, required: tuple[str, ...], optional: tuple[str, ...]) -> list[Row]:
    """Read a table whose header holds every ``required`` column and no other than these.

    Parameters
    ----------
    path
        The file.
    required, optional
        Known columns; an optional one may be missing and then reads as empty.
    """
    records = _records(path)
    line, header = next(records, (1, []))
    header = [name.strip() for name in header]
    _check_header(path, line, header, required, optional)
    rows = []
    for line, record in records:
        cells = [cell.strip() for cell in record]
        if not any(cells):
            continue
        if len(cells) != len(header):
            more = "a cell with a comma needs double quotes" if len(cells) > len(header) else "empty cells need commas"
            raise InputError(f"{path}, line {line}: {len(cells)} cells under {len(header)} columns; {more}")
        known = dict.fromkeys(required + optional, "")
        rows.append(Row(str(path), line, known | dict(zip(header, cells, strict=True))))
    return rows


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the cells of every record, comments and blank lines left out."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; a scenario folder needs {path.name}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8 text; save the file as UTF-8") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give a readable file") from None
    pending, start = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not pending and (not line.strip() or line.lstrip().startswith("#")):
            continue
        start = start if pending else number
        pending += line + "\n"
        if pending.count('"') % 2:
            continue  # inside a quoted cell that spans lines
        try:
            yield start, next(csv.reader(io.StringIO(pending), strict=True))
        except csv.Error as error:
            raise InputError(f"{path}, line {start}: malformed row ({error}); check its quotes") from None
        pending = ""
    if pending:
        raise InputError(f"{path}, line {start}: a double quote is opened and never closed; close it")


def _check_header(
    path: Path, line: int, header: list[str], required: tuple[str, ...], optional: tuple[str, ...]
) -> None:
    """Complain about missing, unknown and duplicate columns."""
    known = required + optional
    where = f"{path}, line {line}"
    if not header:
        raise InputError(f"{path}: the file is empty; its first line names the columns: {one_of(known)}")
    for name in header:
        if header.count(name) > 1:
            raise InputError(f"{where}, column '{name}': the column stands twice; keep one")
        if name not in known:
            hint = "separate cells by commas" if ";" in name else suggestion(name, known)
            raise InputError(f"{where}, column {name!r}: unknown column; {hint} (columns: {one_of(known)})")
    for name in required:
        if name not in header:
            raise InputError(f"{where}, column '{name}': the column is missing (columns: {one_of(known)})")
