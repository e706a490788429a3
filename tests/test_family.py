"""Following a family: its path is a sample of the realised flows, and the same books give the same path."""

from __future__ import annotations

import functools
import re
from collections import Counter

import numpy as np
import pytest
from conflicts import model_of, scenario_of, two_ways
from conftest import Pinned, model_with, scenario
from scipy import stats
from test_flows import LIVELY, busy, kept_day

from agents.decisions import Announcement
from agents.errors import InputError
from agents.vocabulary import Reason
from sim.buckets import Kind, Layout
from sim.family import Family, journey, start_anywhere, start_with, where, who
from sim.flows import FlowBook
from sim.setting import Setting
from sim.state import State

FAMILIES = 3000


@functools.cache
def deadline() -> tuple[Setting, State, tuple[FlowBook, ...]]:
    """Forty days of two states with a deadline, a closed crossing and deportation: the evening before, and the books."""
    notes = (Announcement(("undocumented",), 0, 21, 1.0),)
    levels = {"deportation/undocumented": 1.0, "close_people/West Gate": 0.9, "registration": 1.0}
    model = model_with("two_states", {"north": Pinned(levels, notes), "south": Pinned({})}, *LIVELY)
    before = model.state.copy()
    return model.setting, before, tuple(kept_day(model) for _ in range(40))


def law(layout: Layout, start: int, books: tuple[FlowBook, ...]) -> np.ndarray:
    """Chance of being in each bucket at the end: mass sent along with the shares that moved."""
    mass = np.zeros(layout.firsts[-1])
    mass[start] = 1.0
    for book in books:
        for note in book.notes:
            sent = mass[note.source] * note.number / note.stock
            np.subtract.at(mass, note.source, sent)
            np.add.at(mass, note.target, sent)
    return mass


@pytest.mark.parametrize("days", [3, 25, 40])
def test_families_spread_as_the_flows_do(days: int) -> None:
    """Chi-square of 3,000 families from one cell against the law that the books imply; fixed seeds."""
    setting, before, books = deadline()
    some = start_with(before, setting, nationality="Southland", status="undocumented", place="North West March", home="South March", seed=1)
    mass = law(some.layout, some.start, books[:days])
    assert mass.sum() == pytest.approx(1.0) and mass[some.start] < 0.999
    found = np.zeros(len(mass))
    for number in range(FAMILIES):
        family = Family(some.layout, some.start, 0, seed=1, number=number)
        family.follow_all(books[:days])
        found[family.position] += 1
    assert (found[mass <= 1e-12] == 0).all()
    common = mass * FAMILIES >= 5.0
    expected = np.append(mass[common], mass[~common].sum()) * FAMILIES
    observed = np.append(found[common], found[~common].sum())
    assert len(expected) >= 3
    counted = expected > 0.0
    statistic = float(((observed - expected)[counted] ** 2 / expected[counted]).sum())
    assert statistic < stats.chi2.isf(1e-4, int(counted.sum()) - 1)


def test_a_family_moves_only_where_people_moved() -> None:
    model = busy("two_states", *LIVELY)
    families = [start_anywhere(model.state, model.setting, seed=1, number=k) for k in range(60)]
    for _ in range(120):
        book = kept_day(model)
        moves = {(a, b) for note in book.notes for a, b in zip(note.source.tolist(), note.target.tolist(), strict=True)}
        counts = families[0].layout.counts(model.state)
        for family in families:
            for step in family.follow(book):
                assert (step.source, step.target) in moves and 0 < step.moved <= step.alike
            assert counts[family.position] > 0, "somebody is where the family is"
            assert family.bucket.kind is not Kind.THROUGH
    assert sum(bool(family.path) for family in families) > 20


def test_a_family_ends_in_an_account() -> None:
    """Everybody at the place dies or leaves: a followed family that dies is in the account of the dead and stays there."""
    book = FlowBook()
    model = scenario("two_states").build()
    layout = book.open(model.state)
    family = start_with(model.state, model.setting, nationality="Southland", status="undocumented", place="North West March", seed=1)
    row = np.array([family.bucket.row])
    source, place = np.array([family.start]), family.bucket.place
    stock = model.state.people[row, place]
    book.note(source, layout.account("dead", row), stock, stock, len(Reason) + 8)
    (step,) = family.follow(book)
    assert step.word == "dead" and family.over and where(model.setting, family.bucket) == "dead"
    for day in range(1, 4):
        later = FlowBook()
        model.state.day = day
        later.open(model.state)
        assert family.follow(later) == ()
    assert journey(model.setting, family)[-1] == "Day 0 (2001-01-01): is killed in violence at North West March"


