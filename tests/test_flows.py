"""The book of flows: replayed on the evening before, it gives the evening; kept or not, the run is the same."""

from __future__ import annotations

import time

import numpy as np
import pytest
from conflicts import model_of, scenario_of, two_ways
from conftest import Everything, Pinned, model_with, same_tables, scenario

from agents.decisions import Announcement
from agents.vocabulary import REASONS
from sim.buckets import Kind, Layout
from sim.flows import WORD, WORDS, FlowBook
from sim.model import MarchlandModel
from sim.state import State


def kept_day(model: MarchlandModel) -> FlowBook:
    """Play a day with a book."""
    today = model.watched_step()
    assert today.flows is not None
    return today.flows


def replay(book: FlowBook, evening: State) -> np.ndarray:
    """Play a book on the evening before; every note must find in its buckets what it says it found."""
    layout = Layout.of(evening)
    counts = layout.counts(evening)
    for note in book.notes:
        assert (note.number > 0).all() and (note.source != note.target).all()
        assert (counts[note.source] == note.stock).all(), [WORDS[w] for w in np.unique(note.word)]
        moved = np.zeros_like(counts)
        np.add.at(moved, note.source, note.number)
        assert (moved <= counts).all()
        np.add.at(counts, note.target, note.number)
        counts -= moved
    return counts


def busy(name: str, *overrides: str) -> MarchlandModel:
    """A run in which every lever is pulled by turns: deportation, closures, registration and all."""
    cast = scenario(name, *overrides).setting.cast
    policies = {government: Everything(tuple(cast.slots_of[i][1]), "-") for i, government in enumerate(cast.governments)}
    return model_with(name, policies, *overrides, seed=3)


LIVELY = ("parameters.status.expiry=0.5", "parameters.status.naturalisation=0.5", "parameters.flight.rate=0.001")
SCALED = ("scenario.people_scale=100",)


@pytest.mark.parametrize(("name", "days", "overrides"), [
    pytest.param("two_states", 200, LIVELY, id="two_states"),
    pytest.param("two_states", 60, (*LIVELY, *SCALED), id="two_states-many"),
    pytest.param("pakistan_afghanistan", 120, LIVELY, id="flagship"),
])  # fmt: skip
def test_the_book_of_a_day_leads_from_evening_to_evening(name: str, days: int, overrides: tuple[str, ...]) -> None:
    model = busy(name, *overrides)
    words: set[int] = set()
    for _ in range(days):
        before = model.state.copy()
        book = kept_day(model)
        assert book.day == before.day
        assert np.array_equal(replay(book, before), Layout.of(before).counts(model.state))
        words |= {int(w) for note in book.notes for w in note.word}
    silent = {"outside", "emigration", "onward"} if name == "two_states" else {"outside"}  # two states: no third country
    missing = {WORDS[w] for w in set(range(len(WORDS))) - words}
    assert missing <= silent, missing


def test_history_of_the_flagship_replays_through_the_deadline() -> None:
    model = scenario("pakistan_afghanistan").build().run_for(990)
    seen = 0
    for _ in range(70):
        before = model.state.copy()
        book = kept_day(model)
        assert np.array_equal(replay(book, before), Layout.of(before).counts(model.state))
        seen += sum(int(note.number[note.word == REASONS.index("fear")].sum()) for note in book.notes)  # type: ignore[arg-type]
    assert seen > 100_000


def test_a_book_that_misses_a_move_is_noticed() -> None:
    model = busy("two_states").run_for(20)
    before = model.state.copy()
    book = kept_day(model)
    largest = max(range(len(book.notes)), key=lambda k: int(book.notes[k].number.sum()))
    del book.notes[largest]
    try:
        same = np.array_equal(replay(book, before), Layout.of(before).counts(model.state))
    except AssertionError:
        same = False
    assert not same


