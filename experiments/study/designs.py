"""Designs: which points of the space of factors are run.

Samples come from :mod:`scipy.stats.qmc` in the unit cube, which is kept beside the values: the analyses of
SALib know no whole numbers and no choices, and take the raw unit cube. The order of rows is SALib's.
"""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
from scipy.stats import qmc

from agents.errors import InputError, one_of
from experiments.study.factors import (
    Factor,
    Fields,
    FloatArray,
    check_factors,
    evened,
    parse_choice,
    parse_factor,
    scale,
)
from sim.complaints import did_you_mean

KINDS = ("grid", "lhs", "sobol", "morris", "oat", "file")
#: More points than this are a slip of the pen.
MOST = 5_000_000
_NONE: Mapping[str, int] = MappingProxyType({})
#: Columns of a plan and of its results.
RESERVED = ("run_id", "point", "replicate", "seed", "status", "error", "seconds", "unit")


@dataclass(frozen=True)
class Design:
    """Points to run.

    Attributes
    ----------
    kind
        One of :data:`KINDS`.
    factors
        What is varied, in the order of the columns.
    points
        The values of every point.
    unit
        The same in the unit cube (points, factors), where the design has one.
    extra
        What an analysis must know of it: ``n``, ``second_order``, ``trajectories``, ``levels``, ``seed``.
    """

    kind: str
    factors: tuple[Factor, ...]
    points: tuple[tuple[object, ...], ...]
    unit: FloatArray | None = None
    extra: dict[str, int] = field(default_factory=dict)

    def params(self, point: int) -> dict[str, object]:
        """Return the values of a point by key: policies first, so that their parameters are set after them."""
        pairs = [(factor.key, value) for factor, value in zip(self.factors, self.points[point], strict=True)]
        return dict(sorted(pairs, key=lambda pair: not pair[0].startswith("policy@")))


def make_design(
    kind: str,
    texts: Sequence[str],
    fields: Fields,
    *,
    n: int = 128,
    seed: int = 1,
    second_order: bool = False,
    trajectories: int = 20,
    levels: int | None = None,
    file: Path | None = None,
) -> Design:
    """Make a design from factors as users write them.

    Parameters
    ----------
    kind
        One of :data:`KINDS`.
    texts
        Factors (:func:`experiments.study.factors.parse_factor`); for ``grid`` in the grammar of ``-m``.
    fields
        The fields of the scenario.
    n
        Points of ``lhs``; base samples of ``sobol``, a power of two.
    seed
        The design's own luck (the runs have theirs).
    second_order
        Whether ``sobol`` also has the rows that indices of second order need.
    trajectories
        Trajectories of ``morris``.
    levels
        Levels of ``morris`` (even, default 4) and of ``oat`` (default 2: both bounds).
    file
        The table of ``file``.

    Raises
    ------
    InputError
        In one line: what cannot be read, and what would be right.
    """
    if kind not in KINDS:
        raise InputError(f"design={kind}: unknown{did_you_mean(kind, KINDS)}; known: {one_of(KINDS)}")
    if kind == "file":
        if file is None or texts:
            raise InputError("design=file: takes a table and no factors; give file=TABLE.csv with a column a factor")
        return from_file(file, fields)
    factors = check_factors([(parse_choice if kind == "grid" else parse_factor)(text, fields) for text in texts])
    if kind == "grid":
        return grid(factors)
    if kind == "lhs":
        return lhs(factors, n, seed)
    if kind == "sobol":
        return sobol(factors, n, seed, second_order=second_order)
    if kind == "morris":
        return morris(factors, trajectories, seed, levels=4 if levels is None else levels)
    defaults = tuple(fields.default(factor.key) for factor in factors)
    return oat(factors, defaults, levels=2 if levels is None else levels)


def grid(factors: Sequence[Factor]) -> Design:
    """All combinations, the last factor fastest: Hydra's Cartesian product, in its order."""
    _check_size("grid", math.prod(len(factor.values) for factor in factors), "take fewer values, or design=lhs")
    return Design("grid", tuple(factors), tuple(itertools.product(*(factor.values for factor in factors))))


