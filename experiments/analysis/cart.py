"""Scenario discovery by a classification tree (CART; Breiman et al. 1984; Lempert et al. 2008).

The tree is scikit-learn's, which the EMA workbench wraps as well, and not the workbench's own class: that one does
not restrict a choice on the branch where it holds, so that its leaves overlap, and it draws its luck from NumPy's
common generator. The tree is cut back by cross-validation (cost-complexity pruning, the one-standard-error rule).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agents.errors import InputError
from experiments.analysis import cart_figure, samples
from experiments.analysis.cases import Cases, cases_of, refused, rules_of, why_not
from experiments.analysis.finding import Finding
from experiments.analysis.groups import generator, short_key, write
from experiments.analysis.study import Study

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DESIGNS = (*samples.SPREAD, "grid")
_FOLDS = 5


@dataclass(frozen=True)
class Column:
    """A column of the tree: a number as it is, or whether a choice is ``choice``."""

    factor: str
    choice: str = ""

    def words(self, below: bool, limit: float) -> str:
        """Return one side of a split as text."""
        name = short_key(self.factor)
        if self.choice:
            return f"{name} is {'not ' if below else ''}{write(self.choice)}"
        return f"{name} {'<=' if below else '>'} {limit:.3g}"


@dataclass(frozen=True)
class Node:
    """A node of the tree; a leaf has no branches.

    Attributes
    ----------
    points, cases
        Points in it, and cases of interest among them.
    branches
        Text of a split and the node behind it, two or none.
    """

    points: int
    cases: int
    branches: tuple[tuple[str, Node], ...] = ()


def cart(study: Study, outcomes: Sequence[str], *, cases: str = "", depth: int = 4, mass_min: float = 0.05, seed: int = 1) -> list[Finding]:
    """Tell cases of interest from the others by a small tree.

    Parameters
    ----------
    study
        A study of design ``lhs``, ``sobol`` (its independent points), ``grid`` or ``file``.
    outcomes
        Which outcomes, when ``cases`` is empty.
    cases
        ``OUTCOME<NUMBER`` (or <=, >, >=), several parted by ``;``. By default the worst quarter of every outcome.
    depth
        Most splits one after the other.
    mass_min
        Least share of the points in a leaf.
    seed
        Of the folds and of ties.

    Raises
    ------
    InputError
        When the design is another one, a rule cannot be read, or scikit-learn is not installed.
    """
    samples.need_design(study, "cart", DESIGNS, "its points are not spread over the space")
    samples.check_options("cart", depth=depth, mass_min=mass_min)
    rules = rules_of(study, outcomes, cases)
    try:
        import sklearn.tree  # noqa: F401  # late: an extra
    except ImportError:
        raise InputError("cart: needs scikit-learn; install it with pip install 'marchland[ema]'") from None
    return [_one(study, cases_of(study, rule), depth, mass_min, seed) for rule in rules]


def columns_of(study: Study, frame: pd.DataFrame) -> tuple[list[Column], FloatArray]:
    """Return the columns of the tree, a choice without order as a column a choice that occurs."""
    columns, numbers = list[Column](), []
    for factor in study.plan.design.factors:
        column = frame[factor.key]
        if not isinstance(column.dtype, pd.CategoricalDtype):
            columns.append(Column(factor.key))
            numbers.append(column.to_numpy(dtype=np.float64))
            continue
        for at, value in enumerate(factor.values):
            columns.append(Column(factor.key, str(value)))
            numbers.append((column.to_numpy(dtype=np.int64) == at).astype(np.float64))
    return columns, np.column_stack(numbers)


def grow(
    columns: Sequence[Column], x: FloatArray, case: NDArray[np.bool_], depth: int, mass_min: float, luck: np.random.Generator, copies: IntArray | None = None
) -> tuple[Node, float]:
    """Grow a tree and cut it back; points of one world (``copies``) are all seen or all unseen.

    Returns
    -------
    tuple
        The root, and the skill of trees on points that they have not seen: 1 less their mean squared error over that of
        always saying the share of cases; 1 is perfect, 0 is none.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
    from sklearn.tree import DecisionTreeClassifier

    state = int(luck.integers(2**31))
    options = {"max_depth": depth, "min_samples_leaf": max(1, math.ceil(mass_min * len(case))), "random_state": state}
    full = DecisionTreeClassifier(**options).cost_complexity_pruning_path(x, case)
    alphas = np.unique(np.clip(full.ccp_alphas, 0.0, None))
    alphas = np.append(np.sqrt(alphas[:-1] * alphas[1:]), alphas[-1]) if len(alphas) > 1 else alphas
    alone = copies is None or len(np.unique(copies)) == len(copies)
    kind = StratifiedKFold if alone else StratifiedGroupKFold
    folds = list(kind(_FOLDS, shuffle=True, random_state=state).split(x, case, None if alone else copies))
    errors = np.empty((len(alphas), _FOLDS))
    for at, alpha in enumerate(alphas):
        for fold, (seen, unseen) in enumerate(folds):
            tree = DecisionTreeClassifier(**options, ccp_alpha=alpha).fit(x[seen], case[seen])
            errors[at, fold] = np.mean((tree.predict_proba(x[unseen])[:, 1] - case[unseen]) ** 2)
    mean = errors.mean(axis=1)
    best = int(mean.argmin())
    allowed = mean[best] + errors[best].std(ddof=1) / math.sqrt(_FOLDS)
    chosen = int(np.flatnonzero(mean <= allowed).max())
    tree = DecisionTreeClassifier(**options, ccp_alpha=alphas[chosen]).fit(x, case).tree_
    share = float(case.mean())
    everyone = np.ones(len(case), dtype=bool)
    return _node(tree, 0, columns, x, case, everyone), float(1.0 - mean[chosen] / (share * (1.0 - share)))


