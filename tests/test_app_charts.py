"""The charts of the page: their numbers are the record's, observations are the table's, and the browser shows them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from browser import chromium, page, page_factory  # noqa: F401  # fixtures
from conflicts import scenario_of, two_ways
from conftest import scenario

from experiments.app import charts
from experiments.app.course import Course
from experiments.app.observed import observed
from experiments.figures import style

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parent.parent
SIX = ["stability", "violence", "people", "returns", "hostility", "trade"]
FLAGSHIP, TWO = "pakistan_afghanistan", "two_states"
CSV = ROOT / "configs" / "scenarios" / FLAGSHIP / "observed" / "series.csv"


@pytest.fixture(scope="module")
def two() -> Course:
    course = Course(scenario(TWO))
    course.go_to(70)
    return course


@pytest.fixture(scope="module")
def flagship() -> Course:
    course = Course(scenario(FLAGSHIP))
    course.go_to(45)
    return course


def keys(course: Course) -> list[str]:
    return [series.key for chart in charts.charts(course) for series in chart.series]


def line(course: Course, key: str, first: int, last: int) -> list[float]:
    at = keys(course).index(key)
    return [row[at] for row in charts.rows(course, first, last)]


# -- lines and numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [FLAGSHIP, TWO])
def test_six_charts_of_plain_data(name: str) -> None:
    course = Course(scenario(name))
    data = json.loads(json.dumps(charts.spec(course)))
    assert [chart["key"] for chart in data["charts"]] == SIX
    assert data["days"] == course.days and data["start"] == str(course.setting.start)
    assert [s["key"] for chart in data["charts"] for s in chart["series"]] == keys(course)
    assert len(set(keys(course))) == len(keys(course))
    for chart in data["charts"]:
        looks = [(s["colour"], s["dash"], s["strong"]) for s in chart["series"]]
        assert len({(dash, strong) for _, dash, strong in looks}) == len(looks), "two lines of a chart look alike without colour"
        assert all(s["label"] and s["unit"] and s["about"] for s in chart["series"])


def test_every_pair_of_governments_has_its_lines(two: Course) -> None:
    assert keys(two)[-5:] == [
        "hostility/north/south", "hostility/south/north",
        "direct_trade/north/south", "transit_trade/north/south", "transit_trade/south/north",
    ]  # fmt: skip


def test_colours_are_those_of_the_figures() -> None:
    for name in ("BLUE", "ORANGE", "GREEN", "VERMILLION", "SKY", "PURPLE", "BLACK"):
        assert getattr(charts, name) == getattr(style, name)


def test_without_governments_and_groups_only_people_and_returns() -> None:
    data = charts.charts(Course(scenario_of(two_ways())))
    assert [chart.key for chart in data] == ["people", "returns"]
    assert [series.key for series in data[1].series] == ["returns"]


def test_flows_are_sums_of_28_days(two: Course) -> None:
    attacks = two.model.record.series("region", "region", "attacks")
    assert attacks.sum() > 0
    by_hand = {0: attacks[0], 10: attacks[:11].sum(), 27: attacks[:28].sum(), 28: attacks[1:29].sum(), 60: attacks[33:61].sum()}
    shown = line(two, "attacks", 0, 70)
    assert {day: shown[day] for day in by_hand} == by_hand
    # Wherever the page asks to begin, the window reaches back.
    assert line(two, "attacks", 41, 61) == shown[41:61]


def test_other_lines_are_the_records(two: Course) -> None:
    record = two.model.record
    assert line(two, "stability", 0, 70) == pytest.approx(record.series("region", "region", "stability").tolist(), abs=1e-5)
    assert line(two, "hostility/south/north", 5, 70) == pytest.approx(
        record.series("government", "south", "hostility/north")[5:].tolist(), abs=1e-5
    )
    both = sum(record.series("population", f"{name} idp", "people") for name in ("Northland", "Southland"))
    assert line(two, "idp", 0, 70) == np.asarray(both).tolist()


def test_rows_are_days_that_were_played(two: Course) -> None:
    assert len(charts.rows(two, 60, 500)) == 10
    assert charts.rows(two, 70, 71) == []
    assert charts.rows(Course(scenario(TWO)), 0, 0) == []


def test_rows_follow_a_step_back() -> None:
    course = Course(scenario(TWO))
    course.go_to(30)
    before = charts.rows(course, 0, 30)
    course.back(10)
    assert charts.rows(course, 0, 30) == before[:20]


def test_differences_are_of_the_days_of_both(two: Course) -> None:
    other = Course(scenario(TWO, "policy@policies.north=hardline"))
    other.go_to(60)
    found = np.array(charts.differences(two, other, 20, 70))
    assert found.shape == (40, len(keys(two)))
    mine, theirs = (np.array(charts.rows(course, 20, 60)) for course in (two, other))
    np.testing.assert_allclose(found, theirs - mine, atol=2e-5)
    assert np.abs(found).max() > 0
    assert not np.any(charts.differences(two, two, 0, 70))


def test_marks_are_interventions_so_far() -> None:
    course = Course(scenario(TWO))
    course.go_to(9)
    course.take_over("north", {"operations": 0.5})
    assert charts.marks(course) == []  # it acts from the coming day
    course.step()
    assert charts.marks(course) == [{"day": 9, "text": "north: manual"}]


# -- observations -----------------------------------------------------------------------------------------


def test_observations_are_those_of_the_table(flagship: Course) -> None:
    found = {one.series: one for one in observed(flagship.scenario)}
    assert set(found) == {"attacks", "deaths", "returns"}
    assert found["attacks"].label == found["deaths"].label == "observed (PICSS)"
    assert found["returns"].label == "observed"
    with CSV.open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    start = np.datetime64(str(flagship.setting.start))
    for outcome, one in found.items():
        written = {(row["start"], row["end"]): row for row in table if row["outcome"] == outcome}
        for point in one.points:
            row = written[str(start + point.first), str(start + point.last)]
            days = point.last - point.first + 1
            numbers = [float(row[name]) * 28 / days for name in ("low", "value", "high")]
            assert [point.low, point.value, point.high] == pytest.approx(numbers, abs=0.006)
    months = {name: sum(point.last - point.first < 40 for point in one.points) for name, one in found.items()}
    assert months == {"attacks": 48, "deaths": 34, "returns": 19}


def test_years_stand_only_for_months_that_are_missing(flagship: Course) -> None:
    found = {one.series: one for one in observed(flagship.scenario)}
    start = np.datetime64(str(flagship.setting.start))
    years = {
        name: [str(start + point.first)[:4] for point in one.points if point.last - point.first > 40] for name, one in found.items()
    }
    assert years == {"attacks": [], "deaths": ["2021", "2022"], "returns": []}


def test_observed_people_are_scaled_as_the_run_is_and_attacks_are_not() -> None:
    whole, tenth = (
        {one.series: one for one in observed(scenario(FLAGSHIP, *words))} for words in ((), ("scenario.people_scale=0.1",))
    )
    assert tenth["returns"].points[0].value == pytest.approx(0.1 * whole["returns"].points[0].value, abs=0.01)
    assert tenth["attacks"] == whole["attacks"]


def test_observations_beyond_the_run_are_left_out() -> None:
    short = scenario(FLAGSHIP, "scenario.end=2021-12-31")
    assert {one.series: len(one.points) for one in observed(short)} == {"attacks": 12, "deaths": 2}
    assert observed(scenario(TWO)) == []


def test_the_numbers_need_no_plotting_library() -> None:
    code = "import sys, experiments.app.charts; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


# -- in the browser ---------------------------------------------------------------------------------------

Show = Callable[..., "Page"]


@pytest.fixture
def show(page: Page) -> Show:
    """Open the charts of a course in an empty page, with its last rows."""
    echarts = Path(sys.prefix) / "share" / "solara" / "cdn" / "echarts@5.4.0" / "dist" / "echarts.min.js"
    if not echarts.is_file():
        pytest.skip("no echarts here: pip install 'marchland[app]'")

    def open_charts(course: Course, pair: bool = False) -> Page:
        page.set_content("<body style='margin:0'><div id='root' style='height:200px'></div></body>")
        page.add_script_tag(content=echarts.read_text(encoding="utf-8"))
        code = (ROOT / "experiments" / "app" / "web" / "charts.js").read_text(encoding="utf-8")
        page.evaluate(
            "([code, spec, pair]) => { const made = new Function(code + '; return MarchlandCharts;')();"
            " window.charts = new made(document.getElementById('root'), spec, window.echarts, {pair}); }",
            [code, charts.spec(course), pair],
        )
        return page

    return open_charts


def put(page: Page, first: int, rows: list[list[float]]) -> bool:
    return bool(page.evaluate("([first, rows]) => window.charts.set(first, rows)", [first, rows]))


def shown(page: Page) -> dict[str, float]:
    return {
        str(chip.get_attribute("data-series")): float(chip.get_attribute("data-value") or "nan")
        for chip in page.locator("[data-series]").all()
    }


INK = """key => {
  const canvas = document.querySelector(`section[data-chart=${key}] canvas.mch-lines`), pen = canvas.getContext("2d");
  const data = pen.getImageData(0, 0, canvas.width, canvas.height).data;
  let right = 0, count = 0;
  for (let i = 0; i < data.length; i += 4) {
    const grey = Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) < 40;
    if (data[i + 3] > 120 && !grey) { count += 1; right = Math.max(right, (i / 4) % canvas.width); }
  }
  return {right, count};
}"""


@pytest.mark.parametrize("name", [FLAGSHIP, TWO])
def test_six_cards_show_the_numbers_of_the_evening(name: str, show: Show, two: Course, flagship: Course) -> None:
    course = flagship if name == FLAGSHIP else two
    tab = show(course)
    assert put(tab, 0, charts.rows(course, 0, course.day))
    assert [card.get_attribute("data-chart") for card in tab.locator("section[data-chart]").all()] == SIX
    assert list(shown(tab).values()) == charts.rows(course, course.day - 1, course.day)[0]
    chip = tab.locator("[data-series=stability]")
    assert chip.inner_text().split() == ["stability", f"{course.model.record.latest('region', 'region', 'stability'):.2f}"]
    for key in SIX:
        assert tab.evaluate(INK, key)["count"] > 20, f"no line in {key}"
    seen = {key: tab.locator(f"section[data-chart={key}]").get_attribute("data-observed") for key in SIX}
    # In the first quarter of the flagship: three months of attacks.
    assert seen == dict.fromkeys(SIX, "0") | ({"violence": "3"} if name == FLAGSHIP else {})
    assert tab.get_by_text("observed (PICSS)").count() == (1 if name == FLAGSHIP else 0)


def test_a_step_back_drops_later_days_and_a_gap_is_refused(show: Show, two: Course) -> None:
    tab = show(two)
    assert put(tab, 0, charts.rows(two, 0, 70))
    far = tab.evaluate(INK, "violence")["right"]
    assert put(tab, 10, charts.rows(two, 10, 40))
    assert list(shown(tab).values()) == charts.rows(two, 39, 40)[0]
    assert tab.locator("#root").get_attribute("data-days") == "40"
    assert tab.evaluate(INK, "violence")["right"] < far - 20, "the line goes on after the evening shown"
    assert not put(tab, 41, charts.rows(two, 41, 60)), "day 40 is missing"
    assert tab.locator("#root").get_attribute("data-days") == "40"
    assert put(tab, 40, charts.rows(two, 40, 60))
    assert list(shown(tab).values()) == charts.rows(two, 59, 60)[0]
    assert put(tab, 0, [])
    assert tab.locator("[data-series=attacks]").inner_text().split() == ["attacks", "–"]


def test_a_pair_shows_signed_differences(show: Show, two: Course) -> None:
    other = Course(scenario(TWO, "policy@policies.north=hardline"))
    other.go_to(70)
    rows = charts.differences(two, other, 0, 70)
    tab = show(two, pair=True)
    assert put(tab, 0, rows)
    assert list(shown(tab).values()) == rows[-1]
    texts = [node.inner_text() for node in tab.locator(".mch-value").all()]
    for text, value in zip(texts, rows[-1], strict=True):
        assert not value or text[0] in ("+" if value > 0 else "−", "0"), (text, value)
    assert any(text[0] in "+−" for text in texts)
    assert tab.get_by_text("right - left").count() == 6


def test_the_pointer_shows_the_day(show: Show, two: Course) -> None:
    tab = show(two)
    put(tab, 0, charts.rows(two, 0, 70))
    box = tab.locator("section[data-chart=violence] .mch-plot").bounding_box()
    assert box is not None
    left, right = 42, 10  # MarchlandCharts.room
    for day, date in ((30, "31 Jan 2001"), (50, "20 Feb 2001")):
        tab.mouse.move(box["x"] + left + (box["width"] - left - right) * day / 91, box["y"] + 30)
        tip = tab.locator("body > div", has_text=date)
        tip.wait_for()
        assert f"attacks {line(two, 'attacks', day, day + 1)[0]:.0f}" in " ".join(tip.inner_text().split())


@pytest.mark.parametrize("start", ["2001-01-01", "2021-10-20", "2004-02-29"])
def test_dates_below_an_axis_never_touch(page: Page, start: str) -> None:
    """For runs of a day to a century and cards of any width: at least one label, none cut, labels far enough apart."""
    code = (ROOT / "experiments" / "app" / "web" / "charts.js").read_text(encoding="utf-8")
    found = page.evaluate(
        "([code, start]) => { const MarchlandCharts = new Function(code + '; return MarchlandCharts;')(), out = []; for (const end of [0, 1, 6, 30, 60, 91, 365, 730, 1461, 3652, 36500]) for (const plot of [60, 110, 190, 330])"
        " out.push([end, plot, MarchlandCharts.labels(Date.parse(start), end, plot, plot + 10, text => 3.6 * text.length + 4)]); return out; }",
        [code, start],
    )
    assert len(found) == 44
    for end, plot, labels in found:
        halves = [3.6 * len(text) + 4 for _, text in labels]
        assert labels, (end, plot)
        assert all(x + half <= plot + 14 for (x, _), half in zip(labels, halves, strict=True)), (end, plot, labels)
        right = [x + half for (x, _), half in zip(labels, halves, strict=True)]
        assert all(x - half > before for (x, _), half, before in zip(labels[1:], halves[1:], right, strict=False)), (end, plot, labels)
    many = {(end, plot): [text for _, text in labels] for end, plot, labels in found}
    if start == "2001-01-01":
        assert many[30, 330][:3] == ["2001", "6 Jan", "11 Jan"] and many[730, 190] == ["2001", "Jul", "2002", "Jul", "2003"][: len(many[730, 190])]
        assert many[1461, 190] == ["2001", "2002", "2003", "2004", "2005"][: len(many[1461, 190])]


@pytest.mark.alone
def test_a_step_of_a_long_run_is_drawn_at_once(show: Show, flagship: Course) -> None:
    # 1,400 evenings: those that were played, over and over.
    played = charts.rows(flagship, 0, flagship.day)
    rows = [played[day % len(played)] for day in range(1400)]
    tab = show(flagship)
    assert put(tab, 0, rows)
    times = tab.evaluate(
        "rows => { const times = []; for (let k = 1300; k < 1400; k++) { const start = performance.now();"
        " window.charts.set(k - 29, rows.slice(k - 29, k + 1)); times.push(performance.now() - start); } return times; }",
        rows,
    )
    assert np.median(times) < 12.0, "milliseconds for all six charts"


@pytest.mark.parametrize("width", [1366, 1920])
@pytest.mark.parametrize("name", [FLAGSHIP, TWO])
def test_six_cards_stand_beside_each_other(name: str, width: int, page: Page, show: Show, two: Course, flagship: Course) -> None:
    page.set_viewport_size({"width": width, "height": 768})
    course = flagship if name == FLAGSHIP else two
    show(course)
    put(page, 0, charts.rows(course, 0, course.day))
    boxes = [card.bounding_box() for card in page.locator("section[data-chart]").all()]
    assert all(box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes), boxes
    assert len({box["y"] for box in boxes if box is not None}) == 1
    small = page.evaluate("() => [...document.querySelectorAll('#root *')].filter((n) => parseFloat(getComputedStyle(n).fontSize) < 13).length")
    assert small == 0
