"""``python -m experiments.docs``: write the generated blocks of the documentation anew, and check the rest of it.

With ``--check`` nothing is written, and the exit code is 1 when a block is out of date, a relative link is
broken, a code path does not exist, or a command names an unknown verb. ``--figures`` runs the flagship and
copies its figures for the README. Needs a checkout: an installed wheel has no ``docs/``.
"""

from __future__ import annotations

import importlib
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from agents.errors import InputError
from experiments.cli import VERBS
from experiments.docblocks import BLOCKS

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ("map.png", "observed.png")
_BLOCK = re.compile(r"(<!-- generated: ([\w-]+)(?: ([^\s>]+))? -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)|(?:src|href)=\"([^\"]+)\"")
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"(?:agents|sim|experiments|configs|tests|docs|benchmarks|\.ci)/[\w./*-]*")
_DOTTED = re.compile(r"(?:agents|sim|experiments)(?:\.\w+)+")
_COMMAND = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?marchland +(\S+)")
#: Words in capitals stand for something that the reader puts in.
_PLACEHOLDER = re.compile(r"\b[A-Z][A-Z_]{2,}\b")


def pages(root: Path = ROOT) -> list[Path]:
    """Return every Markdown file of the project, in order."""
    folders = ("docs", "configs", "experiments", "benchmarks")
    found = [*root.glob("*.md"), *(path for name in folders for path in (root / name).rglob("*.md"))]
    return sorted(path for path in found if "templates" not in path.parts)


def regenerated(text: str, where: str, root: Path = ROOT) -> str:
    """Return a page with its generated blocks as the code has them now."""

    def fresh(found: re.Match[str]) -> str:
        name, word = found[2], found[3] or ""
        if name not in BLOCKS:
            raise InputError(f"{where}: unknown generated block {name!r}; known: {', '.join(BLOCKS)}")
        return f"{found[1]}{BLOCKS[name](word, root)}\n{found[5]}"

    return _BLOCK.sub(fresh, text)


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(text: str) -> set[str]:
    """Return the anchors of a page."""
    return {slug(line.lstrip("#")) for line in _FENCE.sub("", text).splitlines() if re.match(r"#{1,6} ", line)}


def broken_links(page: Path, text: str, root: Path = ROOT) -> Iterator[str]:
    """Yield a complaint for every relative link that leads nowhere."""
    for found in _LINK.finditer(_FENCE.sub("", text)):
        target = found[1] or found[2]
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists():
            yield f"{page.relative_to(root)}: the link to {target!r} is broken; no such file"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text(encoding="utf-8")):
            yield f"{page.relative_to(root)}: the link to {target!r} is broken; no such heading"


def missing_code(page: Path, text: str, root: Path = ROOT) -> Iterator[str]:
    """Yield a complaint for every path or dotted name of code, in backticks, that does not exist."""
    for found in _CODE.finditer(_FENCE.sub("", text)):
        words = found[1].strip()
        if _PLACEHOLDER.search(words):
            continue
        if _PATH.fullmatch(words):
            there = any(root.glob(words)) if "*" in words else (root / words).exists()
            if not there:
                yield f"{page.relative_to(root)}: names `{words}`, which does not exist"
        elif _DOTTED.fullmatch(words.removesuffix("()")) and not _importable(words.removesuffix("()")):
            yield f"{page.relative_to(root)}: names `{words}`, which does not exist in the code"


def _importable(name: str) -> bool:
    """Return whether a dotted name leads to a module, or to something in one."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[cut:]:
            known = {*dir(found), *getattr(found, "__dataclass_fields__", {}), *getattr(found, "__annotations__", {})}
            if attribute not in known:
                return False
            found = getattr(found, attribute, None)
        return True
    return False


def commands(text: str) -> list[str]:
    """Return the ``marchland`` commands of a page: lines of code, and code inside lines."""
    lines = [line.strip() for line in text.splitlines()]
    inline = [found[1].strip() for found in _CODE.finditer(_FENCE.sub("", text))]
    return [line for line in [*lines, *inline] if _COMMAND.match(line) and not line.endswith("...`")]


def unknown_verbs(page: Path, text: str, root: Path = ROOT) -> Iterator[str]:
    """Yield a complaint for every command whose verb does not exist."""
    for line in commands(text):
        found = _COMMAND.match(line)
        assert found is not None
        verb = found[1].strip("`.,;:")
        if verb not in (*VERBS, "version", "--help", "VERB"):
            yield f"{page.relative_to(root)}: 'marchland {verb}' is no command; known: {', '.join(VERBS)}"


def check(root: Path = ROOT) -> list[str]:
    """Return everything that is wrong with the documentation, a line each."""
    wrong: list[str] = []
    for page in pages(root):
        text = page.read_text(encoding="utf-8")
        if regenerated(text, str(page.relative_to(root)), root) != text:
            wrong.append(f"{page.relative_to(root)}: out of date; run python -m experiments.docs")
        wrong += [*broken_links(page, text, root), *missing_code(page, text, root), *unknown_verbs(page, text, root)]
    return wrong


def write(root: Path = ROOT) -> list[Path]:
    """Write the generated blocks anew, and return the pages that changed."""
    changed: list[Path] = []
    for page in pages(root):
        text = page.read_text(encoding="utf-8")
        fresh = regenerated(text, str(page.relative_to(root)), root)
        if fresh != text:
            page.write_text(fresh, encoding="utf-8")
            changed.append(page)
    return changed


def draw_figures(root: Path = ROOT) -> None:
    """Run the flagship, seed 1, and keep the figures that the pages show."""
    from experiments.cli import main as marchland

    with tempfile.TemporaryDirectory() as scratch:
        if marchland(["run", "seed=1", f"hydra.run.dir={scratch}/run"]) != 0:
            raise InputError("docs: the run for the figures failed")
        for name in FIGURES:
            shutil.copyfile(Path(scratch) / "run" / "figures" / name, root / "docs" / "figures" / name)


def main(words: Sequence[str]) -> int:
    """Write or check the documentation."""
    known = ("--check", "--figures")
    for word in words:
        if word not in known:
            raise InputError(f"{word}: unknown option; known: {', '.join(known)}")
    if not (ROOT / "docs").is_dir():
        raise InputError(f"{ROOT / 'docs'}: no such folder; the documentation is made in a checkout only")
    if "--figures" in words:
        draw_figures()
    for page in [] if "--check" in words else write():
        print(f"wrote {page.relative_to(ROOT)}")
    wrong = check()
    for line in wrong:
        print(line, file=sys.stderr)
    if not wrong:
        print(f"{len(pages())} pages: up to date, no broken links, all code that they name exists")
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        sys.exit(2)
