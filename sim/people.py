"""The table of people: who is counted in which row.

A row of the table is a population: nationality, legal status and, for people away from home, the
home region that returns go to. Columns are places. Rows of one nationality and status stand
together (a *block*): that block is one agent, and its draws come from one stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from agents.errors import InputError
from agents.vocabulary import ABROAD, Status
from sim.tables import Tables
from sim.world import World

IntArray = NDArray[np.int64]

#: Statuses in the order of the rows of one nationality.
ORDER: tuple[Status, ...] = (Status.CITIZEN, Status.RETURNEE, Status.IDP, *ABROAD)
#: Statuses whose rows are split by home region; citizens and returnees are where their home is.
BY_HOME: tuple[Status, ...] = (Status.IDP, *ABROAD)


@dataclass(frozen=True)
class Block:
    """The rows of one nationality and status.

    Parameters
    ----------
    nationality
        Index of the country.
    first, homes
        First row, and number of rows (1, or the number of home regions).
    """

    name: str
    nationality: int
    status: Status
    first: int
    homes: int

    @cached_property
    def rows(self) -> slice:
        """The rows as a slice."""
        return slice(self.first, self.first + self.homes)

    @cached_property
    def word(self) -> str:
        """The status as a plain word."""
        return self.status.value

    @cached_property
    def by_home(self) -> bool:
        """Whether the rows are split by home region."""
        return self.status in BY_HOME

    @cached_property
    def abroad(self) -> int:
        """Position of the status among those of people abroad, -1 for people at home."""
        return ABROAD.index(self.status) if self.status in ABROAD else -1

    @property
    def rows_range(self) -> range:
        """The rows as a range."""
        return range(self.first, self.first + self.homes)


@dataclass(frozen=True)
class Populations:
    """Which rows the table of people has.

    Parameters
    ----------
    blocks
        All blocks in row order.
    nationality, home
        (rows,) index of the country, and of the home region within it (-1 for citizens and returnees).
    """

    blocks: tuple[Block, ...]
    nationality: IntArray
    home: IntArray

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.nationality)

    def block(self, nationality: int, status: Status) -> Block:
        """Return the block of a nationality and status."""
        for block in self.blocks:
            if block.nationality == nationality and block.status is status:
                return block
        raise KeyError(f"no population of nationality {nationality} with status {status}")


def build_populations(world: World) -> Populations:
    """Lay out the rows: every country with residents has all six statuses."""
    blocks: list[Block] = []
    nationality: list[int] = []
    home: list[int] = []
    for country, name in enumerate(world.countries):
        n_homes = len(world.homes[country])
        if not n_homes:
            continue
        for status in ORDER:
            rows = n_homes if status in BY_HOME else 1
            blocks.append(Block(f"{name} {status.value}", country, status, len(nationality), rows))
            nationality += [country] * rows
            home += list(range(n_homes)) if status in BY_HOME else [-1]
    return Populations(tuple(blocks), np.array(nationality, dtype=np.int64), np.array(home, dtype=np.int64))


def initial_people(tables: Tables, world: World, populations: Populations, people_scale: float) -> IntArray:
    """Count everybody on the evening before the first day.

    Residents of ``places.csv`` are citizens; those whom ``populations.csv`` lists as displaced or
    recently returned inside their own country are taken out of the citizens of their place.

    Returns
    -------
    Integer array (rows, places).
    """
    people = np.zeros((populations.n_rows, world.n_places), dtype=np.int64)
    for block in populations.blocks:
        if block.status is Status.CITIZEN:
            people[block.first] = np.where(world.country == block.nationality, world.residents, 0)
    for row in tables.populations:
        nationality = world.countries.index(row.nationality)
        status = Status(row.status)
        block = populations.block(nationality, status)
        line = block.first
        if status in BY_HOME:
            line += world.homes[nationality].index(row.home_region)
        place = world.place_index(row.place)
        count = round(row.count * people_scale)
        people[line, place] += count
        if status in (Status.IDP, Status.RETURNEE):
            citizens = populations.block(nationality, Status.CITIZEN).first
            people[citizens, place] -= count
            if people[citizens, place] < 0:
                raise InputError(
                    f"populations.csv: more displaced and returned people at {row.place!r} than residents in places.csv"
                )
    return people
