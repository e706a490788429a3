"""The gallery: its pages fit the studies, a change is noticed, and contrasts find the effects that were put in."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from agents.errors import InputError
from experiments import gallery
from experiments.analysis.contrasts import contrasts
from experiments.analysis.regression import regression
from experiments.figures import style
from experiments.gallery_page import Shown, first_sentence, in_units, page, read_stamp
from experiments.study.designs import grid, lhs
from experiments.study.factors import Factor
from tests.made_studies import grid_of, made
from tests.study_in_memory import floats, of

PAGES = gallery.folder_of(gallery.ROOT)


# ------------------------------------------------------------------ contrasts


def a_study(effect: Any, replicates: int = 12, luck: float = 1.0) -> Any:
    """A grid over a lever and a sign with outcomes that are known: effect(lever, sign) and luck shared by all points."""
    design = grid([Factor("a.lever", "choice", values=(0, 0.5, 1)), Factor("b.sign", "choice", values=(-1, 0, 1))])
    points = pd.DataFrame(list(design.points), columns=["a.lever", "b.sign"])
    noise = np.random.default_rng(3).normal(0.0, luck, replicates)
    values = np.array([effect(lever, sign) for lever, sign in design.points])[:, None] + noise[None, :]
    return SimpleNamespace(
        plan=SimpleNamespace(design=design, replicates=replicates, seeds="crn"), points=points, values=lambda name: values.copy(),
        caption=lambda n=None, interval="": f"n; {interval}; config 0",
    )  # fmt: skip


def test_a_known_effect_is_found_in_each_part() -> None:
    table = contrasts(a_study(lambda lever, sign: 10.0 * lever * sign), ["y"], lever="a.lever")[0].table
    assert list(table["change"].round(9)) == [0.0, -10.0, 0.0, 10.0]
    assert list(table["pairs"]) == [3, 1, 1, 1] and list(table["down"].round(6)) == [pytest.approx(1 / 3, abs=1e-6), 1.0, 0.0, 0.0]
    assert (table["least"] <= table["change"]).all() and (table["change"] <= table["most"]).all()


def test_a_turn_of_sign_is_said_and_shared_luck_cancels() -> None:
    says = contrasts(a_study(lambda lever, sign: lever * sign, luck=100.0), ["y"], lever="a.lever")[0].says
    assert "The sign depends on the assumption" in says and "above zero where b.sign = 1" in says and "below zero where b.sign = -1" in says


def test_one_sign_everywhere_is_said() -> None:
    finding = contrasts(a_study(lambda lever, sign: 2.0 * lever + sign), ["y"], lever="a.lever")[0]
    assert "above zero in every part" in finding.says and "+2 on average" in finding.says


def test_no_effect_has_zero_in_its_interval() -> None:
    study = a_study(lambda lever, sign: 0.0)
    own = np.random.default_rng(5).normal(0.0, 1.0, (9, 12))
    study.values = lambda name: own.copy()
    table = contrasts(study, ["y"], lever="a.lever")[0].table
    assert table["least"].iloc[0] < 0.0 < table["most"].iloc[0]


def test_failed_runs_are_left_out() -> None:
    study = a_study(lambda lever, sign: 5.0 * lever)
    values = study.values("y")
    values[0, :3] = np.nan
    study.values = lambda name: values.copy()
    assert contrasts(study, ["y"], lever="a.lever")[0].table["change"].iloc[0] == pytest.approx(5.0)


COUNTED = grid_of(lever=[0, 1], a=[1, 2, 3], b=[1, 2])


def coverage(replicates: int, seeds: str) -> float:
    """Share of studies without a mean effect whose interval holds zero; every luck moves all pairs alike under crn."""
    drawn, hits, times = np.random.Generator(np.random.Philox(21)), 0, 150
    study = made(COUNTED, {"y": np.ones((12, replicates))}, seeds=seeds)
    for _ in range(times):
        values = drawn.normal(size=(12, replicates)) * (1.0 if seeds == "crn" else 10.0)
        if seeds == "crn":
            values[6:] += 10.0 * drawn.normal(size=(1, replicates))
        study.results["y"] = values.ravel()
        row = contrasts(study, ["y"], lever="lever")[0].table.iloc[0]
        hits += row["least"] <= 0.0 <= row["most"]
    return hits / times


@pytest.mark.slow
@pytest.mark.parametrize(("replicates", "seeds"), [(2, "crn"), (3, "crn"), (5, "crn"), (3, "independent")])
def test_intervals_hold_as_often_as_they_say(replicates: int, seeds: str) -> None:
    """95 % within 3 standard errors; a percentile bootstrap of 2 to 5 lucks held 56 to 86 %, of independent ones 100 %."""
    assert 0.895 <= coverage(replicates, seeds) <= 0.995


def test_luck_of_its_own_is_told_within_pairs() -> None:
    """Pairs that differ widely, set by the design: with independent luck their spread is no error."""
    values = 0.1 * np.random.Generator(np.random.Philox(2)).normal(size=(12, 4))
    values[6:] += np.array([1.0, 100.0, 1.0, 100.0, 1.0, 100.0])[:, None]
    row = contrasts(made(COUNTED, {"y": values}, seeds="independent"), ["y"], lever="lever")[0].table.iloc[0]
    assert row["change"] == pytest.approx(50.5, abs=0.2) and row["most"] - row["least"] < 0.5


def test_one_replicate_has_no_interval() -> None:
    finding = contrasts(made(COUNTED, {"y": np.arange(12.0)[:, None]}), ["y"], lever="lever")[0]
    assert finding.table[["least", "most"]].isna().all(axis=None) and "luck cannot be told" in finding.says and "(" not in finding.says
    assert any("one replicate" in note for note in finding.notes) and finding.draw is not None
    assert "no interval" in finding.draw().texts[2].get_text()
    few = contrasts(made(COUNTED, {"y": np.random.Generator(np.random.Philox(1)).normal(size=(12, 3))}), ["y"], lever="lever")[0]
    assert any(note.startswith("3 replicates") for note in few.notes)


def test_copies_of_a_factor_that_does_nothing_count_once() -> None:
    """Under shared luck an inert factor copies every run: its pairs are no more pairs."""
    values = np.repeat(np.random.Generator(np.random.Philox(1)).normal(size=(6, 6)), 2, axis=0)
    finding = contrasts(made(COUNTED, {"y": values}), ["y"], lever="lever")[0]
    assert list(finding.table["pairs"]) == [3, 1, 1, 1] and set(finding.table["factor"]) == {"", "a"} and finding.table["runs"].iloc[0] == 18
    assert any("same at all values of b" in note for note in finding.notes)
    assert finding.draw is not None and "n = 36 of 72 runs" in finding.draw().texts[2].get_text()


def test_the_sign_is_that_of_parts_that_are_sure() -> None:
    """a=1 is surely +5, a=2 surely -5; a=3 is +8 on average and might be anything, or has no run: neither shows a sign."""
    luck = np.random.Generator(np.random.Philox(1)).normal(size=(12, 6))
    values = 0.1 * luck
    for at, (lever, a, _) in enumerate(COUNTED.points):
        if lever == 1:
            values[at] += {1: 5.0, 2: -5.0, 3: 8.0}[int(str(a))]
            values[at] += 60.0 * np.array([1, -1, 1, -1, 1, -1]) * (a == 3)
    lost = [(at, r) for at, point in enumerate(COUNTED.points) if point[1] == 3 for r in range(6)]
    for failed in ([], lost):
        finding = contrasts(made(COUNTED, {"y": values}, failed=failed), ["y"], lever="lever")[0]
        assert "above zero where a = 1 and below zero where a = 2" in finding.says and "nan" not in finding.says
        assert any("24 of 72 runs" in note for note in finding.notes) == any("2 of 6 pairs" in note for note in finding.notes) == bool(failed)
    nothing = contrasts(made(COUNTED, {"y": values, "z": np.ones((12, 6))}, failed=[(at, r) for at in range(6) for r in range(6)]), ["y"], lever="lever")[0]
    assert nothing.says == "No pair of finished runs has y." and nothing.draw is not None


def test_a_grid_of_one_factor_and_levers_without_ends() -> None:
    alone = made(grid_of(lever=[1, 0, 0.5]), {"y": np.array([[3.0], [1.0], [9.0]]) + np.random.Generator(np.random.Philox(1)).normal(size=(3, 6))})
    finding = contrasts(alone, ["y"], lever="lever")[0]
    assert len(finding.table) == 1 and finding.says.startswith("From lever 0 to 1") and finding.table["change"].iloc[0] == pytest.approx(2.0, abs=1.0)
    assert any("runs at 0.5 are not used" in note for note in finding.notes) and finding.draw is not None
    assert "n = 12 of 18 runs" in finding.draw().texts[2].get_text()
    two = made(grid_of(policy=["soft", "hard"]), {"y": np.arange(12.0).reshape(2, 6)})
    assert "policy of north soft to hard" in contrasts(two, ["y"], lever="policy@policies.north")[0].says
    for study, lever, told in (
        (made(grid_of(policy=["a", "b", "c"]), {"y": np.ones((3, 2))}), "policy@policies.north", "3 choices without order"),
        (made(grid_of(lever=[1], a=[1, 2]), {"y": np.ones((2, 2))}), "lever", "one value 1"),
    ):
        with pytest.raises(InputError, match=told):
            contrasts(study, ["y"], lever=lever)


@pytest.mark.parametrize(("lever", "kind", "told"), [("c.none", "grid", "no factor"), ("a.lever", "lhs", "need design=grid")])
def test_what_does_not_fit_is_one_line(lever: str, kind: str, told: str) -> None:
    study = a_study(lambda lever, sign: 0.0)
    study.plan.design = SimpleNamespace(kind=kind, factors=study.plan.design.factors, points=study.plan.design.points)
    with pytest.raises(InputError, match=told):
        contrasts(study, ["y"], lever=lever)


# ------------------------------------------------------------------ pages


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout with the gallery only."""
    shutil.copytree(PAGES, gallery.folder_of(tmp_path))
    return tmp_path


