"""Fan charts: bands are the quantiles of runs, by group; series that are not there are refused in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agents.errors import InputError
from experiments.analysis.daily import read_daily, summed
from experiments.analysis.fan import bands, fan
from experiments.analysis.study import Study
from experiments.figures.style import save
from tests.made_studies import grid_of, made, write_series

DAYS = 40


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Two policies x 11 replicates: displaced is replicate + 100 for the second policy; an attack a day; hostility of two pairs 1 and 3."""
    made_up = made(grid_of(policy=["calm", "hard"]), {"stability": np.zeros((2, 11))}, folder=tmp_path / "study", failed=[(1, 10)])
    done = made_up.ok
    level = (done["replicate"] + 100 * done["point"]).to_numpy(float)[:, None] + np.zeros(DAYS)
    write_series(made_up, {
        ("region", "region", "displaced"): level, ("region", "region", "attacks"): np.ones_like(level),
        ("government", "north", "hostility/south"): np.ones_like(level), ("government", "south", "hostility/north"): 3.0 * np.ones_like(level),
        ("government", "north", "legitimacy"): level, ("government", "south", "legitimacy"): level + 2.0,
    })  # fmt: skip
    return made_up


def test_bands_are_quantiles_of_runs_by_hand(study: Study) -> None:
    found = {finding.name: finding for finding in fan(study)}
    assert set(found) == {"fan_attacks_28", "fan_displaced", "fan_hostility"}
    table = found["fan_displaced"].table
    last = table[table["date"] == table["date"].max()].set_index("group")
    assert tuple(last.loc["calm", ["n", "q05", "q25", "median", "q75", "q95"]]) == (11, 0.5, 2.5, 5.0, 7.5, 9.5)
    assert last.loc["hard", "n"] == 10 and last.loc["hard", "median"] == 104.5  # the failed run is left out
    assert "calm: 5 (0.5 to 9.5)" in found["fan_displaced"].says and "do not overlap on 100 % of days" in found["fan_displaced"].says
    assert any("1 of 22 runs failed" in note for note in found["fan_displaced"].notes)
    assert (found["fan_hostility"].table["median"] == 2.0).all()
    assert any("stability" in note for note in next(iter(found.values())).notes)


def test_sums_over_28_days_begin_on_day_28(study: Study) -> None:
    table = fan(study, ["attacks_28"], by="none")[0].table
    assert len(table) == DAYS - 27 and (table["median"] == 28.0).all() and (table["n"] == 21).all()
    assert str(table["date"].iloc[0])[:10] == "2001-01-28"
    assert np.isnan(summed(np.ones((1, 5)), 28)).all()


def test_actors_one_by_one_their_mean_and_their_lowest(study: Study) -> None:
    values = read_daily(study, ["government:north:legitimacy", "legitimacy"], lowest=()).values
    assert np.array_equal(values["legitimacy"], values["government:north:legitimacy"] + 1.0)
    assert np.array_equal(read_daily(study, ["legitimacy"], lowest=("legitimacy",)).values["legitimacy"], values["government:north:legitimacy"])


def test_a_run_in_two_parts_counts_once(study: Study) -> None:
    """A kill while parts are merged leaves rows twice; the mean over actors must not see them, nor sums."""
    before = read_daily(study, ["attacks", "hostility"]).values
    parts = study.folder / "series"
    (parts / "part-00000009-0.parquet").write_bytes((parts / "part-00000000-0.parquet").read_bytes())
    after = read_daily(study, ["attacks", "hostility"]).values
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert np.array_equal(read_daily(study, ["displaced"]).values["displaced"][:, 0], study.ok["replicate"] + 100 * study.ok["point"])


def test_days_that_some_runs_lack() -> None:
    values = np.array([[1.0, np.nan, np.nan], [3.0, 5.0, np.nan]])
    found = bands(values)
    assert found[0, 2] == 2.0 and found[1, 2] == 5.0 and np.isnan(found[2]).all()
    assert np.isnan(bands(np.empty((0, 3)))).all()


def test_one_run_is_drawn_and_said_to_be_few(tmp_path: Path) -> None:
    one = made(grid_of(x=[1]), {"stability": np.zeros((1, 1))}, folder=tmp_path / "one")
    write_series(one, {("region", "region", "displaced"): np.full((1, DAYS), 7.0)}, parts=1)
    found = fan(one, ["displaced"])[0]
    assert (found.table[["q05", "median", "q95"]] == 7.0).all(axis=None) and any("fewer than 20" in note for note in found.notes)
    assert found.draw is not None and save(found.draw(), tmp_path / "a.png").exists()


def test_figures_print_n_and_hash(study: Study, tmp_path: Path) -> None:
    draw = fan(study, ["displaced"], by="policy of north")[0].draw
    assert draw is not None
    figure = draw()
    footer = figure.texts[2].get_text().replace("\n", " ")
    assert "n = 21 of 22 runs" in footer and "0123456789ab" in footer and "90 %" in footer
    assert [axes.texts[0].get_text() for axes in figure.axes] == ["calm (n = 11)", "hard (n = 10)"]
    assert save(figure, tmp_path / "a.png").exists()


def test_wrong_use_is_one_line(study: Study, tmp_path: Path) -> None:
    bare = made(grid_of(x=[1, 2]), {"stability": np.zeros((2, 2))}, folder=tmp_path / "bare")
    empty = made(grid_of(x=[1, 2]), {"stability": np.zeros((2, 2))}, folder=tmp_path / "empty")
    (tmp_path / "empty" / "series").mkdir(parents=True)
    for wrong, told in (
        (lambda: fan(study, ["displacd"]), "did you mean 'displaced'"), (lambda: fan(study, ["a:b"]), "KIND:ACTOR:VARIABLE"), (lambda: fan(bare), "series=true"), (lambda: fan(empty), "series=true"),
        (lambda: fan(study, by="nobody"), "by=nobody"), (lambda: fan(study, ["government:west:legitimacy"]), "government:west:legitimacy"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=told) as caught:
            wrong()
        assert "\n" not in str(caught.value)
