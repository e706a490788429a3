"""The command line: ``marchland VERB ...``, the same as ``python -m experiments.VERB ...``.

A wrong input is one line and exit code 2, Ctrl-C one line and 130, a bug a traceback and 1. Verbs are
imported late, so that Ctrl-C and a broken installation are answered in words from the first moment.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

from experiments import interrupts

WRONG_INPUT = 2
INTERRUPTED = 130


@dataclass(frozen=True)
class Verb:
    """One verb: the module that does it and what its help says."""

    module: str
    does: str
    usage: str
    examples: tuple[tuple[str, str], ...]


VERBS: Mapping[str, Verb] = MappingProxyType({
    "run": Verb(
        "experiments.run",
        "run a scenario; results, figures and a summary go into a folder of their own",
        "marchland run [FILE.yaml] [KEY=VALUE ...] [--force] [-m] [--config-dir DIR] [--config-name NAME]",
        (
            ("marchland run", "the flagship scenario, Pakistan-Afghanistan 2021-2024"),
            ("marchland run scenario=two_states seed=7", "another scenario, other luck"),
            ("marchland run scenario=two_states policy@policies.north=hardline", "another policy for the north"),
            ("marchland run policy@policies.pakistan=mymodule:MyPolicy policies.pakistan.params.level=0.3", "your own"),
            ("marchland run parameters.violence.branching=0.4", "another number (marchland parameters lists them)"),
            ("marchland run scenario.path=./my_border hydra.run.dir=results/one", "your own scenario, a folder of your choice"),
            ("marchland run -m scenario=two_states seed=1,2,3", "several runs, a folder each"),
            ("marchland run experiment=sanctuary_cooperation scenario=two_states", "the world of a named study (marchland sweep --help lists them)"),
            ("marchland run mystudy.yaml seed=7", "a config file of your own: short for --config-dir . --config-name mystudy"),
            ("marchland run --config-dir myconfigs --config-name mystudy", "your own config files besides the built-in ones"),
        ),
    ),
    "app": Verb(
        "experiments.app.serve",
        "open a page in the browser: step through a run, take over a government, ask why, compare",
        "marchland app [FILE.yaml | RUNFOLDER | KEY=VALUE ...] [--port N] [--host H] [--no-open] [--config-dir DIR] [--config-name NAME] [--verbose]",
        (
            ("marchland app", "the flagship scenario, at http://127.0.0.1:8765/ or the next free port"),
            ("marchland app scenario=two_states seed=7", "another scenario, other luck: what the first model is built from"),
            ("marchland app mystudy.yaml", "a config file, such as the page saves"),
            ("marchland app outputs/two_states-20261123-101500-abc123", "a finished run, to replay"),
            ("marchland app --port 9000 --no-open", "another port (0: any free one), and no browser opened"),
            ("marchland app --host 0.0.0.0", "for other machines as well: anybody who reaches the port can use it"),
        ),
    ),
    "validate": Verb(
        "experiments.validate",
        "score the model on real conflicts against registered camp counts, beside baselines without a model",
        "marchland validate suite=displacement suite.folder=DIR [KEY=VALUE ...] [--force]",
        (
            ("marchland validate suite=displacement suite.folder=DIR seeds=20", "every conflict folder in DIR, 20 seeds, three modes"),
            ("marchland validate suite.folder=DIR suite.conflicts=[mali2012] suite.modes=[withheld,limits]", "one conflict, two modes"),
            ("marchland validate suite.folder=DIR rule=flee output=results/flee", "another rule, a folder of your choice"),
        ),
    ),
    "sweep": Verb(
        "experiments.sweep",
        "run a design over any fields of the config; survives kills, goes on where it stopped",
        "marchland sweep design=KIND KEY=LOW..HIGH ... [replicates=R] [executor=processes workers=2] [output=FOLDER] [--force]",
        (
            ("marchland sweep design=lhs n=64 replicates=5 scenario=two_states parameters.violence.branching=0.2..0.6", "a Latin hypercube"),
            ("marchland sweep design=grid scenario=two_states policy@policies.north=status_quo,hardline seed=3", "the grammar of -m"),
            ("marchland sweep design=sobol n=256 scenario=two_states parameters.violence.branching= parameters.fighters.infiltration=", "declared ranges"),
            ("marchland sweep experiment=deportation_sweep scenario=two_states", "a named study (listed below)"),
            ("marchland sweep design=lhs ... output=FOLDER", "the same words and folder again go on with a study"),
        ),
    ),
    "shard": Verb(
        "experiments.shard",
        "run one shard of a study, as the scripts of a cluster do",
        "marchland shard FOLDER INDEX [workers=1] [trust=module:Class,...]",
        (("marchland shard outputs/my_study 3", "shard 3 of a study that was split for a cluster; again: goes on with it"),),
    ),
    "compare": Verb(
        "experiments.compare",
        "run policies, levers or numbers under the same luck and show what is different",
        "marchland compare [FILE.yaml] [KEY=VALUE,VALUE ...] [replicates=20] [precision=10] [output=FOLDER] [--force]",
        (
            ("marchland compare scenario=two_states policy@policies.north=status_quo,hardline", "two policies, 20 pairs"),
            ("marchland compare scenario=two_states governments.north.baseline.operations=0.3,0.309 replicates=40", "a small change of a lever"),
            ("marchland compare parameters.violence.branching=0.3,0.5 precision=5", "and how many pairs make the interval 5 %"),
            ("marchland compare mine.yaml policy@policies.north=status_quo,hardline", "the same on a config file, such as one that the app saved"),
        ),
    ),
    "analyze": Verb(
        "experiments.analyze",
        "say what the runs of a study show: figures, tables and one page",
        "marchland analyze STUDY [outcomes=A,B] [analyses=sobol,phase] [KEY=VALUE ...] [--force]",
        (
            ("marchland analyze outputs/my_study", "every analysis that fits; the report is outputs/my_study/analysis/report.html"),
            ("marchland analyze STUDY outcomes=stability,deaths analyses=sobol,phase", "two outcomes, two analyses"),
            ("marchland analyze STUDY interest='stability<0.5' by=policy@policies.north", "what leads to low stability; policies told apart"),
        ),
    ),
    "reproduce": Verb(
        "experiments.reproduce",
        "run a stored run, study or comparison again and say whether the same comes out",
        "marchland reproduce FOLDER [sample=K sample_seed=1] [workers=2] [replicates=N] [trust=module:Class,...]",
        (
            ("marchland reproduce outputs/two_states-20261123-101500-abc123", "exit code 0 when the tables are the same"),
            ("marchland reproduce outputs/my_study sample=50 workers=2", "50 runs of a study, drawn by sample_seed"),
            ("marchland reproduce FOLDER replicates=20", "when they differ: do the stored outcomes lie among those of 20 replicates? (exit code 3)"),
            ("marchland reproduce FOLDER trust=mymodule:MyPolicy", "a run with a policy class of your own"),
        ),
    ),
    "archive": Verb(
        "experiments.archive",
        "write a zip of a run, study or comparison for a repository like Zenodo, with RO-Crate metadata",
        "marchland archive FOLDER [output=FILE.zip] [--force]",
        (("marchland archive outputs/my_study", "my_study.zip: manifest, plan, results, tables, report, ro-crate-metadata.json"),),
    ),
    "schedule": Verb(
        "experiments.schedule",
        "print the day: its stages in order, and what each does",
        "marchland schedule",
        (("marchland schedule", "the stages of a day"),),
    ),
    "parameters": Verb(
        "experiments.parameters",
        "print every parameter with default, range, unit and source",
        "marchland parameters [WORD] [--csv | --markdown]",
        (
            ("marchland parameters", "all of them"),
            ("marchland parameters violence", "those with 'violence' in the name, the meaning or the source"),
            ("marchland parameters --csv > parameters.csv", "as a table for other programs"),
        ),
    ),
    "check": Verb(
        "experiments.check",
        "tell in one line whether your scenario folder or your policy class keeps the contract",
        "marchland check FOLDER|module:Class [...]",
        (
            ("marchland check ./my_border", "a scenario folder"),
            ("marchland check mymodule:MyPolicy", "a policy class"),
        ),
    ),
    "new-scenario": Verb(
        "experiments.new_scenario",
        "write a commented starter scenario into ./NAME, which runs at once",
        "marchland new-scenario NAME",
        (("marchland new-scenario my_border && marchland run scenario.path=my_border", "write it and run it"),),
    ),
})


def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb and return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    with interrupts.remembered() as interrupt:
        try:
            return _dispatch(arguments)
        except KeyboardInterrupt:
            return _interrupted()
        except BrokenPipeError:  # the reader of a pipe has gone, as in `marchland parameters | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except Exception as error:
            if interrupt.seen:  # something made another error of it
                return _interrupted()
            if not _is_input_error(error) and type(error).__name__ != "Overwritten":
                raise
            return _wrong(str(error))


def _dispatch(arguments: list[str]) -> int:
    """Find the verb and call it."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(overview())
        return 0 if arguments else WRONG_INPUT
    name, *rest = arguments
    if name in ("version", "--version", "-V"):
        from experiments.manifest import version

        print(f"marchland {version()}")
        return 0
    if name not in VERBS:
        near = difflib.get_close_matches(name, VERBS, n=1, cutoff=0.5)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        return _wrong(f"unknown verb {name!r}{meant}; known: {', '.join([*VERBS, 'version'])}")
    if any(word in ("-h", "--help") for word in rest):
        print(verb_help(name))
        return 0
    importlib.import_module("sim")  # says plainly when one of our packages has been overwritten
    call = cast(Callable[[list[str]], int], importlib.import_module(VERBS[name].module).main)
    interrupts.again()
    return call(rest)