def lhs(factors: Sequence[Factor], n: int, seed: int = 1) -> Design:
    """A Latin hypercube: each factor's range in ``n`` equal parts, each met once."""
    if n < 1:
        raise InputError(f"n={n}: a Latin hypercube needs at least one point; give for example n=128")
    _check_size("lhs", n, "give a smaller n")
    unit = np.asarray(qmc.LatinHypercube(d=len(factors), seed=_generator("lhs", seed)).random(n), dtype=np.float64)
    return _from_unit("lhs", factors, unit, {"n": n, "seed": seed})


def sobol(factors: Sequence[Factor], n: int, seed: int = 1, *, second_order: bool = False) -> Design:
    """Saltelli's cross design over a scrambled Sobol' sequence.

    For each of ``n`` base samples, in SALib's order: A, then A with each factor from B (AB_1 ... AB_D), with
    ``second_order`` also B with each factor from A (BA_1 ... BA_D), then B.
    """
    if n < 2 or n & (n - 1):
        below = 2 ** max(int(n).bit_length() - 1, 1) if n > 1 else 2
        near = f"n={below} or n={below * 2}" if n > 2 else "for example n=512"
        raise InputError(f"n={n}: a Sobol design needs a power of two; give {near}")
    d = len(factors)
    blocks = (2 * d if second_order else d) + 2
    _check_size("sobol", n * blocks, "give a smaller n")
    base = np.asarray(qmc.Sobol(d=2 * d, scramble=True, seed=_generator("sobol", seed)).random(n), dtype=np.float64)
    a, b = base[:, :d], base[:, d:]
    unit = np.empty((n, blocks, d))
    unit[:, : d + 1] = a[:, None, :]
    unit[:, d + 1 :] = b[:, None, :]
    for k in range(d):
        unit[:, 1 + k, k] = b[:, k]
        if second_order:
            unit[:, 1 + d + k, k] = a[:, k]
    extra = {"n": n, "second_order": int(second_order), "seed": seed}
    return _from_unit("sobol", factors, unit.reshape(n * blocks, d), extra)


def morris(factors: Sequence[Factor], trajectories: int, seed: int = 1, *, levels: int = 4) -> Design:
    """Morris' trajectories: from a point of a grid, each factor steps once, up or down, in random order.

    As SALib does it: the grid has ``levels`` levels (even) from 0 to 1, a step is
    ``levels / (2 * (levels - 1))``; a trajectory has a row more than there are factors.
    """
    if levels < 2 or levels % 2:
        raise InputError(f"levels={levels}: a Morris design needs an even number of levels; give levels=4")
    if trajectories < 2:
        raise InputError(f"trajectories={trajectories}: a Morris design needs at least two; give for example trajectories=20")
    d = len(factors)
    _check_size("morris", trajectories * (d + 1), "give fewer trajectories")
    generator, half = _generator("morris", seed), levels // 2
    level = np.empty((trajectories, d + 1, d), dtype=np.int64)
    for index in range(trajectories):
        start, up = generator.integers(0, half, d), generator.integers(0, 2, d).astype(bool)
        now = np.where(up, start, start + half)
        level[index, 0] = now
        for step, k in enumerate(generator.permutation(d), start=1):
            now[k] += half if up[k] else -half
            level[index, step] = now
    unit = level.reshape(trajectories * (d + 1), d) / (levels - 1.0)
    extra = {"n": trajectories, "trajectories": trajectories, "levels": levels, "seed": seed}
    return _from_unit("morris", factors, unit, extra)