@pytest.mark.parametrize("name", ["two_states", "pakistan_afghanistan"])
def test_a_run_is_the_same_with_and_without_a_book(name: str) -> None:
    plain, kept = busy(name), busy(name)
    plain.run_for(60)
    for _ in range(60):
        kept_day(kept)
    same_tables(plain, kept)
    assert np.array_equal(Layout.of(plain.state).counts(plain.state), Layout.of(kept.state).counts(kept.state))
    assert scenario(name).build().begin_day().flows is None


def test_conflict_folders_leave_the_book_empty() -> None:
    model = model_of(scenario_of(two_ways()))
    books = [kept_day(model) for _ in range(5)]
    assert model.state.people.sum() > 0
    assert all(book.notes == [] and book.trips(model.setting) == [] for book in books)


def test_buckets_read_back() -> None:
    """Every number names one bucket, and the bucket's own cell has that number."""
    levels = {"deportation/undocumented": 1.0, "close_people/West Gate": 1.0}
    model = model_with("two_states", {"north": Pinned(levels), "south": Pinned({})}).run_for(40)
    state = model.state
    layout = Layout.of(state)
    counts = layout.counts(state)
    tables = {Kind.PLACE: state.people, Kind.ROAD: state.inland, Kind.TO_GATE: state.toward, Kind.QUEUE: state.queue, Kind.ACCOUNT: state.accounts}
    kinds = set()
    for number in np.flatnonzero(counts).tolist():
        kind, row, place, gate, slot, reason, account = layout.bucket(number)
        kinds.add(kind)
        index = {
            Kind.PLACE: (row, place), Kind.ROAD: (slot, row, place), Kind.TO_GATE: (slot, reason, row, gate),
            Kind.QUEUE: (reason, row, gate), Kind.ACCOUNT: (account, row),
        }[kind]  # fmt: skip
        assert min(index) >= 0 and tables[kind][index] == counts[number]
    assert kinds == set(tables)


def test_trips_are_the_moves_of_the_day() -> None:
    """Departures add up to those on record; what comes through the crossings is what goes on beyond them."""
    model = busy("pakistan_afghanistan", *LIVELY)
    setting = model.setting
    crossings = set(setting.world.crossing_place.tolist())
    for _ in range(40):
        book = kept_day(model)
        trips = book.trips(setting)
        assert [t.people for t in trips] == sorted((t.people for t in trips), reverse=True) and all(t.people > 0 for t in trips)
        assert len({(t.origin, t.target, t.reason) for t in trips}) == len(trips)
        words = {word: sum(int(n.number[n.word == WORD[word]].sum()) for n in book.notes) for word in WORDS}
        for reason in REASONS:
            out = sum(t.people for t in trips if t.reason == reason.value and t.origin not in crossings)
            assert out == words[reason.value]
        beyond = sum(t.people for t in trips if t.origin in crossings)
        assert beyond == words["goes on"] + words["tries another crossing"] + words["turns back"]
        assert words["goes on"] == words["crosses"] + words["crosses irregularly"]
    country = setting.world.country
    for trip in trips:
        if trip.origin not in crossings and trip.target not in crossings:
            assert country[trip.origin] == country[trip.target], "abroad only by way of a crossing"


def test_a_closed_crossing_sends_people_elsewhere_and_the_book_says_so() -> None:
    notes = (Announcement(("undocumented",), 0, 21, 1.0),)
    model = model_with("two_states", {"north": Pinned({"deportation/undocumented": 1.0, "close_people/West Gate": 1.0}, notes), "south": Pinned({})})
    words: dict[str, int] = dict.fromkeys(WORDS, 0)
    for _ in range(40):
        for note in kept_day(model).notes:
            for w, n in zip(note.word.tolist(), note.number.tolist(), strict=True):
                words[WORDS[w]] += n
    for word in ("deportation", "fear", "crosses irregularly", "tries another crossing", "turns back"):
        assert words[word] > 0, word


def test_trips_are_cheap() -> None:
    """Below half a millisecond a day on the flagship."""
    model = scenario("pakistan_afghanistan").build().run_for(1000)
    spent = []
    for _ in range(60):
        book = kept_day(model)
        start = time.process_time()
        book.trips(model.setting)
        spent.append(time.process_time() - start)
    assert float(np.median(spent)) < 0.002