def overview() -> str:
    """Return the help of the whole command."""
    width = max(len(name) for name in VERBS)
    lines = [
        "marchland: simulate governments, militant groups and displaced people who react to each other across a border.",
        "It explains and compares policies; it is not a forecaster.",
        "",
        "usage: marchland VERB [...]",
        "",
        *(f"  {name:<{width}}  {verb.does}" for name, verb in VERBS.items()),
        f"  {'version':<{width}}  print the version",
        "",
        "marchland VERB --help shows examples. Start with: marchland run",
    ]
    return "\n".join(lines)


def verb_help(name: str) -> str:
    """Return the help of a verb."""
    verb = VERBS[name]
    lines = [f"marchland {name}: {verb.does}", "", f"usage: {verb.usage}", "", "examples:"]
    for command, meaning in verb.examples:
        lines += [f"  {command}", f"      {meaning}"]
    if name == "run":
        lines += [
            "",
            "KEY=VALUE is Hydra's grammar: groups (scenario, corner, experiment, policy@policies.NAME) and any key of the config.",
            "  --force        overwrite a finished run in the same folder",
            "  -m             several values with commas: a run each",
            "  --cfg job      print the config and stop",
            "  --config-dir   your own config folder: DIR/policy/*.yaml, DIR/corner/*.yaml, DIR/scenarios/NAME/, DIR/NAME.yaml",
            "  figures=false  draw no figures",
        ]
    if name == "sweep":
        from experiments.study.named import help_lines
        from experiments.study.words import KEYS as SWEEP

        lines += ["", *_keys(SWEEP), "", *help_lines()]
    if name == "analyze":
        from experiments.analyze import KEYS as ANALYZE

        lines += ["", *_keys((*ANALYZE, ("--force", "", "replace a report that is there")))]
    if name == "reproduce":
        from experiments.reproduce import KEYS as REPRODUCE

        lines += ["", *_keys(REPRODUCE)]
        lines += ["", "  exit codes: 0 identical or numerically equal, 3 statistically compatible, 4 different, 2 cannot be read"]
    if name == "validate":
        from experiments.validate import KEYS

        width = max(len(key) for key, _ in KEYS)
        lines += ["", *(f"  {key:<{width}}  {meaning}" for key, meaning in KEYS)]
        lines.append(f"  {'--force':<{width}}  overwrite a finished run in the same folder")
    return "\n".join(lines)


def _keys(keys: Sequence[tuple[str, str, str]]) -> list[str]:
    """Return a line a key: name, default, meaning."""
    width = max(len(key) for key, _, _ in keys) + 2
    return [f"  {key:<{width}}{f'({default}) ' if default else ''}{meaning}" for key, default, meaning in keys]


def _interrupted() -> int:
    """Say that Ctrl-C ended it."""
    print("interrupted: nothing half-written was kept", file=sys.stderr)
    return INTERRUPTED


def _wrong(text: str) -> int:
    """Print one line about a wrong input."""
    print(f"error: {' '.join(text.split())}", file=sys.stderr)
    return WRONG_INPUT


def _is_input_error(error: Exception) -> bool:
    """Return whether an error is about what the user gave."""
    module = sys.modules.get("agents.errors")
    return module is not None and isinstance(error, module.InputError)


if __name__ == "__main__":
    sys.exit(main())