def test_the_gallery_is_up_to_date() -> None:
    assert list(gallery.complaints(gallery.ROOT)) == []


def test_every_page_shows_two_to_four_small_figures_and_its_command() -> None:
    for entry in gallery.ENTRIES:
        text = (PAGES / f"{entry.name}.md").read_text()
        assert 2 <= text.count("](figures/") <= 4
        assert f"marchland sweep experiment={entry.study} scenario={entry.scenario}" in text
        assert f"configs/experiment/{entry.study}.yaml" in text and "## How far this goes" in text
    for file in PAGES.glob("figures/*.png"):
        assert file.stat().st_size <= gallery.LARGEST
        with Image.open(file) as image:
            assert "n = " in str(image.info["Description"]) and "config " in str(image.info["Description"])


def test_effects_are_told_in_the_unit_of_the_outcome() -> None:
    """x1 takes 0.002 off an index near 1: a correlation near -1 that nobody would notice."""
    study = of(lhs(floats(3), 60, 1), lambda unit: 1.0 - 0.002 * unit[:, 0], replicates=3, sd=1e-4)
    finding = in_units(study, "attacks", regression(study, ["attacks"], resamples=100)[0])
    said = first_sentence(finding.says)
    assert "section.x1 by -0.0019" in said and "partial rank correlation -1.00" in said and "between 0.998" in said
    assert "x2" not in said and "Partial rank correlations" in finding.says
    still = regression(of(lhs(floats(3), 60, 1), lambda unit: np.ones(60)), ["attacks"], resamples=100)[0]
    assert in_units(study, "attacks", still) is still


