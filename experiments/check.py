"""``marchland check``: does a scenario folder or a policy class keep the contract? One line each."""

from __future__ import annotations

import sys
import traceback
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
    if tables.conflict is not None:
        from sim.displacement.tree import describe

        return f"{path}: a good conflict folder: {describe(tables.conflict)}"
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

    module, _, class_name = name.partition(":")
    if not module or not class_name:
        raise InputError(f"{name}: cannot be read as a class; write module:Class, for example mymodule:MyPolicy")
    try:
        found = load_class(name, name)
        check_policy(found)
    except InputError:
        raise
    except Exception as error:  # the user's own code: whatever it raises is what is wrong with it
        raise InputError(f"{name}: {type(error).__name__}{_where(error, module)}: {' '.join(str(error).split())[:200]}") from None
    return f"{name}: a good policy"


def _where(error: Exception, module: str) -> str:
    """Return the last line of the user's module that an error passed through."""
    if isinstance(error, SyntaxError):
        return f" (line {error.lineno} of {Path(error.filename or module).name})"
    own = f"{module.rsplit('.', 1)[-1]}.py"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).name == own]
    return f" (line {lines[-1]} of {own})" if lines else ""


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
