"""The figures of a stored run: drawn from its files, dated, stamped, and plain about what is missing."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from agents.errors import InputError
from experiments.figures import draw_all
from experiments.figures.actors import draw_actors
from experiments.figures.basemap import load_basemap
from experiments.figures.dated import MOST, chosen
from experiments.figures.folder import load_run
from experiments.figures.people import draw_people
from experiments.figures.run import pretty
from experiments.geography import short_place

FLAGSHIP = Path(__file__).parents[1] / "configs" / "scenarios" / "pakistan_afghanistan"
RIVALS = {"pakistan": "afghanistan", "afghanistan": "pakistan"}
STATUSES = {"registered": 1.35e6, "documented": 8e5, "undocumented": 1.7e6, "citizen": 3e7, "idp": 2e5}
HASH = "0123456789ab"

Rows = list[tuple[str, str, str, NDArray[Any]]]


def daily_rows(days: int, crossings: list[str], rng: np.random.Generator) -> Rows:
    """Return made-up series in the layout of ``daily.parquet``, with a surge of returns after two thirds."""
    t = np.arange(days)
    surge = np.exp(-(((t - 0.68 * days) / (0.012 * days + 1)) ** 2))
    rows: Rows = []
    flows = {"returns_voluntary": 250 + 60 * rng.random(days), "returns_fear": 14000 * surge + 20.0}
    flows["returns_deportation"] = 500 * surge + 15
    region = {
        **flows,
        "returns": sum(flows.values()),
        "reentries": 0.2 * flows["returns_fear"],
        "departures": 300.0 + t * 0,
    }
    region |= {"flights": rng.poisson(40, days), "displaced": 3e6 + t, "stability": 0.7 - 0.2 * t / days}
    for name, level in (("violence", 0.6), ("movement", 0.8), ("relations", 0.4), ("legitimacy", 0.55), ("trade", 0.9)):
        region[f"stability_{name}"] = level - 0.2 * t / days
    for group, rate in (("ttp", 0.8), ("baloch", 0.5)):
        attacks = rng.poisson(rate * (1 + 1.5 * t / days)).astype(float)
        for name, series in (("attacks", attacks), ("deaths", 2 * attacks), ("truce", 0.0 * t)):
            rows.append(("group", group, name, series))
        rows.append(("group", group, "fighters", 3000 + 2000 * t / days))
        rows.append(("group", group, "deployed", 1000 + 500 * t / days))
        region["attacks"] = region.get("attacks", 0) + attacks
    region["deaths"] = 2 * region["attacks"] + 80.0 * (t == days // 2)
    rows += [("region", "region", name, np.asarray(series, dtype=float)) for name, series in region.items()]
    for name, rival in RIVALS.items():
        state = {"legitimacy": 0.5, "tension": 0.3, "economy": 1.0, "standing": 0.0, f"hostility/{rival}": 1.0}
        for variable, level in state.items():
            rows.append(("government", name, variable, 0.1 * np.cumsum(rng.normal(0, 0.05, days)) + level))
        rows.append(("government", name, f"direct_trade/{rival}", 1.0 - 0.2 * t / days))
        rows.append(("government", name, f"transit_trade/{rival}", 1.0 - 0.5 * (t > days / 2) * (rival > name)))
        for slot in (
            "deportation/undocumented",
            f"sanctions/{rival}",
            "operations",
            *(f"close_people/{c}" for c in crossings[:4]),
        ):
            rows.append(("government", name, f"lever/{slot}", 1.0 * (t % 400 > 300) * rng.random()))
        rows.append(("government", name, f"lever/forum_support/{rival}", -0.5 * (t > days / 2)))
    for status, people in STATUSES.items():
        series = people - 0.3 * people * (t > 0.68 * days) * (status == "undocumented")
        country = "Pakistan" if status not in ("citizen", "idp") else "Afghanistan"
        rows.append(("population", f"Afghanistan {status}", "people", series))
        rows.append(("population", f"Afghanistan {status}", f"people/{country}", series))
    for n, name in enumerate(crossings):
        rows.append(("crossing", name, "passed", 2000.0 / (n + 1) + 9000 * surge / (n + 1)))
        rows.append(("crossing", name, "open", 1.0 - 1.0 * (t % 90 < 8 * n)))
    return rows


def event_rows(days: int, crossing: str) -> list[tuple[int, str, str, str, str, float, str]]:
    """Return made-up events: day, kind, actor, target, place, value, text."""
    at = [int(share * days) for share in (0.15, 0.21, 0.22, 0.25, 0.3, 0.36, 0.5, 0.6, 0.62, 0.68, 0.7, 0.75, 0.86)]
    return [
        (
            at[0],
            "exogenous",
            "",
            "pakistan",
            "",
            0.1,
            "Change of regime in Kabul: groups that fight Pakistan are tolerated",
        ),
        (at[1], "truce", "ttp", "pakistan", "", 0.0, "One-month ceasefire"),
        (at[2], "truce_end", "ttp", "pakistan", "", 0.0, ""),
        (at[3], "strike", "pakistan", "afghanistan", "", 40.0, "Air strikes in two border provinces"),
        (at[4], "closure", "afghanistan", "", crossing, 0.0, ""),
        (at[4] + 9, "opening", "afghanistan", "", crossing, 0.0, ""),
        (
            at[5],
            "truce",
            "ttp",
            "pakistan",
            "",
            0.0,
            "Indefinite ceasefire after talks with a mediator, revoked in the end",
        ),
        (at[6], "truce_end", "ttp", "pakistan", "", 0.0, ""),
        (at[6], "attack", "ttp", "", "Peshawar Division", 84.0, ""),
        (at[7], "announcement", "pakistan", "", "", 1.0, "Undocumented foreigners are told to leave by 1 November"),
        (at[8], "deadline", "pakistan", "", "", 1.0, ""),
        (at[9], "rupture", "pakistan", "afghanistan", "", 0.0, ""),
        (at[10], "strike", "pakistan", "afghanistan", "", 8.0, ""),
        (at[11], "talks", "pakistan", "afghanistan", "", 0.0, ""),
        (at[12], "act", "pakistan", "afghanistan", "", -4.0, "A statement that no figure needs"),
    ]


def write_run(folder: Path, days: int = 200, scenario: Path | None = None) -> Path:
    """Write a made-up run folder in the project's format; ``scenario`` gives it real places and observations."""
    rng = np.random.default_rng(1)
    (folder / "scenario").mkdir(parents=True)
    start = np.datetime64("2021-01-01")
    dates = start + np.arange(days).astype("timedelta64[D]")
    if scenario is None:
        places = [
            ("North", "Aland", "area", 1.0, 1.0),
            ("South", "Bland", "area", 0.0, 1.2),
            ("Gate crossing", "", "crossing", 0.5, 1.1),
        ]
        table = pd.DataFrame(places, columns=["name", "country", "kind", "lat", "lon"])
        table.to_csv(folder / "scenario" / "places.csv", index=False)
        routes = pd.DataFrame(
            {"a": ["North", "Gate crossing"], "b": ["Gate crossing", "South"], "distance_km": [60, 60]}
        )
        routes.to_csv(folder / "scenario" / "routes.csv", index=False)
    else:
        for name in ("places.csv", "routes.csv"):
            shutil.copy(scenario / name, folder / "scenario" / name)
        shutil.copy(scenario / "observed" / "series.csv", folder / "scenario" / "observed.csv")
        table = pd.read_csv(scenario / "places.csv")
    crossings = [str(name) for name in table.loc[table["kind"] == "crossing", "name"]]
    rows = daily_rows(days, crossings, rng)
    frames = [
        pd.DataFrame(
            {"day": np.arange(days, dtype=np.int32), "date": dates, "kind": k, "actor": a, "variable": v, "value": x}
        )
        for k, a, v, x in rows
    ]
    pd.concat(frames).to_parquet(folder / "daily.parquet")
    names = [str(name) for name in table["name"]]
    share = rng.pareto(1.5, len(names))
    pd.concat(
        pd.DataFrame(
            {
                "day": np.arange(days, dtype=np.int32),
                "date": dates,
                "place": name,
                "attacks": rng.poisson(0.02 * s, days),
            }
        ).assign(deaths=0.0, displaced=2e4 * s if name not in crossings else 0.0)
        for name, s in zip(names, share, strict=True)
    ).to_parquet(folder / "places.parquet")
    events = pd.DataFrame(
        event_rows(days, crossings[0]), columns=["day", "kind", "actor", "target", "place", "value", "text"]
    )
    events.assign(date=start + events["day"].to_numpy().astype("timedelta64[D]")).to_parquet(folder / "events.parquet")
    title = "Pakistan-Afghanistan" if scenario else "Two states"
    config = {
        "seed": 7, "replicate": 0,
        "scenario": {"name": "made_up", "title": title, "start": "2021-01-01", "people_scale": 1},
        "governments": {name: {"country": name.capitalize()} for name in RIVALS},
    }  # fmt: skip
    (folder / "config.yaml").write_text(json.dumps(config))  # JSON is YAML
    (folder / "manifest.json").write_text(json.dumps({"config_hash": HASH}))
    (folder / "summary.json").write_text("{}")
    return folder


