"""What the page says of itself: first steps, words, an axis in powers of ten, and that it asks or tells before one wonders."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import AppServer, PageFactory, chromium, page, page_factory, start_ready  # noqa: F401  # fixtures
from test_app_page import day, opened, press, wait_day

from agents.levers import CATALOGUE
from agents.policies import GOVERNMENT_POLICIES, GROUP_POLICIES
from experiments.app import glossary
from experiments.app.course import Course
from experiments.app.desk import Choices, Desk
from experiments.app.levers import label_of
from experiments.app.paperwork import begin_saving, paperwork
from experiments.app.unsaved import by_hand, unsaved
from sim import Scenario

if TYPE_CHECKING:
    from playwright.sync_api import Page

SMALL = "scenario=two_states"
SLOW = '''
import time

from agents.decisions import GovernmentDecision
from agents.policies import GovernmentPolicy, NoParameters


class Slow(GovernmentPolicy[NoParameters]):
    """Thinks for a long time in the second week."""

    name = "slow"
    theory = "for a test"
    looks_at = ()
    parameters = NoParameters

    def decide(self, situation, memory, rng):
        if situation.day == 7:
            time.sleep(4.0)
        return GovernmentDecision(reasons=("slowly",)), memory
'''


# -- words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["two_states", "pakistan_afghanistan"])
def test_every_word_of_the_page_is_explained(name: str) -> None:
    course = Course(Scenario.load(name))
    found = {chapter.title: dict(chapter.words) for chapter in glossary.chapters(course)}
    assert all(meaning.strip() for words in found.values() for meaning in words.values())
    assert found["Policies of governments"].keys() == GOVERNMENT_POLICIES.keys()
    assert found["Policies of groups"].keys() == GROUP_POLICIES.keys()
    slots = {slot for _, own in course.setting.cast.slots_of for slot in own}
    assert len(found["Levers"]) == len({slot.lever for slot in slots})
    for lever in (lever for lever in CATALOGUE if any(slot.lever == lever.name for slot in slots)):
        assert any(word.endswith(f"({lever.name})") and meaning == lever.meaning for word, meaning in found["Levers"].items())


def test_a_policy_is_told_in_a_sentence() -> None:
    assert glossary.policy_about("status_quo", group=False) == "Hold the levers of the first day: the reference of every comparison"
    assert "truce" in glossary.policy_about("steady", group=True)


def test_the_corners_are_those_of_the_setup() -> None:
    from experiments.app.setup import CORNERS

    words = dict(next(chapter for chapter in glossary.chapters(Course(Scenario.load("two_states"))) if chapter.title == "Contested signs").words)
    assert tuple(words) == CORNERS


def test_first_steps_and_help(page: Page, app_server: AppServer) -> None:
    opened(page, app_server(SMALL).url)
    assert page.locator("[data-testid=first-steps] li").count() == len(glossary.FIRST_STEPS)
    press(page, "Step")
    wait_day(page, 1)
    page.wait_for_function("() => !document.querySelector('[data-testid=first-steps]')")
    press(page, "Help")
    page.get_by_text("how much hosts mind the foreigners among them").wait_for()
    assert page.locator("dt", has_text="tit_for_tat").count() == 1
    press(page, "Levers")
    page.locator(".mar-about", has_text="tit_for_tat: Denounce, close and restrict").wait_for()


def test_levers_have_one_name_everywhere(page: Page, app_server: AppServer) -> None:
    opened(page, app_server(SMALL).url)
    press(page, "Step 7")
    wait_day(page, 7)
    press(page, "Levers")
    page.locator(".mar-lever-name").first.wait_for()
    names = {" ".join(text.replace("each", "").split()) for text in page.locator(".mar-lever-name").all_inner_texts()}
    press(page, "Inspector")
    page.get_by_label("Look at").fill("north (gov")
    page.get_by_text("north (government)", exact=True).click()
    course = Course(Scenario.load("two_states"))
    course.go_to(7)
    cast = course.setting.cast
    inforce = [label_of(cast.slots[k], course) for k in range(len(cast.slots)) if course.model.state.granted[cast.government_index("north"), k]]
    assert inforce and set(inforce) <= names | {f"Close {place} to people" for place in ("West Gate", "East Gate")}
    for label in inforce:
        page.get_by_text(label, exact=True).first.wait_for()


# -- an axis in powers of ten ---------------------------------------------------------------------------------


def test_an_axis_in_powers_of_ten(page: Page, app_server: AppServer) -> None:
    opened(page, app_server(SMALL).url)
    press(page, "Step 7")
    wait_day(page, 7)
    assert page.locator(".mch-log").count() == 3, "people, violence and returns are counted"
    heights = """() => [0, 0.5, 1, 10, 1000].map(v => window.marchland.Charts.height({log: true}, v))"""
    assert page.evaluate(heights) == pytest.approx([0.0, 0.5, 1.0, 2.0, 4.0])
    assert page.evaluate("() => [0, 1, 2, 4, 6].map(h => window.marchland.Charts.said({log: true}, h))") == ["0", "1", "10", "1,000", "100k"]
    # The lowest line of a chart of people stands far higher on such an axis: 36 returnees beside 90,000 others.
    drawn = """() => { const c = document.querySelector('[data-chart=people] canvas'), p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
      let top = c.height; for (let i = 0; i < p.length; i += 4) if (Math.abs(p[i] - 0xCC) < 20 && Math.abs(p[i+1] - 0x79) < 20 && Math.abs(p[i+2] - 0xA7) < 20 && p[i+3] > 128)
        top = Math.min(top, Math.floor(i / 4 / c.width)); return top / c.height; }"""
    before = page.evaluate(drawn)
    button = page.locator("[data-chart=people] .mch-log")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert page.evaluate(drawn) < before - 0.1
    press(page, "Reset")  # charts of another model: the choice stays
    wait_day(page, 0)
    page.wait_for_function("() => document.querySelector('[data-chart=people] .mch-log').getAttribute('aria-pressed') === 'true'")
    assert page.locator(".mch-log[aria-pressed=true]").count() == 1


# -- asking and telling -----------------------------------------------------------------------------------


def test_what_is_unsaved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    desk = Desk(Choices((SMALL,)))
    assert not unsaved(desk)
    desk.step(3)
    assert not unsaved(desk), "days alone come out the same again"
    desk.change(lambda course: course.hand_over("north", "hardline"))
    assert unsaved(desk) and by_hand(desk) == 1
    desk.step(1)
    begin_saving(desk, to_end=False)
    for _ in range(600):
        if not paperwork(desk).saving.running:
            break
        time.sleep(0.05)
    assert paperwork(desk).saving.path is not None and not unsaved(desk)
    desk.change(lambda course: course.hand_over("south", "hardline"))
    assert unsaved(desk)
    desk.reset()
    assert not unsaved(desk) and by_hand(desk) == 0
    desk.close()


def test_the_browser_asks_before_what_was_done_by_hand_is_lost(page: Page, app_server: AppServer) -> None:
    opened(page, app_server(SMALL).url)
    press(page, "Step")
    wait_day(page, 1)
    asked: list[str] = []

    def answer(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        dialog.accept()  # type: ignore[attr-defined]

    page.on("dialog", answer)
    page.reload()
    page.wait_for_selector("[data-testid=map][data-day='0']")
    assert asked == [], "nothing was done by hand"
    press(page, "Levers")
    press(page, "Take over")
    page.get_by_text("Led by hand from").wait_for()
    page.reload()
    page.wait_for_selector("[data-testid=map][data-day='0']")
    assert asked == ["beforeunload"]


def test_a_day_that_takes_long_is_said_to(page_factory: PageFactory, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SLOW)
    server = start_ready(SMALL, "policy@policies.north=mine:Slow", cwd=tmp_path)
    try:
        page = opened(page_factory(), server.url)
        press(page, "Run")
        page.wait_for_selector("[data-testid=map][data-day='7'][data-waiting]")
        page.wait_for_function("() => +document.querySelector('[data-testid=map]').dataset.day > 8")
        press(page, "Pause")
        page.get_by_role("button", name="Run", exact=True).wait_for()
        page.wait_for_selector("[data-testid=map]:not([data-waiting])")
        assert day(page) > 8
        page.context.close()
    finally:
        server.stop()


def test_how_many_more_pairs_can_be_chosen(page: Page, app_server: AppServer) -> None:
    opened(page, app_server(SMALL).url)
    press(page, "Step")
    wait_day(page, 1)
    press(page, "Split")
    press(page, "Split the screen")
    page.locator("[data-testid=map]").nth(1).wait_for()
    page.locator(".mar-more").click()
    page.locator(".menuable__content__active").get_by_text("19", exact=True).click()
    press(page, "Run 19 more pairs to day 1")
    page.get_by_text("mean of 20 pairs (95 %)").wait_for(timeout=60_000)
    done = page.get_by_role("button", name="Done: 19 more pairs to day 1", exact=True)
    assert done.is_disabled(), "the same pairs would come out the same"
    assert re.search(r"[+-]?[\d,]+\.\d \([+-]?[\d,]+\.\d to [+-]?[\d,]+\.\d\)", page.locator("tr[data-outcome=attacks]").inner_text())
