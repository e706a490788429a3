"""The help: first steps, and what the words of the page mean."""

from __future__ import annotations

import html

import solara

from experiments.app.glossary import FIRST_STEPS, Chapter, chapters
from experiments.app.panels.context import View


@solara.component
def Help(view: View) -> None:
    """Show the first steps and the words, by heading."""
    course = view.desk.course
    text = solara.use_memo(lambda: "" if course is None else "".join(chapter_html(chapter) for chapter in chapters(course)), [course])
    solara.HTML(tag="div", unsafe_innerHTML=first_steps() + text, classes=["mar-words"])


def first_steps() -> str:
    """Return the first steps as a list."""
    steps = "".join(f"<li>{html.escape(step)}</li>" for step in FIRST_STEPS)
    return f'<h4>First steps</h4><ol data-testid="first-steps">{steps}</ol>'


def chapter_html(chapter: Chapter) -> str:
    """Return the words of a chapter as a list of terms."""
    words = "".join(f"<dt>{html.escape(word)}</dt><dd>{html.escape(meaning)}</dd>" for word, meaning in chapter.words)
    return f"<h4>{html.escape(chapter.title)}</h4><dl>{words}</dl>"