def description(path: Path) -> str:
    """Return the text that a PNG says about itself."""
    from PIL import Image

    with Image.open(path) as image:
        return str(image.info.get("Description", ""))


@pytest.fixture(scope="module")
def flagship(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_run(tmp_path_factory.mktemp("runs") / "flagship", days=1461, scenario=FLAGSHIP)
    draw_all(folder)
    return folder


def test_every_figure_is_written_and_not_blank(flagship: Path) -> None:
    for name in ("map", "timeline", "observed", "people", "actors"):
        pixels = imread(flagship / "figures" / f"{name}.png")[..., :3]
        assert pixels.shape[1] >= 1600 and pixels.shape[0] >= 900
        assert pixels.std() > 0.08, f"{name} is nearly blank"


def test_every_figure_says_runs_interval_seed_config_and_what_it_is_not(flagship: Path) -> None:
    for path in (flagship / "figures").glob("*.png"):
        said = description(path)
        for part in ("n = 1 run", "interval", "seed 7", HASH, "made_up", "2021-01-01 to 2024-12-31", "not a forecast"):
            assert part in said, f"{path.name}: {part}"


def test_ensemble_adds_its_number_of_seeds_and_its_band(flagship: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(flagship, folder)
    with (folder / "scenario" / "observed.csv").open(encoding="utf-8") as file:
        rows = [(r["outcome"], r["start"], r["end"], float(r["value"])) for r in csv.DictReader(file)]
    ensemble = pd.DataFrame(rows, columns=["outcome", "start", "end", "mean"])
    ensemble.assign(low=ensemble["mean"] * 0.8, high=ensemble["mean"] * 1.3, n=20).to_parquet(
        folder / "ensemble.parquet"
    )
    draw_all(folder)
    assert "n = 20 runs" in description(folder / "figures" / "observed.png")
    assert not np.array_equal(
        imread(folder / "figures" / "observed.png"), imread(flagship / "figures" / "observed.png")
    )


def test_fictional_short_run_without_observations_or_scenario_copy(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", days=21)
    assert sorted(path.stem for path in draw_all(folder)) == ["actors", "map", "people", "timeline"]
    shutil.rmtree(folder / "scenario")
    shutil.rmtree(folder / "figures")
    (folder / "manifest.json").unlink()
    drawn = draw_all(folder)
    assert sorted(path.stem for path in drawn) == ["actors", "people", "timeline"]
    assert "config not recorded" in description(drawn[0])


def test_run_of_one_day_without_events_is_drawn(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", days=1)
    pd.read_parquet(folder / "events.parquet").iloc[:0].to_parquet(folder / "events.parquet")
    assert len(draw_all(folder)) == 4


@pytest.mark.parametrize("name", ["config.yaml", "daily.parquet", "places.parquet", "events.parquet"])
def test_missing_or_broken_file_is_one_line(tmp_path: Path, name: str) -> None:
    folder = write_run(tmp_path / "run", days=3)
    (folder / name).write_text(": [")
    with pytest.raises(InputError) as broken:
        draw_all(folder)
    (folder / name).unlink()
    with pytest.raises(InputError) as missing:
        draw_all(folder)
    for error in (broken, missing):
        assert name in str(error.value) and "\n" not in str(error.value)
    assert not (folder / "figures").exists()


def test_missing_column_is_named(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", days=3)
    pd.read_parquet(folder / "daily.parquet").drop(columns="variable").to_parquet(folder / "daily.parquet")
    with pytest.raises(InputError, match="column variable is missing"):
        load_run(folder)


def test_series_are_read_exactly(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", days=30)
    run = load_run(folder)
    frame = pd.read_parquet(folder / "daily.parquet")
    for (kind, actor, variable), found in list(run.series.items())[::5]:
        chosen = (frame["kind"] == kind) & (frame["actor"] == actor) & (frame["variable"] == variable)
        assert np.array_equal(found, frame.loc[chosen].sort_values("day")["value"].to_numpy())
    dates, sums = run.binned(run.get("region", "region", "returns"))
    assert len(dates) == 4 and np.isclose(sums[0], run.get("region", "region", "returns")[:7].sum())


def test_names_read_as_people_write_them() -> None:
    assert pretty("ttp") == "TTP" and pretty("close_trade") == "Close trade" and pretty("Khost") == "Khost"
    assert short_place("Torkham crossing") == "Torkham" and short_place("Punjab (rest)") == "Punjab"


def test_dated_events_are_few_distinct_and_brief(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", days=1000)
    said = "Indefinite ceasefire (brackets go first when the text is long); what comes late goes next; and so on and on"
    rows = [(10 + at % 3, "strike", "pakistan", "afghanistan", "", 1.0, "The same week of strikes") for at in range(9)]
    rows += [(50 * at, "splinter", "ttp", "", "", 0.0, "") for at in range(1, 19)]
    rows += [
        (60, "closure", "pakistan", "", "Gate crossing", 0.0, ""),
        (61, "closure", "afghanistan", "", "Gate crossing", 0.0, ""),
    ]
    rows += [
        (70, "opening", "pakistan", "", "Gate crossing", 0.0, ""),
        (100, "truce", "ttp", "pakistan", "", 0.0, said),
    ]
    frame = pd.DataFrame(rows, columns=["day", "kind", "actor", "target", "place", "value", "text"])
    frame.assign(date=np.datetime64("2021-01-01") + frame["day"].to_numpy().astype("timedelta64[D]")).to_parquet(
        folder / "events.parquet"
    )
    notes = chosen(load_run(folder))
    kinds = [note.event.kind for note in notes]
    assert (
        len(notes) <= MOST
        and kinds.count("strike") == 1
        and kinds.count("closure") == 1
        and kinds.count("splinter") == 2
    )
    assert [note.event.day for note in notes] == sorted(note.event.day for note in notes)
    truce = next(note for note in notes if note.event.kind == "truce")
    assert truce.text == "Indefinite ceasefire; what comes late goes next; and so on and on" and truce.end == -1
    assert next(note for note in notes if note.event.kind == "closure").end == 70


def write_events(folder: Path, rows: list[tuple[int, str, str, str, str, float, str]]) -> None:
    """Replace the run's events."""
    frame = pd.DataFrame(rows, columns=["day", "kind", "actor", "target", "place", "value", "text"])
    dates = np.datetime64("2021-01-01") + frame["day"].to_numpy().astype("timedelta64[D]")
    frame.assign(date=dates).to_parquet(folder / "events.parquet")


def test_a_lone_escalation_is_not_crowded_out_by_events_of_other_kinds(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", days=1000)
    kinds = ("announcement", "deadline", "truce", "exogenous", "strike", "closure", "attack")
    rows = [
        (40 * at + n, kind, "ttp", "pakistan", f"Place {at}", 1.0, f"{kind} {at}")
        for n, kind in enumerate(kinds)
        for at in range(20)
    ]
    rows.append((500, "escalation", "region", "", "", 2.0, "escalation: attacks reach 2 times the year before"))
    write_events(folder, rows)
    notes = chosen(load_run(folder))
    assert len(notes) == MOST and set(kinds) <= {note.event.kind for note in notes}
    assert [note.text for note in notes if note.event.kind == "escalation"] == [
        "Escalation: attacks reach 2 times the year before"
    ]


def test_texts_of_events_show_names_not_keys(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", days=100)
    write_events(folder, [
        (1, "truce", "ttp", "", "", 9.0, "ttp declares a truce to 2021-01-10"),
        (20, "closure", "pakistan", "", "Torkham crossing", 1.0, "pakistan closes Torkham crossing to people"),
        (40, "talks", "un", "pakistan-afghanistan", "", 0.0, "un offers pakistan and afghanistan talks: declined"),
        (60, "strike", "pakistan", "afghanistan", "Khost", 4.0, "strike on Khost: 4 civilians killed"),
    ])  # fmt: skip
    assert [note.text for note in chosen(load_run(folder))] == [
        "TTP declares a truce to 2021-01-10",
        "Pakistan closes Torkham to people",
        "UN offers Pakistan and Afghanistan talks: declined",
        "Strike on Khost: 4 civilians killed",
    ]


def test_flat_levels_have_no_offset_and_legends_hide_no_data(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", days=200)
    frame = pd.read_parquet(folder / "daily.parquet")
    economy = frame["variable"] == "economy"
    frame.loc[economy, "value"] = 1.0 + 1e-6 * frame.loc[economy, "day"]
    frame.to_parquet(folder / "daily.parquet")
    run = load_run(folder)
    for figure in (draw_actors(run), draw_people(run)):
        figure.canvas.draw()
        width = figure.bbox.width
        for axes in figure.axes:
            assert axes.yaxis.get_offset_text().get_text() == ""
            legend = axes.get_legend()
            if legend is not None:
                box = legend.get_window_extent()
                assert box.y0 >= axes.get_window_extent().y1 - 1.0 and box.x1 <= width
                titles = [text.get_window_extent() for text in axes.texts[:1]]
                assert not any(box.overlaps(title) for title in titles)


def test_background_is_drawn_only_where_it_belongs() -> None:
    basemap = load_basemap()
    lon, lat = np.array([61.0, 74.0]), np.array([25.0, 37.0])
    assert {"Pakistan", "Afghanistan", "Iran", "India", "China", "Tajikistan"} <= set(basemap.areas)
    assert basemap.covers(lon, lat, {"Pakistan"})
    assert not basemap.covers(lon, lat, {"Northland"})
    assert not basemap.covers(lon - 90.0, lat, {"Pakistan"})
