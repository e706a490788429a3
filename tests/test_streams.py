"""Streams: every draw has an address; the same address gives the same numbers, another one independent ones."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from agents.decisions import Act
from sim import Scenario
from sim.streams import Streams

ROOT = Path(__file__).parent.parent
#: All tests here use fixed seeds: a p-value below this is a defect, not bad luck.
ALPHA = 1e-4
ADDRESSES = tuple(
    itertools.product(("attacks", "leave", "status"), ("north", "south", "Naïve Gate>Ünland", ""), (0, 1, 7, 1460))
)


def draw(streams: Streams, address: tuple[str, str, int], size: int = 8) -> list[float]:
    return streams.uniforms(*address, size).tolist()


def test_same_address_gives_same_numbers_in_any_order() -> None:
    forward, backward = Streams(5, 2), Streams(5, 2)
    first = {address: draw(forward, address) for address in ADDRESSES}
    second = {address: draw(backward, address) for address in reversed(ADDRESSES)}
    assert first == second
    assert len({tuple(numbers) for numbers in first.values()}) == len(ADDRESSES)


def test_same_numbers_in_another_process() -> None:
    code = (
        "from sim.streams import Streams\n"
        "s = Streams(11, 3)\n"
        "s.generator('other', 'x', 9).random(17)\n"
        "print([x.hex() for x in s.uniforms('attacks', 'Ünland', 42, 5).tolist()])"
    )
    here = str([x.hex() for x in Streams(11, 3).uniforms("attacks", "Ünland", 42, 5).tolist()])
    for hash_seed in ("0", "123"):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, encoding="utf-8",
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert done.stdout.strip() == here


@given(
    wasted=st.lists(st.tuples(st.sampled_from(ADDRESSES), st.integers(0, 40), st.booleans()), max_size=12),
    address=st.sampled_from(ADDRESSES),
)
@settings(max_examples=60, deadline=None)
def test_what_others_draw_moves_nothing(wasted: list[tuple[tuple[str, str, int], int, bool]], address: tuple[str, str, int]) -> None:
    """However much is drawn before, of whatever kind, a stream starts where it starts."""
    streams = Streams(8)
    for other, number, whole in wasted:
        rng = streams.generator(*other)
        if whole:
            rng.integers(0, 10, size=number, dtype=np.uint32)  # leaves half a word in the buffer
        else:
            rng.multinomial(50, [0.2, 0.3, 0.5], size=number)
    assert draw(streams, address) == draw(Streams(8), address)


def test_a_longer_draw_begins_like_a_shorter_one() -> None:
    streams = Streams(1)
    assert draw(streams, ("a", "b", 3), 100)[:10] == draw(streams, ("a", "b", 3), 10)


def test_the_next_call_takes_the_generator() -> None:
    """The documented limit: one generator object, valid until the next call."""
    streams = Streams(1)
    assert streams.generator("a", "b", 0) is streams.generator("c", "d", 0)


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**63 + 5])
def test_uniforms_are_uniform(seed: int) -> None:
    streams = Streams(seed)
    pooled = np.concatenate([streams.uniforms("attacks", "north", day, 50) for day in range(400)])
    assert stats.kstest(pooled, "uniform").pvalue > ALPHA
    assert pooled.min() >= 0.0 and pooled.max() < 1.0


def series(vary: str, value: int) -> np.ndarray:
    """First numbers of 3,000 streams whose addresses differ in the counter, with ``vary`` at ``value``."""
    seed, replicate, mechanism, actor = 1, 0, "attacks", "north"
    shift = 0
    if vary == "seed":
        seed += value
    elif vary == "replicate":
        replicate += value
    elif vary == "mechanism":
        mechanism += "+" * value
    elif vary == "actor":
        actor += "+" * value
    else:
        shift = value
    streams = Streams(seed, replicate)
    return np.array([streams.uniforms(mechanism, actor, day + shift, 2) for day in range(3000)])


@pytest.mark.parametrize("vary", ["seed", "replicate", "mechanism", "actor", "day"])
def test_neighbouring_addresses_are_independent(vary: str) -> None:
    """Chi-square on an 8 x 8 table of pairs, and correlation: n = 6,000 pairs detect |r| > 0.06."""
    base = series(vary, 0)
    for value in (1, 2):
        other = series(vary, value)
        a, b = base.ravel(), other.ravel()
        table = np.histogram2d(a, b, bins=8, range=[[0, 1], [0, 1]])[0]
        assert stats.chi2_contingency(table).pvalue > ALPHA
        assert stats.pearsonr(a, b).pvalue > ALPHA
        assert stats.kstest((a + b) % 1.0, "uniform").pvalue > ALPHA
        assert len(np.intersect1d(a, b)) == (0 if vary != "day" else 2 * (3000 - value))


def test_days_never_overlap() -> None:
    """A day's stream is 2^192 numbers away from the next: long draws of days share nothing."""
    streams = Streams(4)
    long = [streams.uniforms("leave", "x", day, 20_000) for day in (0, 1, 2)]
    assert len(np.unique(np.concatenate(long))) == 60_000


def test_seed_and_replicate_do_not_mix() -> None:
    """(1, 23) is not (12, 3): parts of the name are kept apart, and so are mechanism and actor."""
    address = ("a", "b", 0)
    assert draw(Streams(1, 23), address) != draw(Streams(12, 3), address)
    assert draw(Streams(1), ("ab", "", 0)) != draw(Streams(1), ("a", "b", 0))


LOUD = (
    "policy@policies.{0}=hardline", "policy@policies.{1}=conciliatory", "parameters.fighters.splinter=2.0",
    "parameters.fighters.merger=2.0", "parameters.strikes.rate=365.0",
)  # fmt: skip


@pytest.mark.parametrize(
    ("scenario", "names"), [("two_states", ("north", "south")), ("pakistan_afghanistan", ("pakistan", "afghanistan"))]
)
def test_no_address_is_drawn_from_twice(scenario: str, names: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Two mechanisms that asked for one address would share their luck: each asks at most once a day."""
    asked: Counter[tuple[str, str, int]] = Counter()
    original = Streams.generator

    def counting(self: Streams, mechanism: str, actor: str, day: int) -> np.random.Generator:
        asked[(mechanism, actor, day)] += 1
        return original(self, mechanism, actor, day)

    model = Scenario.load(scenario, seed=3, overrides=[text.format(*names) for text in LOUD]).build()
    place = model.setting.world.places[int(model.setting.places_of[model.setting.cast.country[1]][0])]
    twice = [(0, Act(day, names[1], "strike", -10.0, "a strike", (place,))) for day in (5, 20) for _ in range(2)]
    model.state.acts_due = tuple(twice)  # two on one place and day, beside those of the lever
    monkeypatch.setattr(Streams, "generator", counting)
    model.run_for(60)
    assert len(asked) > 1000, "the streams were not watched"
    assert [address for address, times in asked.items() if times > 1] == []
    assert sum(address[0] == "strike civilians" and address[2] in (5, 20) for address in asked) >= 4
    assert all("|" not in mechanism for mechanism, _, _ in asked)
