"""The stability index, turning points and early-warning numbers, on states and series made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import Bench, bench, play, scenario

from sim.outcomes import early_warning, outcomes
from sim.record import Record
from sim.stability import COMPONENTS, components, normalised_hostility
from sim.turning import escalations, lasting, relations_from_index, spells, turning_points

HS = 0.15 / (0.30 - 0.15)  #: rise of hostility under one sustained act of -10 a week on both sides
REST = 0.6  #: its rest point in the two states


def part(lab: Bench, name: str) -> float:
    return float(components(lab.state, lab.setting)[COMPONENTS.index(name)])


def calm() -> Bench:
    lab = bench()
    lab.state.attack_window[:] = 0.0
    return lab


# -- components --------------------------------------------------------------------------------------------


def test_peace_is_one_in_every_component_but_legitimacy() -> None:
    lab = calm()
    assert components(lab.state, lab.setting) == pytest.approx([1.0, 1.0, 1.0, 0.5, 1.0])


def test_components_are_monotone_and_bounded() -> None:
    def path(name: str, change: str, sizes: list[float]) -> list[float]:
        found = []
        for size in sizes:
            lab = calm()
            if change == "attacks":
                lab.state.attack_window[:, 0] = size
            elif change == "hostility":
                lab.state.hostility[~np.eye(2, dtype=bool)] = REST + size
            elif change == "trade":
                lab.state.direct_trade[:] = lab.state.transit_trade[:] = 1.0 - size
            else:
                getattr(lab.state, change)[0] = size
            values = components(lab.state, lab.setting)
            assert ((values >= 0.0) & (values <= 1.0)).all()
            others = [k for k, n in enumerate(COMPONENTS) if n != name]
            assert values[others] == pytest.approx(components(calm().state, lab.setting)[others])
            found.append(float(values[COMPONENTS.index(name)]))
        return found

    for name, change, sizes in (
        ("violence", "attacks", [0.0, 0.1, 1.0, 3.0, 1e6]), ("movement", "return_memory", [0.0, 20.0, 500.0, 5000.0, 1e9]),
        ("movement", "flight_memory", [0.0, 20.0, 500.0, 5000.0, 1e9]), ("relations", "hostility", [-5.0, 0.1, 0.5, 1.4, 50.0]),
        ("trade", "trade", [0.0, 0.2, 0.5, 0.9, 1.0]),
    ):
        values = path(name, change, sizes)
        assert values[0] == 1.0 and values[-1] == 0.0, name
        assert (np.diff(values) <= 0).all() and len(set(values)) >= 4, (name, values)


def test_anchors_of_the_components() -> None:
    lab = calm()
    month = 365.25 / 12.0
    for attacks, expected in ((10.0, 1.0), (150.0, 0.0), (10.0 * math.sqrt(15.0), 0.5)):
        lab.state.attack_window[:] = 0.0
        lab.state.attack_window[0, 0] = attacks * 28.0 / month
        assert part(lab, "violence") == pytest.approx(expected)
    for moves, expected in ((1000.0, 1.0), (300_000.0, 0.0), (1000.0 * math.sqrt(300.0), 0.5)):
        lab.state.return_memory[0] = moves / month
        assert part(lab, "movement") == pytest.approx(expected)
    lab.state.hostility[~np.eye(2, dtype=bool)] = REST + 0.75 * HS
    assert part(lab, "relations") == pytest.approx(0.5)
    lab.state.legitimacy[:] = [0.2, 0.6]
    assert part(lab, "legitimacy") == pytest.approx(0.4)
    lab.state.transit_trade[0, 1] = 0.5
    assert part(lab, "trade") == pytest.approx(0.75)  # the worse direction of transit counts


def test_the_stock_of_displaced_people_does_not_count() -> None:
    lab = calm()
    before = components(lab.state, lab.setting)
    lab.state.people[lab.setting.displaced_rows] *= 10
    assert components(lab.state, lab.setting) == pytest.approx(before)


def test_hostility_is_measured_in_sustained_acts() -> None:
    lab = calm()
    assert normalised_hostility(lab.state, lab.setting) == pytest.approx(0.0)
    lab.state.hostility[~np.eye(2, dtype=bool)] = REST + HS
    assert normalised_hostility(lab.state, lab.setting) == pytest.approx(1.0)


def test_the_index_is_the_mean_of_its_components_every_day() -> None:
    model = play({"north": {"strikes/south": 1.0, "sanctions/south": 1.0}}, 60)
    parts = np.array([model.record.series("region", "region", f"stability_{name}") for name in COMPONENTS])
    assert model.record.series("region", "region", "stability") == pytest.approx(parts.mean(axis=0))
    row = model.outcomes
    assert row["stability_lowest"] <= row["stability_geometric"] <= row["stability"] <= max(row[f"stability_{n}"] for n in COMPONENTS)
    assert row["stability_lowest"] <= row["stability_weights_low"] < row["stability"] < row["stability_weights_high"] <= 1.0
    assert repr(row) == repr(model.outcomes)  # perturbed weights are the same every time


# -- turning points ----------------------------------------------------------------------------------------


def written(days: int = 700, **series: np.ndarray | float) -> Record:
    """A record of calm with some series written by hand: ``legitimacy_north``, ``open``, ``hostility``, ``attacks``."""
    setting = scenario("two_states").setting
    record = Record(setting)
    record.length = days

    def write(kind: str, actor: str, variable: str, values: np.ndarray | float) -> None:
        record.series(kind, actor, variable)[:] = values

    for name, rival in (("north", "south"), ("south", "north")):
        write("government", name, f"hostility/{rival}", series.get("hostility", REST))
        write("government", name, "legitimacy", series.get(f"legitimacy_{name}", 0.5))
    for name in setting.world.crossings:
        write("crossing", name, "open", series.get(f"open_{name}", series.get("open", 1.0)))
    write("region", "region", "attacks", series.get("attacks", 0.0))
    return record


def spell(days: int, first: int, last: int, inside: float, outside: float) -> np.ndarray:
    values = np.full(days, outside)
    values[first : last + 1] = inside
    return values


def found(record: Record) -> list[tuple[str, int, str]]:
    return [(event.kind, event.day, event.actor) for event in turning_points(record, scenario("two_states").setting)]


def test_calm_has_no_turning_point() -> None:
    assert found(written()) == []
    assert found(written(attacks=2.0)) == []


@pytest.mark.parametrize(("held", "expected"), [(27, []), (28, [("rupture", 127, "region")]), (200, [("rupture", 127, "region")])])
def test_rupture_by_lasting_hostility(held: int, expected: list[tuple[str, int, str]]) -> None:
    hostility = spell(700, 100, 99 + held, REST + 1.01 * HS, REST + 0.99 * HS)
    assert found(written(hostility=hostility)) == expected


def test_rupture_by_closing_every_crossing() -> None:
    shut = spell(700, 50, 70, 0.0, 1.0)
    assert found(written(open=shut)) == [("rupture", 70, "region")]
    assert found(written(open=spell(700, 50, 69, 0.0, 1.0))) == []
    assert found(written(**{"open_West Gate": shut})) == []


@pytest.mark.parametrize(("low", "held", "expected"), [(0.19, 90, 1), (0.19, 89, 0), (0.21, 300, 0)])
def test_collapse_of_legitimacy(low: float, held: int, expected: int) -> None:
    events = found(written(legitimacy_south=spell(700, 10, 9 + held, low, 0.5)))
    assert events == [("collapse", 99, "south")] * expected


@pytest.mark.parametrize(("factor", "threshold", "expected"), [(1.0, 2.0, 0), (1.9, 2.0, 0), (2.5, 2.0, 1), (2.5, 2.6, 0), (1.9, 1.75, 1)])
def test_escalation_against_the_year_before(factor: float, threshold: float, expected: int) -> None:
    attacks = np.full(700, 4.0)
    attacks[500:560] *= factor
    days = escalations(attacks, threshold)
    assert len(days) == expected
    assert all(500 < day <= 528 for day in days)


def test_escalation_stands_out_of_noise_and_needs_a_year() -> None:
    few = np.zeros(700)
    few[::28] = 1.0  # one attack a month: three in a month are three times as many, and no escalation
    few[500:503] = 1.0
    assert escalations(few, 2.0) == []
    early = np.full(300, 4.0)
    early[200:] = 40.0
    assert escalations(early, 2.0) == []


def test_two_episodes_are_two_and_one_long_one_is_one() -> None:
    attacks = np.full(1400, 4.0)
    attacks[450:480] = 16.0
    attacks[1000:1030] = 16.0
    assert len(escalations(attacks, 2.0)) == 2
    attacks[450:1030] = 16.0
    assert len(escalations(attacks, 2.0)) == 1


def test_spells() -> None:
    held = np.array([True] * 3 + [False] + [True] * 5)
    assert lasting(held, 3) == [2, 6] and lasting(held, 4) == [7] and lasting(held, 6) == []


@pytest.mark.parametrize(("calm", "again"), [(27, 0), (28, 1), (60, 1)])
def test_a_spell_ends_after_as_many_days_below(calm: int, again: int) -> None:
    """28 days above 1 begin it; only 28 days in a row below 0.8 end it, and a second one may begin."""
    values = np.concatenate([np.full(40, 1.1), np.full(calm, 0.79), np.full(40, 1.1)])
    assert spells(values, 1.0, 0.8, 28) == [27] + [40 + calm + 27] * again


def test_a_spell_goes_on_between_the_levels() -> None:
    below = np.concatenate([np.full(40, 1.1), np.full(200, 0.81), np.full(40, 1.1)])
    assert spells(below, 1.0, 0.8, 28) == [27]
    # A day above 0.8 in the middle starts the 28 days anew.
    broken = np.concatenate([np.full(40, 1.1), np.full(27, 0.5), [0.9], np.full(27, 0.5), np.full(40, 1.1)])
    assert spells(broken, 1.0, 0.8, 28) == [27]
    assert spells(np.full(27, 1.1), 1.0, 0.8, 28) == [] and spells(np.full(100, 1.0), 1.0, 0.8, 28) == []


def test_a_rupture_of_relations_ends_after_four_calm_weeks() -> None:
    for days, expected in ((27, 1), (28, 2)):
        hostility = np.full(700, REST + 1.01 * HS)
        hostility[200 : 200 + days] = REST + 0.79 * HS
        assert len(found(written(hostility=hostility))) == expected


def test_relations_by_day_agree_with_the_index() -> None:
    model = play({"north": {"sanctions/south": 1.0, "denounce/south": 1.0}}, 40)
    by_day = relations_from_index(model.record, model.setting)
    assert by_day[-1] == pytest.approx(normalised_hostility(model.state, model.setting))


# -- early warning, outcomes --------------------------------------------------------------------------------


def warned(attacks: np.ndarray) -> tuple[float, float]:
    row = early_warning(attacks.astype(float))
    return row["monthly_dispersion"], row["monthly_autocorrelation"]


def test_early_warning_is_silent_on_poisson_noise_with_or_without_trend() -> None:
    rng = np.random.default_rng(5)
    days = np.arange(1440)
    for rate in (np.full(1440, 1.5), 0.7 * np.exp(days / 1440 * math.log(4.0))):
        values = np.array([warned(rng.poisson(rate)) for _ in range(60)])
        assert values[:, 0].mean() == pytest.approx(1.0, abs=0.15)
        assert abs(values[:, 1].mean()) < 0.12


def test_early_warning_sees_clusters_and_slow_waves() -> None:
    rng = np.random.default_rng(5)
    clustered = np.array([warned(5 * rng.poisson(0.3, 1440)) for _ in range(30)])
    assert clustered[:, 0].mean() == pytest.approx(5.0, rel=0.2)
    wave = 1.5 * (1.0 + 0.8 * np.sin(np.arange(1440) / 1440 * 2 * np.pi * 4))
    assert np.mean([warned(rng.poisson(wave))[1] for _ in range(30)]) > 0.5


def test_early_warning_says_nothing_of_short_or_empty_series() -> None:
    assert all(math.isnan(value) for value in warned(np.ones(359)))
    assert all(math.isnan(value) for value in warned(np.zeros(1000)))


def test_outcomes_add_up() -> None:
    model = play({"north": {"deportation/undocumented": 1.0}}, 100)
    row = model.outcomes
    assert row["days"] == 100.0
    assert row["returns"] == row["returns_voluntary"] + row["returns_fear"] + row["returns_deportation"]
    assert row["coerced_returns"] == row["returns_fear"] + row["returns_deportation"] > 0
    assert row["attacks"] == row["attacks_north_front"] + row["attacks_south_front"] == row["attacks_2001"]
    assert row["deaths_per_attack"] == pytest.approx(row["deaths"] / row["attacks"])
    assert row["deportation_share"] == pytest.approx(row["returns_deportation"] / row["returns"])
    assert math.isnan(row["first_rupture"]) and row["ruptures"] == 0.0
    assert outcomes(Record(model.setting), model.setting) == {}


def test_turning_points_are_events_of_the_run() -> None:
    record = written(legitimacy_south=spell(700, 10, 200, 0.1, 0.5))
    events = record.events
    assert events["kind"].tolist() == ["collapse"] and events["day"].tolist() == [99]