def oat(factors: Sequence[Factor], defaults: Sequence[object], *, levels: int = 2) -> Design:
    """One at a time: the scenario's own values first, then each factor over its range with the others left alone.

    Ranges are met at ``levels`` evenly spaced values with both ends (a factor ``log``: evenly in its
    logarithm); of choices all are met. Values equal to the scenario's own are left out.
    """
    if levels < 2:
        raise InputError(f"levels={levels}: one at a time needs both ends of a range; give levels=2 or more")
    points = [tuple(defaults)]
    for index, factor in enumerate(factors):
        values = list(factor.values) or list(dict.fromkeys(scale(factor, np.linspace(0.0, 1.0, levels))))
        for value in values:
            if value != defaults[index]:
                points.append((*defaults[:index], value, *defaults[index + 1 :]))
    return Design("oat", tuple(factors), tuple(zip(*map(evened, zip(*points, strict=True)), strict=True)), extra={"levels": levels})


def from_file(path: Path, fields: Fields) -> Design:
    """Read points from a CSV table: a column a factor, headed by its key, a row a point.

    Raises
    ------
    InputError
        In one line, with the line and the column, when a cell cannot be read.
    """
    header, lines = _read(path)
    for name in header:
        if name in RESERVED:
            raise InputError(f"{path}:1: column {name!r} is a column of results; leave it out, head columns by config keys")
        fields.check(name, f"{path}:1")
    columns: list[list[object]] = [[] for _ in header]
    for number, cells in lines:
        if len(cells) != len(header):
            raise InputError(f"{path}:{number}: {len(cells)} cells under {len(header)} columns; give one cell a column")
        for column, name, cell in zip(columns, header, cells, strict=True):
            column.append(_cell(cell.strip(), fields.default(name), f"{path}:{number}: column {name}"))
    columns = [evened(column) for column in columns]
    factors = check_factors([_of_column(name, values) for name, values in zip(header, columns, strict=True)])
    return Design("file", factors, tuple(zip(*columns, strict=True)))


def _read(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; give a CSV table with a column a factor") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as CSV in UTF-8 ({' '.join(str(error).split())}); give a CSV table") from None
    if len(rows) < 2:
        raise InputError(f"{path}: has no points; give a line of config keys and a line a point")
    header = [cell.strip() for cell in rows[0][1]]
    if "" in header:
        raise InputError(f"{path}:1: column {header.index('') + 1} has no name; head each column by a config key")
    return header, rows[1:]


def _cell(text: str, default: object, where: str) -> object:
    """Read a cell as the kind of value that the scenario has in that field."""
    if not text:
        raise InputError(f"{where}: is empty; give a value")
    if isinstance(default, bool):
        if text.lower() not in ("true", "false"):
            raise InputError(f"{where}: {text!r} is not right; give true or false")
        return text.lower() == "true"
    if isinstance(default, int | float):
        try:
            value = float(text)
        except ValueError:
            raise InputError(f"{where}: {text!r} is no number; give a number") from None
        if not math.isfinite(value):
            raise InputError(f"{where}: {text!r} is not finite; give a number")
        # A whole number may stand in a field with a fraction that happens to be whole (money: 5000).
        return int(value) if isinstance(default, int) and value.is_integer() else value
    return text


def _of_column(name: str, values: Sequence[object]) -> Factor:
    if name.startswith("policy@"):
        return Factor(name, "policy", values=tuple(dict.fromkeys(values)))
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        numbers = [float(str(value)) for value in values]
        kind = "int" if all(isinstance(value, int) for value in values) else "float"
        return Factor(name, kind, min(numbers), max(numbers))
    return Factor(name, "choice", values=tuple(dict.fromkeys(values)))


def _from_unit(kind: str, factors: Sequence[Factor], unit: FloatArray, extra: dict[str, int]) -> Design:
    columns = [scale(factor, unit[:, index]) for index, factor in enumerate(factors)]
    return Design(kind, tuple(factors), tuple(zip(*columns, strict=True)), unit, extra)


def _check_size(kind: str, points: int, advice: str) -> None:
    if points > MOST:
        raise InputError(f"design={kind}: {points:,} points are more than {MOST:,}; {advice}")


def _generator(kind: str, seed: int) -> np.random.Generator:
    """Return the luck of a design, apart from that of any run."""
    if seed < 0:
        raise InputError(f"seed={seed}: must not be negative; give for example seed=1")
    words = [int(seed), *kind.encode()]
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(words)))
