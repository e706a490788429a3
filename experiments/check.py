"""``marchland check``: does a scenario folder or a policy class keep the contract? One line each."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from agents.errors import InputError


def check_scenario(path: str) -> str:
    """Compose, validate and read a scenario folder, and return one line about what it holds.

    Raises
    ------
    InputError
        In one line: the file, the key or row, and what would be right.
    """
    from sim.scenario import Scenario

    found = Scenario.load(path=path)
    config, tables = found.config, found.tables
    crossings = sum(place.is_crossing for place in tables.places)
    return (
        f"{path}: a good scenario: {len(config.governments)} governments, {len(config.groups)} groups, "
        f"{len(tables.places) - crossings} places, {crossings} crossings, {len(tables.routes)} routes, "
        f"{len(tables.history)} dated acts, {config.scenario.start} to {config.scenario.end}"
    )


def check_class(name: str) -> str:
    """Hold a policy class ``module:Class`` against the contract, and return one line.

    Raises
    ------
    InputError
        In one line: what the class lacks or does wrong.
    """
    from agents.policies import check_policy, load_class

    found = load_class(name, name)
    check_policy(found)
    return f"{name}: a good policy"


def main(words: Sequence[str]) -> int:
    """Check everything that is named."""
    if not words:
        raise InputError("check: name a scenario folder or a policy class module:Class; see marchland check --help")
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    for word in words:
        is_class = ":" in word and not Path(word).exists()
        print(check_class(word) if is_class else check_scenario(word))
    return 0


if __name__ == "__main__":
    from experiments.cli import main as cli_main

    sys.exit(cli_main(["check", *sys.argv[1:]]))
