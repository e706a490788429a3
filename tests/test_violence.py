"""Attacks: self-excitation that keeps the mean, heavy-tailed deaths, truces, surges, contested signs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import Bench, bench

from agents.decisions import GroupDecision
from sim.state import Surge
from sim.streams import Streams
from sim.violence import attack, bury, in_reach, intensity, mean_deaths, severity_table

BUSY = ("groups.north_front.attack_rate=5", "groups.south_front.attack_rate=5")


def rate_of(lab: Bench, group: str = "north_front") -> float:
    """Attacks a day that the group's fighters should make on average, from its settings alone."""
    g = lab.group(group)
    deployed = lab.state.fighters[g][lab.setting.cast.weights[g] > 0.0].sum()
    return float(lab.setting.cast.group_settings[g].attack_rate * deployed / 365.25)


def attacks_by_day(lab: Bench, days: int, first: int = 0) -> np.ndarray:
    """(days, groups) attacks with fighters and legitimacy held where they are."""
    out = np.zeros((days, len(lab.setting.cast.groups)))
    for day in range(days):
        today = lab.today(first + day)
        attack(lab.state, lab.setting, lab.streams, today)
        out[day] = today.attacks.sum(axis=1)
    return out


def mean_intensity(lab: Bench, undocumented: float = 0.0, group: str = "north_front") -> float:
    g = lab.group(group)
    return float(intensity(lab.state, lab.setting, g, lab.setting.kernels[g], undocumented).sum())


# -- self-excitation ------------------------------------------------------------------------------


@pytest.mark.parametrize("branching", [0.0, 0.3, 0.55, 0.8])
@pytest.mark.parametrize("memory", [2.0, 5.0])
def test_mean_does_not_depend_on_branching(branching: float, memory: float) -> None:
    lab = bench("two_states", *BUSY, f"parameters.violence.branching={branching}", f"parameters.violence.memory={memory}")
    days = 1500
    total = attacks_by_day(lab, days).sum()
    expected = 2 * rate_of(lab) * days
    noise = math.sqrt(expected) / (1.0 - branching)
    assert abs(total - expected) < 4.0 * noise, f"{total:.0f} attacks, {expected:.0f} expected"


def test_each_attack_triggers_branching_others() -> None:
    # Fighters attack on one day only; what follows are all generations of triggered attacks: n / (1 - n).
    first, later = 0.0, 0.0
    for seed in range(10):
        lab = bench("two_states", *BUSY, "parameters.violence.branching=0.6", "parameters.violence.memory=4")
        lab.streams = Streams(seed)
        lab.state.excitation[:] = 0.0
        lab.state.fighters *= 80
        first += attacks_by_day(lab, 1).sum()
        lab.state.fighters[:] = 0
        later += attacks_by_day(lab, 60, first=1).sum()
    assert later / first == pytest.approx(1.5, abs=0.25)


def dispersion(branching: float) -> float:
    lab = bench("two_states", *BUSY, f"parameters.violence.branching={branching}")
    counts = attacks_by_day(lab, 4000)[:, 0].reshape(-1, 50).sum(axis=1)
    return float(counts.var(ddof=1) / counts.mean())


def test_dispersion_is_poisson_without_branching_and_grows_with_it() -> None:
    values = [dispersion(n) for n in (0.0, 0.4, 0.7)]
    assert 0.65 < values[0] < 1.45  # 80 windows: sd of the ratio is 0.16
    assert values[0] < values[1] < values[2]
    assert values[2] > 3.0  # (1 - 0.7)^-2 = 11 for windows much longer than the memory


def test_rate_is_stationary_from_the_first_day() -> None:
    lab = bench("two_states", *BUSY)
    attacks = attacks_by_day(lab, 4000).sum(axis=1)
    early, late = attacks[:2000].sum(), attacks[2000:].sum()
    assert abs(early - late) < 4.0 * math.sqrt(early + late) / (1.0 - 0.55)
    first = np.mean([attacks_by_day(fresh, 10).sum() for fresh in _fresh_days(40)]) / 10.0
    assert first == pytest.approx(2 * rate_of(lab), rel=0.12)  # no burn-in, no burst


def _fresh_days(n: int) -> list[Bench]:
    labs = [bench("two_states", *BUSY) for _ in range(n)]
    for seed, lab in enumerate(labs):
        lab.streams = Streams(100 + seed)
    return labs


def test_nobody_attacks_without_fighters() -> None:
    lab = bench()
    lab.state.fighters[:] = 0
    lab.state.excitation[:] = 0.0
    assert attacks_by_day(lab, 200).sum() == 0


def test_fighters_in_sanctuary_attack_nowhere() -> None:
    lab = bench("two_states", *BUSY)
    g = lab.group("north_front")
    shelter = lab.setting.world.country == lab.country("Southland")
    lab.state.fighters[g, ~shelter] = 0
    lab.state.excitation[:] = 0.0
    assert lab.state.fighters[g].sum() > 0
    assert mean_intensity(lab) == 0.0


