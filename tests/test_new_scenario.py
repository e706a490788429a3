"""The starter scenario: commented, whole, and refused in one line where it cannot be written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.errors import InputError
from experiments.new_scenario import write_scenario
from sim.folder import read_folder, read_yaml

FILES = {"scenario.yaml", "places.csv", "routes.csv", "populations.csv", "groups.csv", "history.csv", "exogenous.csv"}


def test_it_writes_every_file_of_a_scenario_with_comments(tmp_path: Path) -> None:
    folder = write_scenario("my-border", tmp_path)
    assert folder == tmp_path / "my-border"
    assert {path.name for path in folder.iterdir()} >= FILES
    for name in FILES:
        assert (folder / name).read_text(encoding="utf-8").startswith("#"), name
    content: dict[str, Any] = read_yaml(folder)
    assert content["title"] == "My border" and len(content["governments"]) == 2 and len(content["groups"]) == 1
    assert sum(place.is_crossing for place in read_folder(folder).places) == 2
    assert not [path for path in tmp_path.iterdir() if path != folder], "nothing else is left behind"
    for name in ("scenario.yaml", "README.md"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "my-border" in text and "$name" not in text and "$title" not in text


def test_an_empty_folder_is_filled_and_a_full_one_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    write_scenario("mine", tmp_path)
    (tmp_path / "mine" / "places.csv").write_text("my own work", encoding="utf-8")
    with pytest.raises(InputError, match=r"'mine'.*not empty"):
        write_scenario("mine", tmp_path)
    assert (tmp_path / "mine" / "places.csv").read_text(encoding="utf-8") == "my own work"


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "two words", "1st", "x" * 65, "line\nbreak", "-m"])
def test_names_that_are_no_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        write_scenario(name, tmp_path)
    assert "\n" not in str(caught.value) and "letter" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_places_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="is a file"):
        write_scenario("file", tmp_path)
    with pytest.raises(InputError, match="cannot write"):
        write_scenario("mine", tmp_path / "nowhere")
    with pytest.raises(InputError, match="cannot write"):
        write_scenario("mine", tmp_path / "file")
