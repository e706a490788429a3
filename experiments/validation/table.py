"""The scores on the screen: three modes beside the baselines, and what each of them means."""

from __future__ import annotations

from rich.table import Table

from experiments.validation.baselines import BASELINES
from experiments.validation.suite import LEAK, MODES, Measure, SuiteResult

#: Columns of the screen that modes and baselines together need.
WIDE = 128


def score_tables(result: SuiteResult, width: int) -> list[Table]:
    """Return the mean ARD of each mode beside each baseline's, a row a conflict and one for their mean.

    One table, or where ``width`` is too small one for the modes and one for the baselines.
    """
    if width >= WIDE:
        return [_table(result, modes=True, baselines=True)]
    return [_table(result, modes=True, baselines=False), _table(result, modes=False, baselines=True)]


def _table(result: SuiteResult, *, modes: bool, baselines: bool) -> Table:
    """Return one table with the columns that are wanted."""
    shown = result.modes if modes else ()
    lines = BASELINES if baselines else {}
    about = f"rule {result.rule}, {seeds_in_words(result.seeds)}" if modes else "baselines without a model"
    table = Table(title=f"Mean ARD (normal), {about}; lower is better")
    table.add_column("conflict", no_wrap=True)
    for mode in shown:
        table.add_column(mode.mode, justify="right", style="bold", no_wrap=True)
    for line in lines.values():
        table.add_column(line.title.replace(" ", "\n", 1), justify="right", no_wrap=True)
    for row, score in enumerate(result.modes[0].conflicts):
        cells = [_cell(mode.conflicts[row].measures["ard_mean"]) for mode in shown]
        table.add_row(score.conflict.name, *cells, *(f"{score.baselines[name]:.3f}" for name in lines))
    means, blank = result.modes[0].baselines, ["" for _ in lines]
    table.add_section()
    table.add_row("mean", *(_cell(mode.ard_mean) for mode in shown), *(f"{means[name]:.3f}" for name in lines))
    if modes:
        table.add_row("last day", *(f"{mode.measure('ard_final'):.3f}" for mode in shown), *blank)
        table.add_row("rescaled", *(f"{mode.measure('ard_rescaled_mean'):.3f}" for mode in shown), *blank)
    return table


def explanation(result: SuiteResult) -> list[str]:
    """Return the lines below the table: the modes, the baselines, the leak, and who beats what."""
    lines = ["Modes: what the rule is told about capacities"]
    lines += [f"  {mode.mode:<11} {MODES[mode.mode]}" for mode in result.modes]
    lines.append("Baselines: no model of movement; the last three know the capacities")
    width = max(len(line.title) for line in BASELINES.values())
    lines += [f"  {line.title:<{width}}  {line.does}" for line in BASELINES.values()]
    camps = [camp for score in result.modes[0].conflicts for camp in score.camps]
    leaking = sum(camp.leaks for camp in camps)
    lines.append(
        f"The leak: {leaking} of {len(camps)} capacities lie within {100 * LEAK:.0f} % of the peak of the very counts that are scored."
    )
    for mode in result.modes:
        better = ", ".join(f"{line.title} on {mode.beaten(name)}" for name, line in BASELINES.items())
        lines.append(f"{mode.mode.capitalize()}, of {len(mode.conflicts)}: better than {better}.")
    return lines


def seeds_in_words(seeds: int) -> str:
    """Return the number of seeds, and what the second line of a cell holds."""
    return "1 seed (no interval)" if seeds == 1 else f"{seeds} seeds (and the middle 90 % of them)"


def _cell(measure: Measure) -> str:
    """Return a mean with its interval."""
    if measure.interval is None:
        return f"{measure.mean:.3f}"
    low, high = measure.interval
    return f"{measure.mean:.3f}\n{low:.3f}-{high:.3f}"
