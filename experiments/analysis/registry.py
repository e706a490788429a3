"""The analyses of a study by name: what each shows, for which designs, and how it is called.

Modules of analyses are imported late: some are slow to load, and some need packages that may be absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import cast

import numpy as np

from agents.errors import InputError, one_of
from experiments.analysis.finding import Finding
from experiments.analysis.study import Study
from sim.complaints import did_you_mean

#: Outcomes that a report is about when nobody names others, in this order.
MAIN: tuple[str, ...] = (
    "stability", "attacks", "deaths", "coerced_returns", "returns", "displaced", "normalised_hostility", "flights",
)  # fmt: skip
#: How many of them.
MOST = 5
#: Outcomes that get a phase diagram when nobody names any: each is a page of its own.
_MOST_PHASES = 3


@dataclass(frozen=True)
class Options:
    """What the user asks of a report; ``None`` and empty texts leave the choice to the analysis.

    Attributes
    ----------
    outcomes
        Outcomes to look at.
    directed
        The same as the user wrote them, with ``:up`` or ``:down`` for what is better; ``None`` when nobody did.
    variables
        Daily series to look at.
    events
        Events to look at: ``rupture``, ``escalation``, ``collapse``.
    levers
        Factors that somebody decides.
    interest
        A condition that makes a run interesting, as ``stability<0.5``.
    by
        The factor whose values are told apart.
    x, y
        Axes of phase diagrams.
    threshold
        The value of an outcome at which a phase changes.
    """

    outcomes: tuple[str, ...]
    directed: tuple[str, ...] | None = None
    variables: tuple[str, ...] | None = None
    events: tuple[str, ...] | None = None
    levers: tuple[str, ...] | None = None
    interest: str = ""
    by: str | None = None
    x: str | None = None
    y: str | None = None
    threshold: float | None = None


Call = Callable[[Callable[..., list[Finding]], Study, Options], list[Finding]]


@dataclass(frozen=True)
class Analysis:
    """One analysis.

    Attributes
    ----------
    shows
        What it shows, in a few words.
    place
        ``module:function`` below ``experiments.analysis``.
    call
        Calls the function with what it takes of the options.
    """

    shows: str
    place: str
    call: Call

    def unfit(self, study: Study) -> str:
        """Return why the analysis does not fit the design, or an empty text when it may."""
        designs = cast("tuple[str, ...]", getattr(self._module(), "DESIGNS", ()))
        kind = study.plan.design.kind
        return f"needs design={one_of(designs)}; this study is design={kind}" if designs and kind not in designs else ""

    def run(self, study: Study, options: Options) -> list[Finding]:
        """Return its findings.

        Raises
        ------
        InputError
            When it does not apply: what it needs, in one line.
        """
        function = cast("Callable[..., list[Finding]]", getattr(self._module(), self.place.partition(":")[2]))
        return self.call(function, study, options)

    def _module(self) -> object:
        return import_module(f"experiments.analysis.{self.place.partition(':')[0]}")


def main_outcomes(study: Study) -> tuple[str, ...]:
    """Return the outcomes that a report is about by default: those of :data:`MAIN` that vary, or else the first that do."""

    def varies(name: str) -> bool:
        values = study.values(name)
        found = values[np.isfinite(values)]
        return found.size > 1 and bool(np.ptp(found) > 0.0)

    chosen = [name for name in MAIN if name in study.outcomes and varies(name)]
    return tuple(chosen[:MOST] or [name for name in study.outcomes if varies(name)][:MOST])


def chosen_analyses(names: str) -> tuple[str, ...]:
    """Return the analyses that a list with commas names; all for an empty one.

    Raises
    ------
    InputError
        When there is none of a name.
    """
    wanted = tuple(dict.fromkeys(filter(None, (name.strip() for name in names.split(",")))))
    for name in wanted:
        if name not in ANALYSES:
            raise InputError(f"analyses={name}: unknown{did_you_mean(name, tuple(ANALYSES))}; known: {one_of(tuple(ANALYSES))}")
    return wanted or tuple(ANALYSES)


def _plain(function: Callable[..., list[Finding]], study: Study, o: Options) -> list[Finding]:
    return function(study, o.outcomes)


def _grouped(function: Callable[..., list[Finding]], study: Study, o: Options) -> list[Finding]:
    return function(study, o.outcomes, by=o.by)


def _directed(function: Callable[..., list[Finding]], study: Study, o: Options) -> list[Finding]:
    return function(study, o.directed, levers=o.levers)


def _searched(function: Callable[..., list[Finding]], study: Study, o: Options) -> list[Finding]:
    return function(study, o.outcomes, cases=o.interest)


def _contrasted(function: Callable[..., list[Finding]], study: Study, o: Options) -> list[Finding]:
    levers = o.levers or study.roles["levers"] or tuple(factor.key for factor in study.plan.design.factors)
    return function(study, o.outcomes, lever=levers[0])


def _phases(function: Callable[..., list[Finding]], study: Study, o: Options) -> list[Finding]:
    names = o.outcomes if o.directed else o.outcomes[:_MOST_PHASES]
    return [one for name in names for one in function(study, name, x=o.x, y=o.y, threshold=o.threshold)]


#: In the order of a report: what happened, what moves it, where it turns, what to choose.
ANALYSES: Mapping[str, Analysis] = MappingProxyType({
    "overview": Analysis("means of outcomes with intervals, by policy or choice", "overview:overview", _grouped),
    "distribution": Analysis("how outcomes spread, and how much of that is luck", "overview:distribution", _grouped),
    "fan": Analysis("daily series with bands over runs", "fan:fan", lambda f, s, o: f(s, o.variables, by=o.by)),
    "sobol": Analysis("first-order and total indices with intervals", "sobol:sobol", _plain),
    "morris": Analysis("elementary effects: which factors matter at all", "morris:morris", _plain),
    "pawn": Analysis("sensitivity of whole distributions", "pawn:pawn", _plain),
    "regression": Analysis("standardised coefficients and partial rank correlations", "regression:regression", _plain),
    "features": Analysis("which factors tell runs apart (extra trees)", "features:features", _plain),
    "tornado": Analysis("one factor at a time: how far outcomes swing", "tornado:tornado", _plain),
    "contrasts": Analysis("what the ends of a lever change, in every part of a grid", "contrasts:contrasts", _contrasted),
    "phase": Analysis("two factors: mean, disagreement of replicates, two regimes", "phase:phase", _phases),
    "prim": Analysis("boxes of factors that lead to a condition", "prim:prim", _searched),
    "cart": Analysis("a tree of factors that leads to a condition", "cart:cart", _searched),
    "survival": Analysis("time to rupture, escalation, collapse", "survival:survival", lambda f, s, o: f(s, o.events, by=o.by)),
    "warning": Analysis("early-warning signals before events", "warning:warning", lambda f, s, o: f(s, o.events)),
    "pareto": Analysis("alternatives that no other beats in every outcome", "pareto:pareto", _directed),
    "regret": Analysis("how far each alternative is from the best in each world", "regret:regret", _directed),
    "failures": Analysis("runs without a result and their errors", "overview:failures", lambda f, s, o: f(s)),
})
