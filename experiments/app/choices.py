"""Choices: what the model of a window is built from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from experiments.app.chosen import Chosen
from experiments.app.openrun import open_run
from sim import Scenario
from sim.compose import compose


@dataclass(frozen=True)
class Choices:
    """What a model is built from: overrides as on the command line, and where config files are looked for.

    ``policies`` overrides the policy of an actor by name; ``seed`` the luck. ``folder`` is a finished run to play
    again; besides it only ``policies`` count.
    """

    overrides: tuple[str, ...] = ()
    config_dir: Path | None = None
    config_name: str = "config"
    scenario: str = ""
    seed: int | None = None
    policies: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None

    def words(self) -> list[str]:
        """Return the overrides that these choices amount to."""
        words = list(self.overrides)
        if self.scenario:
            words = [word for word in words if word.split("=")[0] not in ("scenario", "scenario.path")]
            words.append(f"scenario={self.scenario}")
        if self.seed is not None:
            words = [word for word in words if not word.startswith("seed=")] + [f"seed={self.seed}"]
        for actor, policy in self.policies.items():
            words = [word for word in words if not word.startswith(f"policy@policies.{actor}=")]
            words.append(f"policy@policies.{actor}={policy}")
        return words

    def load(self) -> Scenario:
        """Compose and check.

        Raises
        ------
        InputError
            In one line: what is wrong and what would be right.
        """
        if self.folder is not None:
            return open_run(self.folder, self.policies)
        composed = compose(self.words(), config_dir=self.config_dir, config_name=self.config_name, trusted=True)
        return Scenario.from_config(composed.config, composed.folder, composed.trusted_classes)


def choices_of(chosen: Chosen) -> Choices:
    """Return what the command line chose."""
    if chosen.folder:
        return Choices(folder=Path(chosen.folder))
    return Choices(chosen.overrides, Path(chosen.config_dir) if chosen.config_dir else None, chosen.config_name)
