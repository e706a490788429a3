"""Everything fixed in a run, in one place: geography, populations, actors, numbers, calendar."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.vocabulary import Status
from sim.cast import Cast
from sim.displacement.network import Network
from sim.displacement.reservoir import Reservoir
from sim.draws import Table
from sim.gates import Gates
from sim.people import Populations
from sim.settings import Config, Parameters
from sim.tables import Tables
from sim.world import World

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Setting:
    """The fixed part of a run; mechanisms read it, none writes it.

    Parameters
    ----------
    scale
        ``scenario.people_scale``: that many counted people stand for one person wherever people feed
        something that does not scale (recruits, attention, attractiveness).
    ring
        Length of the travel ring: the longest leg in days plus two.
    foreign_rows
        For each country and status abroad, the rows of other nationalities.
    """

    config: Config
    tables: Tables
    world: World
    populations: Populations
    cast: Cast
    gates: Gates
    start: dt.date
    days: int
    initial: IntArray
    block_bounds: IntArray  #: first row of every block, and the number of rows
    row_is_abroad: NDArray[np.bool_]
    row_out: IntArray  #: (rows, places) row that people travel abroad in: undocumented once they leave
    row_fled: IntArray  #: (rows, places) row of people who flee inside their country
    row_without_papers: IntArray  #: (rows,) undocumented row of the same nationality and home region
    first_cells: IntArray  #: first cell (row * places + place) of every block, and the number of cells
    row_back: IntArray  #: (rows,) row of people who return inside their country
    emigration: FloatArray  #: (countries,) everyday emigration of citizens, 1/year
    country_onehot: IntArray  #: (places, countries)
    leads_home: NDArray[np.bool_]  #: (rows, gates) whether a gate leads into the row's own country
    first_of_home: IntArray  #: (rows,) first row abroad of the same nationality and home region
    row_of_cell: IntArray  #: (rows * places,)
    place_of_cell: IntArray  #: (rows * places,)
    foreign_cells: tuple[tuple[tuple[IntArray, IntArray], ...], ...]  #: index of foreigners by country and status
    kernels: tuple[FloatArray, ...]
    severity: FloatArray
    shelter_weights: FloatArray
    at_home: NDArray[np.bool_]  #: (groups, places) whether a place lies in the group's target country
    whereabouts: IntArray  #: (groups, places) 1 in the group's target country, 2 in its sanctuary, 0 elsewhere
    joining: tuple[Table, ...]  #: for each group: where recruits join at home (row 0) and in sanctuary (row 1)
    baseline_levels: FloatArray
    baseline_operations: FloatArray  #: (governments,) operations at the start
    baseline_cooperation: FloatArray  #: (governments,) cooperation with all rivals at the start
    deportation_columns: IntArray  #: (statuses,) slots of deportation; empty when it is not registered
    rest_hostility: float
    hostility_unit: float
    ring: int
    least_room: int  #: smallest daily capacity of deportation of a government that has any
    has_limits: bool  #: whether any place has an admission limit
    by_status: IntArray  #: (statuses, rows) one-hot: whether a row has the status
    by_nation: IntArray  #: (countries, rows) one-hot: whether a row has the nationality
    places_of: tuple[IntArray, ...]
    foreign_rows: tuple[tuple[IntArray, ...], ...]
    all_foreign_rows: tuple[IntArray, ...]
    abroad_rows: tuple[IntArray, ...]
    displaced_rows: IntArray
    returnee_row: IntArray
    nationalities: tuple[int, ...]
    residents_of: FloatArray
    per_100k: FloatArray
    foreigners_at_start: IntArray
    abroad_at_start: FloatArray
    violence_at_start: FloatArray
    pair_weights: tuple[tuple[FloatArray, ...], ...]
    forces_cost: FloatArray
    money_cost: FloatArray
    standing_cost: FloatArray  #: (slots,) points a year, weighted by the slot's share
    cost_weights: FloatArray
    network: Network | None = None  #: the network of a conflict folder; people then move over it, not through gates
    reservoir: Reservoir | None = None  #: where the people of a conflict folder come from

    @property
    def parameters(self) -> Parameters:
        """The numbers of the mechanisms."""
        return self.config.parameters

    @property
    def scale(self) -> float:
        """Counted people for one person."""
        return self.config.scenario.people_scale

    def date(self, day: int) -> dt.date:
        """Return the date of a day."""
        return self.start + dt.timedelta(days=int(day))

    def day_of(self, date: dt.date) -> int:
        """Return the day of a date (negative before the start)."""
        return (date - self.start).days

    def gate_name(self, gate: int) -> str:
        """Name of a gate for streams: the crossing and the country it leads to."""
        crossing = self.world.crossings[int(self.gates.crossing[gate])]
        return f"{crossing}>{self.world.countries[int(self.gates.destination[gate])]}"

    def row_turning_back(self, rows: IntArray, country: int) -> IntArray:
        """Rows of people who turn back at a gate into ``country``: displaced people in their own country."""
        own = self.populations.nationality[rows] == country
        displaced = np.array([self.populations.block(int(n), Status.IDP).first for n in self.populations.nationality[rows]], dtype=np.int64)
        return np.where(own, displaced + np.maximum(self.populations.home[rows], 0), rows)
