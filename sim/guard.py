"""Say plainly when another distribution has overwritten one of Marchland's import packages.

``agents``, ``configs`` and ``sim`` are short names: some distributions ship a top-level ``agents``
of their own, and installing one writes its files over ours. This module imports nothing of ours,
because that is what may be broken.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
from pathlib import Path

#: Import packages that carry the marker ``MARCHLAND = "..."`` in their ``__init__.py``.
PACKAGES: tuple[str, ...] = ("agents", "configs")
_MARKER = re.compile(r"^MARCHLAND\b[^=]*=", re.MULTILINE)


class Overwritten(ImportError):
    """One of Marchland's packages is not Marchland's."""


def _init_file(package: str) -> Path | None:
    """Return the ``__init__.py`` that ``import package`` would run, without running it."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec is not None and spec.origin else None


def _is_ours(file: Path | None) -> bool:
    """Return whether the file carries the marker."""
    try:
        return file is not None and _MARKER.search(file.read_text(encoding="utf-8")) is not None
    except (OSError, UnicodeDecodeError):
        return False


def owners(package: str) -> tuple[str, ...]:
    """Return the installed distributions, Marchland apart, that provide a top-level ``package``."""
    names = importlib.metadata.packages_distributions().get(package, ())
    return tuple(sorted({name for name in names if name.lower() != "marchland"}))


def check(packages: tuple[str, ...] = PACKAGES) -> None:
    """Raise :class:`Overwritten` when a package of that name is not Marchland's.

    Raises
    ------
    Overwritten
        In one line: the package, the file found and the distribution that owns it.
    """
    for package in packages:
        file = _init_file(package)
        if _is_ours(file):
            continue
        where = f"found {file}" if file is not None else "no such package found"
        others = owners(package)
        culprit = f", which belongs to the distribution {', '.join(others)}" if others else ""
        remedy = f"pip uninstall {others[0]}, then " if others else "move it away, or "
        raise Overwritten(
            f"the package '{package}' is not Marchland's: {where}{culprit}; "
            f"{remedy}reinstall Marchland (pip install --force-reinstall --no-deps marchland) in an environment of its own"
        )