@pytest.mark.parametrize("reach", [0.0, 0.15, 1.0])
def test_reach_spreads_attacks_and_keeps_their_number(reach: float) -> None:
    lab = bench()
    g = lab.group("north_front")
    kernel = in_reach(reach, lab.setting.parameters.violence.reach_km, lab.setting.world, lab.setting.cast, g)
    targets = lab.setting.cast.weights[g] > 0.0
    assert kernel[targets].sum(axis=1) == pytest.approx(1.0)
    assert (kernel[~targets] == 0.0).all() and (kernel[:, ~targets] == 0.0).all()
    if reach == 0.0:
        assert np.array_equal(kernel, np.diag(targets.astype(float)))


# -- deaths -----------------------------------------------------------------------------------------


def sizes(lab: Bench, days: int) -> np.ndarray:
    """Deaths of attacks that were alone at their place that day."""
    found: list[int] = []
    for day in range(days):
        today = lab.today(day)
        attack(lab.state, lab.setting, lab.streams, today)
        found += today.deaths[today.attacks == 1].tolist()
    return np.array(found)


@pytest.mark.parametrize(("no_death", "alpha"), [(0.35, 2.4), (0.8, 3.0)])
def test_severity_share_without_death_exponent_and_mean(no_death: float, alpha: float) -> None:
    lab = bench("two_states", *BUSY, "parameters.violence.branching=0", f"parameters.violence.no_death={no_death}",
                f"parameters.violence.alpha={alpha}")
    deaths = sizes(lab, 2500)
    assert len(deaths) > 3000
    error = math.sqrt(no_death * (1.0 - no_death) / len(deaths))
    assert (deaths == 0).mean() == pytest.approx(no_death, abs=4.0 * error)
    ones, twos = (deaths == 1).sum(), (deaths == 2).sum()
    assert math.log2(ones / twos) == pytest.approx(alpha, abs=4.0 * math.sqrt(1 / ones + 1 / twos) / math.log(2))
    assert deaths.max() <= 150
    assert deaths.mean() == pytest.approx(mean_deaths(lab.setting.parameters.violence), rel=0.15)


def test_severity_cut_off() -> None:
    lab = bench("two_states", *BUSY, "parameters.violence.alpha=1.5", "parameters.violence.largest=10", "parameters.violence.no_death=0")
    deaths = sizes(lab, 800)
    assert deaths.max() == 10 and deaths.min() == 1


def test_severity_table_is_a_distribution() -> None:
    table = severity_table(2.4, 150)
    assert len(table) == 150 and table[-1] == pytest.approx(1.0)
    law = np.diff(np.concatenate([[0.0], table]))
    assert np.log(law[0] / law[99]) / np.log(100.0) == pytest.approx(2.4)


def test_large_attacks_are_events() -> None:
    lab = bench("two_states", *BUSY, "parameters.violence.alpha=1.5", "parameters.violence.no_death=0")
    seen = 0
    for day in range(200):
        today = lab.today(day)
        attack(lab.state, lab.setting, lab.streams, today)
        for event in today.events:
            assert event.kind == "attack" and 10 <= event.value <= 150
            seen += 1
        assert (len(today.events) > 0) >= bool((today.deaths[today.attacks == 1] >= 10).any())
    assert seen > 0


def test_the_dead_leave_the_table_of_people() -> None:
    lab = bench("two_states", *BUSY, "parameters.violence.no_death=0")
    before = lab.state.people.sum()
    killed = 0
    for day in range(60):
        today = lab.today(day)
        attack(lab.state, lab.setting, lab.streams, today)
        bury(lab.state, lab.setting, lab.streams, today)
        killed += int(today.people_killed.sum())
    assert killed > 0
    assert lab.state.accounts[0].sum() == killed
    assert lab.state.people.sum() == before - killed


def test_window_of_28_days() -> None:
    lab = bench("two_states", *BUSY)
    daily = attacks_by_day(lab, 90)
    target = lab.setting.cast.group_target[0]
    assert lab.state.attack_window[:, target].sum() == daily[-28:, 0].sum()


# -- truce, surges ----------------------------------------------------------------------------------


@pytest.mark.parametrize("branching", [0.0, 0.55])
@pytest.mark.parametrize("effect", [0.0, 0.3, 0.6])
def test_truce_withholds_its_share_of_attacks_of_the_signatory_only(effect: float, branching: float) -> None:
    overrides = (*BUSY, f"groups.north_front.truce_effect={effect}", f"parameters.violence.branching={branching}")
    calm, truce = bench("two_states", *overrides), bench("two_states", *overrides)
    days = 1500
    truce.state.truce_until[truce.group("north_front")] = days
    without, with_truce = attacks_by_day(calm, days), attacks_by_day(truce, days)
    signed, other = calm.group("north_front"), calm.group("south_front")
    assert np.array_equal(without[:, other], with_truce[:, other])
    expected = (1.0 - effect) * without[:, signed].sum()
    noise = math.sqrt(expected) / (1.0 - branching)
    assert with_truce[:, signed].sum() == pytest.approx(expected, abs=4.0 * noise + 1e-9)


