"""``marchland parameters``: every parameter with default, range, unit and source, from the schema itself."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from agents.errors import InputError
from agents.government import GovernmentSettings
from agents.mediator import MediatorSettings
from agents.militant_group import GroupSettings
from agents.parameters import Parameter, parameters_of
from agents.policies import GOVERNMENT_POLICIES, GROUP_POLICIES
from sim.complaints import did_you_mean
from sim.settings import Config

COLUMNS: tuple[str, ...] = ("parameter", "default", "low", "high", "unit", "meaning", "source")


def all_parameters() -> list[Parameter]:
    """Return every parameter of a run: the config's, those of actors (``NAME``), and those of policies."""
    rows = list(parameters_of(Config))
    rows += parameters_of(GovernmentSettings("country"), "governments.NAME.")
    rows += parameters_of(GroupSettings("target"), "groups.NAME.")
    rows += parameters_of(MediatorSettings(), "mediators.NAME.")
    seen: set[str] = set()
    for policy in (*GOVERNMENT_POLICIES.values(), *GROUP_POLICIES.values()):
        for row in _of_policy(policy):
            if row.path not in seen:
                seen.add(row.path)
                rows.append(row)
    return rows


def _of_policy(policy: type) -> Iterator[Parameter]:
    """Yield the parameters of a policy class, as ``policy/NAME: params.KEY``."""
    schema = getattr(policy, "parameters")  # noqa: B009 (a class attribute of every policy)
    yield from parameters_of(schema, f"policy/{getattr(policy, 'name')}:params.")  # noqa: B009


def matching(rows: Sequence[Parameter], words: Sequence[str]) -> list[Parameter]:
    """Return the rows that hold every word in their path, meaning or source, without regard to case."""
    found = list(rows)
    for word in words:
        found = [row for row in found if word.lower() in f"{row.path} {row.meaning} {row.source}".lower()]
    return found


def cells(row: Parameter) -> tuple[str, ...]:
    """Return a row as text."""
    return (row.path, f"{row.default:g}", f"{row.low:g}", f"{row.high:g}", row.unit, row.meaning, row.source)


def markdown(rows: Sequence[Parameter]) -> str:
    """Return the table in Markdown, as the documentation holds it."""
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    for row in rows:
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells(row)) + " |")
    return "\n".join(lines)


def main(words: Sequence[str]) -> int:
    """Print the table."""
    options = [word for word in words if word.startswith("-")]
    for option in options:
        if option not in ("--csv", "--markdown"):
            raise InputError(f"{option}: unknown option{did_you_mean(option, ('--csv', '--markdown'))}; known: --csv, --markdown")
    wanted = [word for word in words if not word.startswith("-")]
    rows = matching(all_parameters(), wanted)
    if not rows:
        raise InputError(f"{' '.join(wanted)}: no parameter has this in its name, meaning or source; leave it out to see all")
    if "--csv" in options:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(cells(row) for row in rows)
    elif "--markdown" in options:
        print(markdown(rows))
    else:
        _print_table(rows)
    return 0


def _print_table(rows: Sequence[Parameter]) -> None:
    """Print for people: a table as wide as the terminal."""
    console = Console(width=None if sys.stdout.isatty() else 180)
    table = Table(box=None, pad_edge=False)
    for name in ("parameter", "default", "range", "unit", "meaning", "source"):
        numeric = name == "default"
        table.add_column(name, overflow="fold", justify="right" if numeric else "left")
    for row in rows:
        path, default, low, high, unit, meaning, source = cells(row)
        table.add_row(path, default, f"{low} to {high}", unit, meaning, source)
    console.print(table, highlight=False, markup=False)
    console.print(f"{len(rows)} parameters; override one with KEY=VALUE: marchland run {_example(rows)}", highlight=False)


def _example(rows: Sequence[Parameter]) -> str:
    """Return an override that works as an example."""
    plain = [row for row in rows if ":" not in row.path and "NAME" not in row.path]
    return f"{plain[0].path}={plain[0].default:g}" if plain else "policies.NAME.params.KEY=VALUE"


if __name__ == "__main__":
    from experiments.cli import main as cli_main

    sys.exit(cli_main(["parameters", *sys.argv[1:]]))
