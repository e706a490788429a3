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
from experiments.gallery_page import read_stamp
from experiments.study.designs import grid
from experiments.study.factors import Factor

PAGES = gallery.folder_of(gallery.ROOT)


# ------------------------------------------------------------------ contrasts


def a_study(effect: Any, replicates: int = 12, luck: float = 1.0) -> Any:
    """A grid over a lever and a sign with outcomes that are known: effect(lever, sign) and luck shared by all points."""
    design = grid([Factor("a.lever", "choice", values=(0, 0.5, 1)), Factor("b.sign", "choice", values=(-1, 0, 1))])
    points = pd.DataFrame(list(design.points), columns=["a.lever", "b.sign"])
    noise = np.random.default_rng(3).normal(0.0, luck, replicates)
    values = np.array([effect(lever, sign) for lever, sign in design.points])[:, None] + noise[None, :]
    return SimpleNamespace(
        plan=SimpleNamespace(design=design, replicates=replicates), points=points, values=lambda name: values.copy(),
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
    from experiments.figures import style

    path = style.save(style.new_figure("Title", "Sub", "n = 1; config abc"), tmp_path / "f.png")
    before = path.stat().st_size
    gallery.shrink(path)
    with Image.open(path) as image:
        assert image.info["Description"] == "n = 1; config abc" and image.info["Title"] == "Title" and image.size == (1620, 960)
    assert path.stat().st_size < before
