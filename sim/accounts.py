"""Book people out of the table: the dead, the recruited, the naturalised. Nobody is lost."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from agents.vocabulary import ACCOUNTS, FIGHTER_ACCOUNTS, Account
from sim import draws
from sim.state import State

IntArray = NDArray[np.int64]
ACCOUNT_INDEX = MappingProxyType({account.value: i for i, account in enumerate(ACCOUNTS)})


def book_from_place(
    state: State, rng: np.random.Generator, place: int, number: int, account: str, rows: slice | None = None
) -> int:
    """Move people at a place into an account, at random among those there (or among ``rows``).

    Returns
    -------
    How many were moved: fewer than ``number`` when fewer are there.
    """
    if number == 1 and rows is None:
        return _book_one(state, rng, place, account)
    chosen = rows if rows is not None else slice(None)
    here = state.people[chosen, place]
    taken = draws.pick(rng, here, number)
    state.people[chosen, place] -= taken
    state.accounts[ACCOUNT_INDEX[account], chosen] += taken
    return int(taken.sum())


def _book_one(state: State, rng: np.random.Generator, place: int, account: str) -> int:
    """Move one person, the usual case, without arrays of the table's size."""
    ends = state.people[:, place].cumsum()
    total = int(ends[-1])
    if not total:
        return 0
    row = int(ends.searchsorted(rng.integers(0, total), side="right"))
    state.people[row, place] -= 1
    state.accounts[ACCOUNT_INDEX[account], row] += 1
    return 1


def account_total(state: State, account: Account) -> int:
    """Everybody in an account."""
    return int(state.accounts[ACCOUNT_INDEX[account.value]].sum())


FIGHTER_INDEX = MappingProxyType({account.value: i for i, account in enumerate(FIGHTER_ACCOUNTS)})
