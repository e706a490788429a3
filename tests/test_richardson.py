"""Hostility between two governments that act in proportion to it follows Richardson's equations.

    dh_ij/dt = k r h_ji - a (h_ij - g_ij)      per week

with k the reaction, r the policy's own reaction, a the fatigue and g the grievance. Everything else
that moves hostility (maintenance, attribution, reciprocity, talks, levers) is switched off.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from agents.errors import InputError
from sim import Scenario
from sim.diplomacy import rest_point

K, A, R = 0.2, 0.4, 0.9
G = np.array([0.5, 0.1])  # grievance of north and of south
OFF = (
    "policy@policies.north=richardson", "policy@policies.south=richardson", "parameters.diplomacy.maintenance=0",
    "parameters.diplomacy.attribution=0", "parameters.diplomacy.reciprocity=0", "mediators.international.offers=0",
)  # fmt: skip


def series(days: int, interval: int, k: float = K, a: float = A, r: float = R, start: tuple[float, float] = (0.9, -0.3)) -> np.ndarray:
    """Hostility of north and of south on every evening, the start first, (days + 1, 2)."""
    model = Scenario.load("two_states", seed=1, overrides=[
        *OFF, f"parameters.diplomacy.reaction={k}", f"parameters.diplomacy.fatigue={a}", f"scenario.decision_interval={interval}",
        f"policies.north.params.reaction={r}", f"policies.south.params.reaction={r}",
        f"governments.north.grievance={G[0]}", f"governments.south.grievance={G[1]}",
    ]).build()  # fmt: skip
    state = model.state
    state.hostility[0, 1], state.hostility[1, 0] = start
    model.run_for(days)
    north = model.record.series("government", "north", "hostility/south")
    south = model.record.series("government", "south", "hostility/north")
    return np.vstack([start, np.column_stack([north, south])])


def matrix(k: float, a: float, r: float) -> np.ndarray:
    """Continuous system, per day: dh/dt = M h + a g / 7."""
    return np.array([[-a, k * r], [k * r, -a]]) / 7.0


def exact(days: np.ndarray, start: np.ndarray, k: float = K, a: float = A, r: float = R) -> np.ndarray:
    rest = np.linalg.solve(-matrix(k, a, r), a * G / 7.0)
    return np.array([rest + expm(matrix(k, a, r) * t) @ (start - rest) for t in days])


def test_daily_decisions_follow_the_discrete_system_exactly() -> None:
    h = series(200, 1)
    expected = [h[0]]
    step = np.eye(2) + matrix(K, A, R)
    for _ in range(200):
        expected.append(step @ expected[-1] + A * G / 7.0)
    np.testing.assert_allclose(h, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("a", [0.4, 0.2])
def test_daily_decisions_approach_the_continuous_solution(a: float) -> None:
    """Euler with a step of a day: the error is of the order of a/7, and halves when all rates halve."""
    days = np.arange(201)
    h = series(200, 1, k=a / 2, a=a)
    gap = np.abs(h - exact(days, h[0], k=a / 2, a=a)).max()
    size = np.abs(h[0] - h[-1]).max()
    assert gap < 0.5 * a / 7.0 * size
    assert gap > 1e-6, "a test of the tolerance itself: Euler is not exact"


def test_weekly_decisions_follow_the_sampled_and_held_solution() -> None:
    """What one does is fixed for a week by the hostility at its start; the fatigue goes on daily."""
    h = series(140, 7)
    expected = [h[0]]
    for day in range(140):
        if day % 7 == 0:
            held = expected[-1][::-1].copy()  # of the other side, at the start of the week
        expected.append(expected[-1] + K * R / 7.0 * held - A / 7.0 * (expected[-1] - G))
    np.testing.assert_allclose(h, expected, rtol=0, atol=1e-12)
    continuous = exact(np.arange(141), h[0])
    assert 1e-4 < np.abs(h - continuous).max() < 0.1 * np.abs(h[0] - h[-1]).max()


@pytest.mark.parametrize("interval", [1, 7])
def test_equilibrium_has_the_closed_form(interval: int) -> None:
    h = series(720, interval)
    expected = [rest_point(K * R, A, 1.0, *G), rest_point(K * R, A, 1.0, *G[::-1])]
    np.testing.assert_allclose(expected, np.linalg.solve(-matrix(K, A, R), A * G / 7.0), rtol=1e-12)
    np.testing.assert_allclose(h[-1], expected, atol=1e-8)


def test_reciprocity_alone_is_the_same_process() -> None:
    """The routine reciprocity of the equations is what the policy with reaction 1 does every day."""
    acting = series(60, 1, r=1.0)
    overrides = [text.replace("=richardson", "=status_quo") for text in OFF if "reciprocity" not in text]
    model = Scenario.load("two_states", overrides=[
        *overrides, f"parameters.diplomacy.reaction={K}", f"parameters.diplomacy.fatigue={A}",
        f"governments.north.grievance={G[0]}", f"governments.south.grievance={G[1]}",
    ]).build()  # fmt: skip
    model.state.hostility[0, 1], model.state.hostility[1, 0] = acting[0]
    model.run_for(60)
    north = model.record.series("government", "north", "hostility/south")
    np.testing.assert_allclose(north, acting[1:, 0], atol=1e-12)


def test_the_boundary_of_stability() -> None:
    """k r = a: the sum of hostilities grows steadily by the grievances, the difference still fades."""
    h = series(400, 1, k=0.2, a=0.2, r=1.0)
    np.testing.assert_allclose(np.diff(h.sum(axis=1)), 0.2 / 7.0 * G.sum(), atol=1e-12)
    assert abs(h[-1, 0] - h[-1, 1]) < abs(h[0, 0] - h[0, 1])


@pytest.mark.parametrize(("ratio", "grows"), [(0.8, False), (1.0, False), (1.2, True)])
def test_growth_beyond_the_boundary(ratio: float, grows: bool) -> None:
    """With the grievances at their place the mean mode decays for k r < a and grows for k r > a."""
    h = series(350, 1, k=0.2 * ratio, a=0.2, r=1.0, start=(1.0, 1.0)).sum(axis=1)
    increments = np.diff(h)
    assert (increments[-1] > 1.5 * increments[0]) == grows


@given(st.floats(0.0, 0.4), st.floats(0.05, 0.6), st.floats(0.0, 1.0), st.floats(0.0, 0.6), st.floats(0.0, 0.6))
@settings(max_examples=100, deadline=None)
def test_rest_point_is_where_nothing_moves(k: float, a: float, rho: float, g_i: float, g_j: float) -> None:
    if k * rho > 0.98 * a:
        return
    i, j = rest_point(k, a, rho, g_i, g_j), rest_point(k, a, rho, g_j, g_i)
    assert k * rho * j - a * (i - g_i) == pytest.approx(0.0, abs=1e-9)
    assert k * rho * i - a * (j - g_j) == pytest.approx(0.0, abs=1e-9)


def test_a_run_starts_at_rest() -> None:
    """Without acts, measures and blame nothing moves on the first day."""
    off = ["parameters.diplomacy.maintenance=0", "parameters.diplomacy.attribution=0"]
    model = Scenario.load("two_states", overrides=off).build()
    before = model.state.hostility.copy()
    model.thinking = False
    model.run_for(3)
    np.testing.assert_allclose(model.state.hostility, before, atol=1e-12)


def test_numbers_beyond_stability_are_refused_or_bounded() -> None:
    """Hostility is bounded in every run that reacts: k > a must not let it grow without end."""
    try:
        model = Scenario.load("two_states", overrides=[
            "parameters.diplomacy.reaction=0.4", "parameters.diplomacy.fatigue=0.05", "policy@policies.north=tit_for_tat",
        ]).build().run()  # fmt: skip
    except InputError:
        return
    assert np.abs(model.state.hostility).max() < 1000.0
