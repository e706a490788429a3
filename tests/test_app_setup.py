"""Setup, levers and files as a person uses them; and the fields of the setup without a browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import AppServer, PageFactory, choose, chromium, opened, page, page_factory, press, start_ready, wait_day  # noqa: F401  # fixtures

from agents.errors import InputError
from experiments import cli
from experiments.app import setup
from experiments.app.desk import Choices
from experiments.app.setup import Form
from sim import Scenario

if TYPE_CHECKING:
    from playwright.sync_api import Page

SETUP = ("scenario=two_states", "seed=7", "corner=zero", "policy@policies.north=hardline", "policies.north.params.level=0.3", "scenario.end=2001-03-01")


def fields(*words: str, config_dir: Path | None = None, config_name: str = "config") -> tuple[Form, Choices, Scenario]:
    """Return the fields that a command line shows, with its choices and scenario."""
    choices = Choices(words, config_dir, config_name)
    scenario = choices.load()
    return setup.form_of(choices, scenario), choices, scenario


# -- without a browser ------------------------------------------------------------------------------------


def test_the_fields_show_what_the_first_model_was_built_from() -> None:
    form, _, _ = fields(*SETUP)
    assert form == Form(
        "two_states", "7", "2001-03-01", "zero",
        {"north": "hardline", "south": "tit_for_tat", "north_front": "steady", "south_front": "steady"},
        ("north_front", "south_front"), "policies.north.params.level=0.3",
    )  # fmt: skip


@pytest.mark.parametrize("words", [(), SETUP, ("scenario=two_states", "corner=null"), ("seed=4", "scenario.start=2022-01-01")], ids=str)
def test_start_without_changes_builds_the_same_model(words: tuple[str, ...]) -> None:
    form, choices, scenario = fields(*words)
    again = setup.choices_from(form, form, choices).load()
    assert again.hash == scenario.hash


def test_changed_fields_become_words() -> None:
    form, choices, _ = fields("scenario=two_states")
    changed = replace(
        form, seed=" 12 ", end="2001-06-30", corner="spiral", policies={**form.policies, "south": "hardline"},
        further="parameters.violence.branching=0.4 scenario.people_scale=0.5",
    )  # fmt: skip
    built = setup.choices_from(changed, form, choices)
    assert built.words() == [
        "scenario=two_states", "seed=12", "corner=spiral", "scenario.end=2001-06-30", "policy@policies.south=hardline",
        "parameters.violence.branching=0.4", "scenario.people_scale=0.5",
    ]  # fmt: skip
    assert setup.form_of(built, built.load()) == replace(changed, seed="12")


def test_another_scenario_brings_its_own_actors_and_end() -> None:
    form, choices, _ = fields("scenario=two_states", "scenario.end=2001-03-01", "policy@policies.north=hardline")
    other = setup.with_scenario(form, "pakistan_afghanistan", choices)
    assert other.policies == {"pakistan": "scripted", "afghanistan": "scripted", "ttp": "scripted", "baloch": "scripted"}
    assert setup.policies_of("ttp", other, choices, ()) == ["steady", "scripted"]
    assert "threshold" in setup.policies_of("pakistan", other, choices, ())
    built = setup.choices_from(other, form, choices).load()
    assert built.hash == Scenario.load("pakistan_afghanistan").hash


def test_a_config_file_of_the_user_s_keeps_its_numbers(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "defaults: [config, {override scenario: two_states}, {override corner: spiral}, {override policy@policies.north: soft}, _self_]\n"
        "seed: 5\nparameters: {violence: {branching: 0.4}}\n"
    )
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "soft.yaml").write_text("name: hardline\nparams: {level: 0.1}\n")
    form, choices, scenario = fields(config_dir=tmp_path, config_name="mine")
    assert (form.seed, form.corner, form.policies["north"]) == ("5", "spiral", "hardline")
    same = setup.choices_from(replace(form, seed="6"), form, choices).load()
    assert same.config.policies == scenario.config.policies
    assert same.config.parameters == scenario.config.parameters
    assert same.config.seed == 6
    assert "soft" in setup.policies_of("north", form, choices, ())
    other = setup.with_scenario(form, "pakistan_afghanistan", choices)
    assert setup.choices_from(other, form, choices).load().config.parameters.violence.branching != 0.4


def test_a_folder_of_the_user_s_can_be_chosen_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["new-scenario", "my_border"]) == 0
    form, choices, scenario = fields("scenario.path=my_border")
    listed = setup.scenarios_of(form, choices)
    assert listed == ["pakistan_afghanistan", "two_states", "my_border"]
    away = setup.with_scenario(form, "two_states", choices)
    back = setup.with_scenario(away, "my_border", choices)
    assert setup.choices_from(back, form, choices).load().hash == scenario.hash


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": "seven"}, "seed: 'seven'"),
        ({"seed": "-1"}, "seed: '-1'"),
        ({"end": "March"}, "last day: 'March'"),
        ({"further": "a=1 'b"}, "further overrides"),
        ({"further": "seed=3"}, "field of its own"),
        ({"further": "policies.north.name=os:System"}, "command line only"),
        ({"further": "'interventions=[{date: 2001-01-03, actor: north, policy: os:System}]'"}, "command line only"),
        ({"further": "hydra.run.dir=x"}, "command line only"),
        ({"further": "parameters.violence.branching=${oc.env:PATH}"}, "command line only; write the value itself"),
        ({"further": "scenario.path=mine"}, "marchland app scenario.path=FOLDER"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(f"{key}_{text}" for key, text in value.items()),
)
def test_what_cannot_be_read_is_said_in_one_line(change: dict[str, str], said: str) -> None:
    form, choices, _ = fields("scenario=two_states")
    with pytest.raises(InputError, match=re.escape(said)) as found:
        setup.choices_from(replace(form, **change), form, choices)  # type: ignore[arg-type]
    assert "\n" not in str(found.value)


# -- in a browser -----------------------------------------------------------------------------------------


def tab(page: Page, name: str) -> None:
    page.locator(".mar-tab", has_text=name).click()


def lever(page: Page, key: str) -> str:
    return page.locator(f"[data-key='{key}']").inner_text()


def set_lever(page: Page, key: str, level: str) -> None:
    page.locator(f"[data-key='{key}'] input").fill(level)


def test_a_government_is_taken_over_while_the_run_goes_on_and_handed_back(page: Page, app_server: AppServer) -> None:
    opened(page, app_server("scenario=two_states").url)
    for number in range(1, 11):
        press(page, "Step")
        wait_day(page, number)
    tab(page, "Levers")
    page.wait_for_selector(".mar-lever")
    assert page.locator(".mar-charge").inner_text() == "Led by its policy tit_for_tat"
    assert page.locator("[data-key=operations] input").is_disabled()
    press(page, "Take over")
    page.get_by_text("Led by hand from 2001-01-11").wait_for()
    set_lever(page, "close_people/*", "1")
    set_lever(page, "operations", "0.9")
    page.get_by_text("0.30 → 0.90").wait_for()
    open_before = page.locator("[data-testid=map]").inner_html()
    press(page, "Step")
    wait_day(page, 11)
    page.get_by_text("Led by hand since 2001-01-11").wait_for()
    page.wait_for_function("() => !document.querySelector('[data-key=operations]').innerText.includes('→')")  # it comes in a message of its own
    assert "0.90" in lever(page, "operations") and "→" not in lever(page, "operations")
    assert page.locator("[data-testid=map]").inner_html().count("is-closed") > open_before.count("is-closed")
    assert "Day 11 of 730" in page.inner_text(".mar-header"), "no reset"
    press(page, "Run")  # and while it runs
    set_lever(page, "close_people/*", "0")
    page.wait_for_function("() => !document.querySelector('[data-key=\"close_people/*\"]').innerText.includes('→')")
    press(page, "Pause")
    page.locator(".mar-change").nth(1).wait_for()
    assert "0.00" in lever(page, "close_people/*")
    assert page.locator(".mar-change").count() == 2
    press(page, "Hand back to tit_for_tat")
    page.get_by_text("Led by its policy tit_for_tat from").wait_for()
    press(page, "Withdraw")
    page.get_by_text("Led by hand since 2001-01-11").wait_for()
    press(page, "Hand back to tit_for_tat")
    page.get_by_text("Led by its policy tit_for_tat from").wait_for()
    press(page, "Step")
    page.get_by_text("Led by its policy tit_for_tat since").wait_for()
    assert page.locator("[data-key=operations] input").is_disabled()


def test_the_setup_shows_the_first_model_and_builds_the_next(page: Page, app_server: AppServer) -> None:
    opened(page, app_server("scenario=two_states", "seed=7", "policy@policies.north=hardline").url)
    tab(page, "Setup")
    page.wait_for_selector(".mar-setup")
    assert page.get_by_label("seed", exact=True).input_value() == "7"
    text = page.inner_text(".mar-setup")
    assert "two_states" in text and "hardline" in text and "This is what the model on the screen was built with" in text
    choose(page, "scenario", "pakistan_afghanistan")
    page.get_by_text("policy of pakistan", exact=True).wait_for()
    choose(page, "policy of pakistan", "threshold")
    page.get_by_label("seed", exact=True).fill("12")
    press(page, "Start")
    page.get_by_text("Pakistan and Afghanistan, 2021-2024", exact=True).wait_for()
    page.get_by_text("seed 12", exact=True).wait_for()
    assert "Day 0 of 1461" in page.inner_text(".mar-header")
    tab(page, "Levers")
    page.get_by_text("Led by its policy threshold", exact=True).wait_for()


def type_slowly(page: Page, label: str, text: str) -> None:
    """Type as a person does, with days played between the keys."""
    field = page.get_by_label(label, exact=True)
    field.click()
    field.press("Control+a")
    field.press_sequentially(text, delay=60)


def day_shown(page: Page) -> int:
    return int(page.get_attribute("[data-testid=map]", "data-day") or -1)


def wait_days(page: Page, more: int) -> None:
    """Wait until a running course has played some more days."""
    page.wait_for_function(
        "(day) => +document.querySelector('[data-testid=map]').dataset.day >= day", arg=day_shown(page) + more, timeout=30_000,
    )  # fmt: skip


TYPED = (
    ("Setup", "seed", "abc"), ("Setup", "last day", "2001-10-0"), ("Setup", "further overrides", "a.b=0.41"),
    ("Files", "folder of a run", "nowhere at all"), ("Events", "Search the log", "strike"),
)  # fmt: skip


def test_fields_are_typed_into_while_the_course_runs_and_what_is_wrong_changes_nothing(page: Page, app_server: AppServer) -> None:
    opened(page, app_server("scenario=two_states", "seed=7").url)
    press(page, "Run")
    wait_days(page, 2)
    for name, label, text in TYPED:
        tab(page, name)
        before = day_shown(page)
        type_slowly(page, label, text)
        wait_days(page, 3)
        assert page.get_by_label(label, exact=True).input_value() == text
        assert day_shown(page) > before, "it ran meanwhile"
    tab(page, "Setup")
    type_slowly(page, "seed", "abc")
    before = day_shown(page)
    press(page, "Start")
    page.wait_for_selector(".mar-error")
    assert page.inner_text(".mar-error-text").strip() == "seed: 'abc' is no whole number from 0 on; write for example 7"
    wait_days(page, 2)
    page.wait_for_selector(".mar-error")
    press(page, "Pause")
    assert page.inner_text(".mar-seed") == "seed 7" and day_shown(page) >= before
    assert page.get_by_label("seed", exact=True).input_value() == "abc"
    press(page, "As on the screen")
    page.wait_for_function("[...document.querySelectorAll('.mar-seed-field input')].every(field => field.value === '7')")
    type_slowly(page, "seed", "12")
    press(page, "Start")
    wait_day(page, 0)
    page.get_by_text("seed 12", exact=True).wait_for()
    assert page.get_by_label("seed", exact=True).input_value() == "12"


def test_start_says_that_what_was_done_by_hand_is_given_up(page: Page, app_server: AppServer) -> None:
    opened(page, app_server("scenario=two_states").url)
    tab(page, "Setup")
    page.wait_for_selector(".mar-setup")
    assert page.locator(".mar-given-up").count() == 0
    tab(page, "Levers")
    press(page, "Take over")
    page.get_by_text("Led by hand from").wait_for()
    tab(page, "Setup")
    page.get_by_text("Start gives up the run on the screen with its 1 change made by hand").wait_for()
    press(page, "Start")
    page.wait_for_selector(".mar-given-up", state="detached")


def test_a_wrong_override_is_said_and_the_page_lives_on(page: Page, app_server: AppServer) -> None:
    opened(page, app_server("scenario=two_states").url)
    press(page, "Step")
    wait_day(page, 1)
    tab(page, "Setup")
    page.get_by_label("further overrides", exact=True).fill("parameters.violence.brnching=0.4")
    press(page, "Start")
    page.wait_for_selector(".mar-error")
    said = page.inner_text(".mar-error-text")
    assert "parameters.violence.brnching" in said and "branching" in said and "\n" not in said
    press(page, "Step")
    wait_day(page, 2)
    page.get_by_label("further overrides", exact=True).fill("parameters.violence.branching=0.4")
    press(page, "Start")
    wait_day(page, 0)
    page.wait_for_selector(".mar-error", state="detached")
    assert page.get_by_label("further overrides", exact=True).input_value() == "parameters.violence.branching=0.4"


def test_save_run_open_and_export(page_factory: PageFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start_ready("scenario=two_states", "seed=7", cwd=tmp_path)
    try:
        page = page_factory()
        opened(page, server.url)
        press(page, "Step 7")
        wait_day(page, 7)
        tab(page, "Levers")
        press(page, "Take over")
        page.get_by_text("Led by hand from").wait_for()
        set_lever(page, "aid", "0.6")
        page.get_by_text("0.00 → 0.60").wait_for()
        press(page, "Step 7")
        wait_day(page, 14)
        tab(page, "Files")
        press(page, "Save config")
        command = page.locator(".mar-saved .mar-command").inner_text()
        assert command == "marchland run saved/two_states-seed7-2001-01-14.yaml"
        with page.expect_download() as download:
            page.locator(".mar-saved").get_by_role("button").click()
        saved = tmp_path / "saved" / "two_states-seed7-2001-01-14.yaml"
        assert Path(download.value.path()).read_text() == saved.read_text()
        press(page, "Export replay page")
        page.locator(".mar-exported").wait_for(timeout=60_000)
        assert "<html" in (tmp_path / "saved" / "two_states-seed7-2001-01-14-replay.html").read_text()[:200]
        monkeypatch.chdir(tmp_path)
        assert cli.main([*command.split()[1:], "figures=false", "hydra.run.dir=outputs/mine"]) == 0
        tab(page, "Inspector")
        tab(page, "Files")
        choose(page, "runs in outputs/", "outputs/mine")
        press(page, "Open")
        page.get_by_text("recorded run mine", exact=True).wait_for()
        press(page, "Step 7")
        wait_day(page, 7)
        page.get_by_text("as recorded", exact=True).wait_for()
        press(page, "Step 7")
        wait_day(page, 14)
        page.get_by_text("as recorded", exact=True).wait_for()
        assert page.get_by_role("button", name="Step", exact=True).is_disabled(), "the record ends here"
        page.get_by_label("folder of a run", exact=True).fill("outputs/nothing")
        press(page, "Open")
        page.get_by_text("outputs/nothing: no such folder").wait_for()
        wait_day(page, 14)
        page.goto("about:blank")
    finally:
        server.stop()
    recorded = json.loads((tmp_path / "outputs/mine/manifest.json").read_text())
    assert recorded["seeds"]["seed"] == 7


#: Does something at once when an export shows that it goes on: it lasts about a second.
WHEN_EXPORTING = """text => {
  const seen = new MutationObserver(() => {
    if (!document.querySelector('.mar-exporting')) return;
    seen.disconnect();
    new Function(text)();
  });
  seen.observe(document.body, {childList: true, subtree: true});
}"""


def test_an_export_goes_on_while_tabs_change_and_ends_with_the_window(page_factory: PageFactory, tmp_path: Path) -> None:
    server = start_ready("scenario=pakistan_afghanistan", "--verbose", cwd=tmp_path)
    try:
        page = page_factory()
        opened(page, server.url)
        press(page, "Run")
        page.wait_for_function("+document.querySelector('[data-testid=map]').dataset.day >= 60", timeout=60_000)
        press(page, "Pause")
        tab(page, "Files")
        press(page, "Export replay page")
        page.wait_for_selector(".mar-exporting")
        tab(page, "Events")
        page.wait_for_selector(".mar-exporting", state="detached")
        tab(page, "Files")
        page.locator(".mar-exported").wait_for(timeout=60_000)
        written = list((tmp_path / "saved").glob("*-replay.html"))
        assert len(written) == 1 and f"saved/{written[0].name}" in page.inner_text(".mar-exported")
        with page.expect_download() as download:
            page.locator(".mar-exported").get_by_role("button").click()
        assert Path(download.value.path()).read_bytes() == written[0].read_bytes()
        page.evaluate(WHEN_EXPORTING, "document.querySelector('.mar-cancel').click()")
        press(page, "Export replay page")
        page.get_by_text("The export was cancelled; nothing was written.").wait_for()
        page.evaluate(WHEN_EXPORTING, "location.href = 'about:blank'")
        press(page, "Export replay page")
        page.wait_for_url("about:blank")
        assert server.said("window closed", err=True) == "window closed (0 open, 0 models in memory)"
        assert list((tmp_path / "saved").iterdir()) == written
    finally:
        server.stop()


def test_the_command_opens_the_folder_of_a_run(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", "scenario=two_states", "scenario.end=2001-01-10", "figures=false", "hydra.run.dir=mine"]) == 0
    server = start_ready("mine", cwd=tmp_path)
    try:
        opened(page, server.url)
        page.get_by_text("recorded run mine", exact=True).wait_for()
        press(page, "Step")
        wait_day(page, 1)
        page.get_by_text("as recorded", exact=True).wait_for()
        assert "Day 1 of 10" in page.inner_text(".mar-header")
        page.goto("about:blank")
    finally:
        server.stop()