def _node(tree: object, at: int, columns: Sequence[Column], x: FloatArray, case: NDArray[np.bool_], inside: NDArray[np.bool_]) -> Node:
    left, right = (int(getattr(tree, name)[at]) for name in ("children_left", "children_right"))
    points, cases = int(inside.sum()), int((inside & case).sum())
    if left < 0:
        return Node(points, cases)
    feature, limit = int(getattr(tree, "feature")[at]), float(getattr(tree, "threshold")[at])  # noqa: B009  # an untyped class
    below = x[:, feature].astype(np.float32) <= limit  # as the tree itself compares
    branches = tuple(
        (columns[feature].words(side, limit), _node(tree, child, columns, x, case, inside & (below == side)))
        for side, child in ((True, left), (False, right))
    )
    return Node(points, cases, branches)


def leaves_of(node: Node, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Node]]:
    """Return the leaves with the splits that lead to them, top to bottom."""
    if not node.branches:
        return [(path, node)]
    return [leaf for text, child in node.branches for leaf in leaves_of(child, (*path, text))]


def _one(study: Study, cases: Cases, depth: int, mass_min: float, seed: int) -> Finding:
    title = f"Where {cases.rule.text}: a tree (CART)"
    why = why_not(cases)
    if why:
        return refused("cart", cases, title, why)
    columns, x = columns_of(study, cases.frame)
    root, skill = grow(columns, x, cases.case, depth, mass_min, generator(seed, f"cart {cases.rule.outcome}"), cases.sample.copies)
    if not root.branches:
        return refused("cart", cases, title, "no split tells cases from others on points that the tree has not seen")
    table = pd.DataFrame([
        {"leaf": " and ".join(path), "points": leaf.points, "cases": leaf.cases, "density": leaf.cases / leaf.points,
         "coverage": leaf.cases / root.cases, "mass": leaf.points / root.points, "splits": len(path)}
        for path, leaf in leaves_of(root)
    ]).sort_values("density", ascending=False, kind="stable", ignore_index=True)  # fmt: skip
    top = table.iloc[0]
    lucks = samples.for_lucks(samples.is_paired(study), study.plan.replicates)
    says = (f"{lucks}{top['leaf']}: {top['density']:.0%} of the points are cases ({root.cases / root.points:.0%} of all), {top['coverage']:.0%} of all cases lie there. "
            f"On points not seen, trees take away {skill:.0%} of the error.")  # fmt: skip
    notes = cases.notes
    if skill < 0.2:
        notes += (f"the skill on points not seen is {skill:.0%} only: take the tree as a hint",)
    caption = study.caption(cases.sample.runs)
    subtitle = f"Shares of points that are cases; on points not seen, trees take away {skill:.0%} of the error"
    return Finding(
        f"cart_{cases.rule.stem}", title, says, table, notes,
        lambda: cart_figure.draw_tree(title, subtitle, caption, root),
    )  # fmt: skip
