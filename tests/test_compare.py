"""``marchland compare``: pairs share their luck, intervals are Student's, and one number is one arm."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from experiments.cli import main
from experiments.compare import SERIES, Comparison, compare, difference, lines
from experiments.figures.compare import FIRST, ROWS, chosen, effect, paired
from sim.scenario import Scenario

SHORT = ("scenario=two_states", "scenario.end=2001-02-10")


def scenario(*overrides: str) -> Scenario:
    return Scenario.load(overrides=[*SHORT, *overrides])


def test_differences_by_hand() -> None:
    found = difference("x", np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0]))
    assert found.mean == 2.0 and found.spread == 1.0 and found.first == 2.0
    half = 4.302652729911275 / math.sqrt(3)  # Student's t with two degrees of freedom, 97.5 %
    assert found.low == pytest.approx(2.0 - half) and found.high == pytest.approx(2.0 + half)
    assert found.apart == pytest.approx(math.sqrt(1.0 + 4.0)) and found.saved == pytest.approx(5.0)


def test_pairs_needed_are_enough_and_not_many_more() -> None:
    found = difference("x", np.zeros(4), np.array([1.0, 3.0, 2.0, 6.0]))
    from scipy.stats import t

    def half(pairs: int) -> float:
        return float(t.ppf(0.975, pairs - 1)) * found.spread / math.sqrt(pairs)

    pairs = found.needed(0.5)
    assert half(pairs) <= 0.5 < half(int(pairs / 1.06) - 1)
    assert difference("x", np.zeros(3), np.ones(3)).needed(0.01) == 2, "what never varies needs no more"


def test_the_same_arm_twice_differs_in_nothing() -> None:
    """Common random numbers: the difference of an arm to itself is 0 in every pair, whatever the luck."""
    one = scenario()
    result = compare(("a", "b"), (one, one), 3)
    assert all(d.mean == d.spread == 0.0 for d in result.differences["b"])
    assert not (result.series[0] - result.series[1]).any()
    attacks = result.runs[result.runs["arm"] == "a"]["returns"]
    assert attacks.nunique() > 1, "replicates differ, or the test shows nothing"


def test_a_small_change_is_seen_with_fewer_runs() -> None:
    """Emigration 3 % up: pairs under the same luck spread less than runs with luck of their own."""
    base, more = scenario("governments.north.emigration=0.04"), scenario("governments.north.emigration=0.0412")
    found = {d.outcome: d for d in compare(("base", "more"), (base, more), 8).differences["more"]}
    assert found["departures"].low > 0.0, "more emigration, more departures"
    assert found["departures"].spread < found["departures"].apart
    assert found["flights"].spread < found["flights"].apart / 3.0, "what the change hardly touches keeps its luck"


def test_the_folder_and_the_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    words = ["compare", *SHORT, "policy@policies.north=status_quo,hardline", "replicates=3", f"output={out}"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "policy@policies.north=hardline" in said and "95 % interval" in said and "returns_deportation" in said
    table = pd.read_csv(out / "compare.csv")
    assert set(table["arm"]) == {"policy@policies.north=hardline"}
    assert ((table["low"] <= table["difference"]) & (table["difference"] <= table["high"])).all()
    runs = pd.read_parquet(out / "runs.parquet")
    assert runs.groupby("arm")["replicate"].apply(list).map(sorted).tolist() == [[0, 1, 2]] * 2
    series = pd.read_parquet(out / "series.parquet")
    assert set(series["series"]) == set(SERIES) and len(series) == len(SERIES) * 41
    row = table[table["outcome"] == "returns"].iloc[0]
    assert series[series["series"] == "returns"]["difference"].sum() == pytest.approx(row["difference"])
    assert main(words) == 2, "a finished comparison is not overwritten"
    assert main([*words, "--force"]) == 0


def test_a_config_file_is_compared_from(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "defaults: [config, _self_, {override scenario: two_states}]\nseed: 5\nscenario: {end: 2001-02-10}\nparameters: {violence: {branching: 0.4}}\n"
    )
    runs = []
    for name, words in (("a", [str(tmp_path / "mine.yaml")]), ("b", [*SHORT[:1], "seed=5", "scenario.end=2001-02-10", "parameters.violence.branching=0.4"])):
        out = tmp_path / name
        assert main(["compare", *words, "policy@policies.north=status_quo,hardline", "replicates=2", "figures=false", f"output={out}"]) == 0
        runs.append(pd.read_parquet(out / "runs.parquet"))
    pd.testing.assert_frame_equal(*runs)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["policy@policies.north=hardline"], "at least two values"), (["seed=1,2"], "share their luck"),
        (["policy@policies.north=status_quo,hardline", "replicates=1"], "replicates=1"),
        (["policy@policies.north=status_quo,hardline", "precision=0"], "precision=0"),
        (["policy@policies.north=status_quo,hardlin"], "hardlin"), (["policy@policies.north=status_quo,hardline", "--quick"], "--quick"),
        (["parameters.violence.branching=0.3,7"], "parameters.violence.branching"),
    ],
)  # fmt: skip
def test_wrong_words_are_one_line(words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *SHORT, *words, f"output={tmp_path / 'out'}"]) == 2
    err = capsys.readouterr().err
    assert told in err and err.count("\n") == 1 and not (tmp_path / "out").exists()


def test_lines_count_what_stays_the_same() -> None:
    one = scenario()
    said = lines(compare(("a", "b"), (one, one), 2), 10.0)
    assert any("outcomes are the same in every pair" in line for line in said)


# ------------------------------------------------------------------ figures


def made(pairs: np.ndarray, days: int = 40) -> Comparison:
    """A comparison of two arms whose series differ by ``pairs`` on each day, (replicates, days), in every series."""
    rng = np.random.default_rng(1)
    base = rng.normal(10.0, 3.0, (len(pairs), len(SERIES), days))
    series = np.stack([base, base + pairs[:, None, :]])
    runs = pd.DataFrame({"arm": ["a"] * len(pairs) + ["b"] * len(pairs), "replicate": [*range(len(pairs))] * 2})
    return Comparison(("a", "b"), runs, series, {"b": ()})


def test_the_band_is_that_of_the_pairs_and_of_their_sums() -> None:
    """Over 28 days the interval is that of the sum in each run, not the sum of the days' intervals."""
    pairs = np.arange(4.0)[:, None] * np.ones(40)
    mean, low, high = paired(made(pairs), 1, 0, 1)
    half = 3.182446305 * math.sqrt(5.0 / 3.0) / 2.0  # Student's t with three degrees of freedom
    assert np.allclose(mean, 1.5) and np.allclose(high - mean, half) and np.allclose(mean - low, half)
    mean, low, high = paired(made(pairs), 1, 2, 28)
    assert np.isnan(mean[:27]).all() and np.allclose(mean[27:], 42.0) and np.allclose((high - mean)[27:], 28.0 * half)
    there_and_back = np.where(np.arange(40) % 2 == 0, 1.0, -1.0) * np.arange(1.0, 5.0)[:, None]
    mean, low, high = paired(made(there_and_back), 1, 1, 28)
    assert np.allclose(mean[27:], 0.0) and np.allclose((high - low)[27:], 0.0), "what cancels in each run has no spread"