def test_truce_ends_on_its_day() -> None:
    lab = bench("two_states", *BUSY, "groups.north_front.truce_effect=0.9", "parameters.violence.branching=0")
    lab.state.truce_until[lab.group("north_front")] = 499
    daily = attacks_by_day(lab, 1000)[:, lab.group("north_front")]
    assert daily[:500].sum() < 0.2 * daily[500:].sum()


def test_surge_multiplies_attacks_where_it_says() -> None:
    lab = bench("two_states", *BUSY)
    lab.state.excitation[:] = 0.0
    g, place = lab.group("north_front"), lab.place("North Hills")
    before = intensity(lab.state, lab.setting, g, lab.setting.kernels[g], 0.0)
    lab.state.surges = (Surge(g, 8.0, 10, (place,)),)
    after = intensity(lab.state, lab.setting, g, lab.setting.kernels[g], 0.0)
    assert after[place] == pytest.approx(8.0 * before[place])
    others = np.arange(len(after)) != place
    assert np.array_equal(after[others], before[others])
    lab.state.surges = (Surge(g, 0.0, 10, ()),)
    assert mean_intensity(lab) == 0.0
    lab.state.surges = (Surge(lab.group("south_front"), 8.0, 10, ()),)
    assert mean_intensity(lab) == pytest.approx(before.sum())


def test_effort_moves_attacks_between_places() -> None:
    lab = bench("two_states", *BUSY)
    lab.state.excitation[:] = 0.0
    g = lab.group("north_front")
    weights = lab.setting.cast.weights[g]
    here = lab.place("North Hills")
    before = intensity(lab.state, lab.setting, g, lab.setting.kernels[g], 0.0)
    effort = weights.copy()
    effort[here] *= 3.0
    lab.state.campaigns = tuple(
        GroupDecision(effort=effort if k == g else lab.setting.cast.weights[k]) for k in range(len(lab.setting.cast.groups))
    )
    after = intensity(lab.state, lab.setting, g, lab.setting.kernels[g], 0.0)
    assert after[here] == pytest.approx(3.0 * before[here])


def test_attacks_are_bounded_at_the_extreme() -> None:
    lab = bench("two_states", *BUSY, "parameters.violence.branching=0.9")
    lab.state.fighters[lab.group("north_front")] = 10**7
    targets = int((lab.setting.cast.weights[lab.group("north_front")] > 0.0).sum())
    daily = attacks_by_day(lab, 60)[:, lab.group("north_front")]
    most = lab.setting.parameters.violence.most * targets
    assert daily.mean() == pytest.approx(most, abs=4.0 * math.sqrt(most / 60))


# -- drivers and contested signs ------------------------------------------------------------------------


@pytest.mark.parametrize("opportunity", [0.0, 1.5, 3.0])
def test_attacks_rise_as_legitimacy_falls(opportunity: float) -> None:
    lab = bench("two_states", f"parameters.violence.opportunity={opportunity}")
    lab.state.excitation[:] = 0.0
    before = mean_intensity(lab)
    lab.state.legitimacy[lab.gov("north")] -= 0.2
    assert mean_intensity(lab) == pytest.approx(before * math.exp(0.2 * opportunity))


@pytest.mark.parametrize("suppression", [0.0, 0.4, 0.9])
def test_operations_prevent_attacks(suppression: float) -> None:
    lab = bench("two_states", f"parameters.violence.suppression={suppression}", "groups.north_front.exposure=2")
    lab.state.excitation[:] = 0.0
    before = mean_intensity(lab)
    lab.pull("north", "operations", 0.5)
    assert mean_intensity(lab) == pytest.approx(before * (1.0 - 2.0 * suppression * 0.2))
    lab.pull("north", "operations", 1.0)
    assert mean_intensity(lab) == pytest.approx(before * max(1.0 - 2.0 * suppression * 0.7, 0.0))
    lab.pull("north", "operations", 0.3)
    assert mean_intensity(lab) == pytest.approx(before)  # the scenario's own level changes nothing


@pytest.mark.parametrize("sign", [-1.0, 0.0, 1.0])
def test_strikes_move_later_attacks_by_the_contested_sign(sign: float) -> None:
    lab = bench("two_states", f"parameters.violence.strike_effect={0.25 * sign}")
    lab.state.excitation[:] = 0.0
    before = mean_intensity(lab)
    lab.state.strike_memory[lab.group("north_front")] = 1.0
    assert mean_intensity(lab) == pytest.approx(before * math.exp(0.25 * sign))
    lab.state.strike_memory[lab.group("north_front")] = 100.0
    assert mean_intensity(lab) <= before * math.exp(0.5) + 1e-12


@pytest.mark.parametrize("sign", [-1.0, 0.0, 1.0])
def test_refugee_milieu_moves_attacks_by_the_contested_sign(sign: float) -> None:
    lab = bench("two_states", f"groups.north_front.refugee_milieu={0.15 * sign}")
    lab.state.excitation[:] = 0.0
    before = mean_intensity(lab)
    assert mean_intensity(lab, math.log(0.5)) == pytest.approx(before * 0.5 ** (0.15 * sign))