@pytest.mark.parametrize("replicates", [6, 12])
def test_a_phase_diagram_says_the_same_as_its_page(replicates: int) -> None:
    entry = gallery.ENTRIES[0]
    study_file, _, _ = gallery._now(entry)
    design = grid_of(**{picture[1].format_map(study_file.roles): [0, 1] for picture in gallery.PICTURES[entry.study][1].options})
    names = [picture.outcome.format_map(study_file.roles) for picture in gallery.PICTURES[entry.study]]
    drawn = np.random.Generator(np.random.Philox(1))
    study = made(design, {name: drawn.normal(size=(4, replicates)) for name in names})
    [finding] = [one for one in gallery.findings(entry, study_file, study) if one.name.startswith("phase")]
    assert finding.draw is not None
    texts = " ".join(text.get_text() for text in finding.draw().texts)
    assert ("Diamonds" in texts) == ("dip test" in texts) == ("dip test" in finding.says) == (replicates >= 10)
    assert any("Not tested for two groups" in note for note in finding.notes) == (replicates < 10)


def test_a_page_with_one_replicate_says_that_luck_is_not_told() -> None:
    entry = next(entry for entry in gallery.ENTRIES if entry.study == "sanctuary_cooperation")
    study_file, fields, _ = gallery._now(entry)
    roles = study_file.roles
    design = grid_of(**{f"governments.{roles['origin']}.baseline.cooperation/{roles['host']}": [0, 1], "parameters.fighters.infiltration": [0.4, 2.0]})
    names = {*study_file.outcomes, *(picture.outcome.format_map(roles) for picture in gallery.PICTURES[entry.study])}
    for replicates in (1, 3):
        study = made(design, {name: np.random.Generator(np.random.Philox(1)).normal(size=(4, replicates)) for name in sorted(names)})
        shown = [Shown(finding, "a.png") for finding in gallery.findings(entry, study_file, study)]
        text = page(study_file, study, shown, scenario=entry.scenario, command=entry.command, fields=fields)
        assert "luck is in it" not in text and ("luck cannot be told from effect here" in text) == (replicates == 1)
        assert ("t interval" in " ".join(one.finding.draw().texts[2].get_text() for one in shown if one.finding.draw)) == (replicates > 1)