def test_effects_are_in_standard_deviations_of_a_run() -> None:
    rng = np.random.default_rng(2)
    first = rng.normal(5.0, 2.0, 20_000)
    found = effect(difference("x", first, first + 1.0))
    assert found is not None and found[0] == pytest.approx(0.5, rel=0.02) and found[1] == pytest.approx(found[2])
    assert effect(difference("x", np.ones(5), np.full(5, 2.0))) is None, "without luck there is no such unit"


def test_figures_print_pairs_interval_seed_and_config(tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = [*SHORT, "policy@policies.north=status_quo,hardline,conciliatory", "replicates=3", "seed=6", f"output={out}"]
    assert main(["compare", *words]) == 0
    told = json.loads((out / "manifest.json").read_text())
    for name in ("differences", "series"):
        image = Image.open(out / "figures" / f"{name}.png")
        said = image.text["Description"]
        assert all(word in said for word in ("n = 3 pairs", "95 % interval", "seed 6", told["config_hash"][:12])), said
        pixels = np.asarray(image.convert("L"))
        assert (pixels < 128).mean() > 0.005, "something is drawn"
    assert main(["compare", *words[:-1], "figures=false", f"output={tmp_path / 'plain'}"]) == 0
    assert not (tmp_path / "plain" / "figures").exists()


def test_the_rows_are_main_outcomes_first_and_only_those_that_differ() -> None:
    one, other = scenario(), scenario("policy@policies.north=hardline")
    result = compare(("a", "b"), (one, other), 3)
    rows = chosen(result, ("b",))
    moved = {d.outcome for d in result.differences["b"] if d.mean or d.spread}
    assert rows and set(rows) <= moved and len(rows) <= ROWS
    ranks = [FIRST.index(name) if name in FIRST else len(FIRST) for name in rows]
    assert ranks == sorted(ranks)
    assert chosen(compare(("a", "b"), (one, one), 2), ("b",)) == []


def test_effects_without_luck_are_rows_and_what_cannot_be_compared_is_named() -> None:
    """Sanctions cut trade in every run alike: the surest effect of all."""
    result = compare(("calm", "hard"), [scenario(f"policy@policies.north={name}") for name in ("status_quo", "hardline")], 3)
    trade = next(d for d in result.differences["hard"] if d.outcome == "direct_trade_north_south")
    assert trade.mean < 0.0 and trade.apart == 0.0 and "direct_trade_north_south" in chosen(result, ["hard"])
    said = "\n".join(lines(result, 10.0))
    assert "not compared, since some runs have no value: " in said and "first_rupture" in said