def test_going_back_gives_the_same_path_again() -> None:
    setting, before, books = deadline()
    changed = 0
    for number in range(40):
        family = start_anywhere(before, setting, seed=5, number=number)
        family.follow_all(books)
        whole, end = family.path, family.position
        for day in (0, 7, 22, 40):
            family.rewind(day)
            assert family.day == day and all(step.day < day for step in family.path)
            assert family.bucket == family.where(day)
            family.follow_all(books[day:])
            assert family.path == whole and family.position == end
        other = Family(family.layout, family.start, 0, seed=5, number=number + 1000)
        other.follow_all(books)
        changed += other.path != whole
    assert changed > 3, "another number is another luck"
    with pytest.raises(ValueError, match="day 41"):
        family.rewind(41)
    with pytest.raises(ValueError, match="not of day 3"):
        family.follow(books[3])


def test_following_touches_no_luck_of_the_model() -> None:
    plain, watched = busy("two_states"), busy("two_states")
    family = start_anywhere(watched.state, watched.setting, seed=3)
    for _ in range(30):
        family.follow(kept_day(watched))
        plain.step()
    layout = family.layout
    assert np.array_equal(layout.counts(plain.state), layout.counts(watched.state))


def test_random_families_are_displaced_and_where_the_displaced_are() -> None:
    model = scenario("pakistan_afghanistan").build()
    setting, state = model.setting, model.state
    picked = Counter(start_anywhere(state, setting, seed=1, number=k).bucket.row for k in range(2000))
    displaced = state.people[setting.displaced_rows].sum(axis=1)
    assert set(picked) <= set(setting.displaced_rows.tolist())
    expected = displaced / displaced.sum() * 2000
    common = expected >= 5
    observed = np.array([picked[row] for row in setting.displaced_rows.tolist()])
    statistic = float(((observed - expected)[common] ** 2 / expected[common]).sum())
    assert statistic < stats.chi2.isf(1e-4, int(common.sum()))


def test_words_say_who_where_why_and_how_many() -> None:
    model = scenario("pakistan_afghanistan").build().run_for(1000)
    setting = model.setting
    start = {"nationality": "Afghanistan", "status": "undocumented", "place": "Peshawar Division"}
    families = [start_with(model.state, setting, **start, seed=1, number=k) for k in range(80)]
    for _ in range(50):
        book = kept_day(model)
        for family in families:
            family.follow(book)
    told = [line for family in families for line in journey(setting, family)]
    text = "\n".join(told)
    assert told[0].startswith("Day 1000 (2023-09-28): a family from Afghanistan, without papers, home region ")
    assert told[0].endswith("at Peshawar Division")
    assert "leaves Peshawar Division for Torkham crossing, going home for fear of arrest and deportation (" in text
    assert "reaches Torkham crossing" in text and "crosses at Torkham crossing into Afghanistan" in text
    assert "goes on from Torkham crossing to " in text and "arrives at " in text
    assert " like them left that day)" in text
    assert who(setting, families[0].bucket).startswith("from Afghanistan")
    assert not any(re.search(r" -1|None", line) for line in told)


def test_every_word_of_a_book_can_be_told() -> None:
    """Many families in a busy run: each step has a sentence of its own."""
    model = busy("pakistan_afghanistan", *LIVELY)
    families = [start_anywhere(model.state, model.setting, seed=2, number=k) for k in range(300)]
    words: Counter[str] = Counter()
    for _ in range(60):
        book = kept_day(model)
        for family in families:
            words.update(step.word for step in family.follow(book))
    lines = [line for family in families for line in journey(model.setting, family)]
    assert len(words) >= 10 and all(line.startswith("Day ") for line in lines)


def test_what_cannot_be_followed_is_said_in_one_line() -> None:
    model = scenario("two_states").build()
    good = {"nationality": "Southland", "status": "undocumented", "place": "North West March"}
    for change, words in (
        ({"nationality": "Atlantis"}, "no country 'Atlantis'; known: Northland, Southland"),
        ({"status": "lost"}, "Southland has no people 'lost'"),
        ({"place": "Nowhere"}, "no place 'Nowhere'"),
        ({"home": "North Core"}, "known: South Core, South March"),
        ({"place": "West Gate"}, "there are no Southland undocumented at West Gate today"),
    ):
        with pytest.raises(InputError, match=words):
            start_with(model.state, model.setting, **{**good, **change}, seed=1)
    folder = model_of(scenario_of(two_ways()))
    with pytest.raises(InputError, match="over a network"):
        start_anywhere(folder.state, folder.setting, seed=1)