def test_outcomes_and_readings_name_what_the_model_has() -> None:
    """Transit of the origin through the host is the host's series; no reading tells of results."""
    study_file, _, _ = gallery._now(next(entry for entry in gallery.ENTRIES if entry.study == "sanctions_and_diversion"))
    host, origin = study_file.roles["host"], study_file.roles["origin"]
    assert f"transit_trade_{host}_{origin}" in study_file.outcomes and f"transit_trade_{origin}_{host}" not in study_file.outcomes
    assert "follows from `spiral`" not in study_file.reading


@pytest.mark.parametrize("words", [8, 14, 22])
def test_titles_fit_their_figure(words: int) -> None:
    title, subtitle = " ".join(["hostility"] * words), " ".join(["relations"] * (2 * words))
    figure = style.new_figure(title, subtitle, "n = 1", 4.0)
    head, below = figure.texts[:2]
    assert head.get_window_extent().x1 <= figure.bbox.width and below.get_window_extent().x1 <= figure.bbox.width
    assert head.get_window_extent().y0 >= below.get_window_extent().y1 - 1.0
    assert head.get_text().replace("\n", " ") == title and below.get_text().replace("\n", " ") == subtitle
    short = style.new_figure("Attacks", "by policy", "n = 1")
    assert (short.texts[0].get_fontsize(), short.texts[1].get_fontsize()) == (style.TITLE, style.SUBTITLE)


def test_names_of_parts_fit_beside_the_axes() -> None:
    long = "governments.a_very_long_government_name.baseline.cooperation/another_very_long_government"
    study = made(grid_of(**{"lever": [0, 1], long: [0, 0.5]}), {"y": np.random.Generator(np.random.Philox(1)).normal(size=(4, 6))})
    finding = contrasts(study, ["y"], lever="lever")[0]
    assert finding.draw is not None
    figure = finding.draw()
    labels = figure.axes[0].get_yticklabels()
    assert all(label.get_window_extent().x0 >= 0.0 for label in labels) and labels[0].get_text().endswith("0.5")


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_what_is_stale_is_noticed(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = gallery.folder_of(copy)
    stamp = read_stamp((folder / "deportation_sweep.md").read_text())
    assert stamp is not None and gallery.check(copy) == 0
    change(folder / "deportation_sweep.md", f"config={stamp.config}", "config=000000000000")
    change(folder / "mediation_timing.md", "## What the runs say", "## What I say")
    (folder / "figures" / "extra.png").write_bytes(b"")
    next(folder.glob("figures/sanctions*")).unlink()
    capsys.readouterr()
    assert gallery.check(copy) == 1
    said = capsys.readouterr().out
    assert "deportation_sweep.md: config, tables or defaults" in said and "mediation_timing.md: was changed by hand" in said
    assert "extra.png: no page shows it" in said and "is missing; run make gallery" in said


def test_a_missing_page_and_a_wrong_name(copy: Path) -> None:
    (gallery.folder_of(copy) / "mediation_timing.md").unlink()
    assert any(line.startswith("mediation_timing.md: is missing") for line in gallery.complaints(copy))
    with pytest.raises(InputError, match="no such page"):
        gallery.main(["nonsense"], copy)
    with pytest.raises(InputError, match="unknown option"):
        gallery.main(["--fast"], copy)


def test_figures_keep_their_texts_when_made_small(tmp_path: Path) -> None:
    path = style.save(style.new_figure("Title", "Sub", "n = 1; config abc"), tmp_path / "f.png")
    before = path.stat().st_size
    gallery.shrink(path)
    with Image.open(path) as image:
        assert image.info["Description"] == "n = 1; config abc" and image.info["Title"] == "Title" and image.size == (1620, 960)
    assert path.stat().st_size < before
