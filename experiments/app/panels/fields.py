"""A text field that can be typed into while a course runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipyvuetify
import solara
import traitlets

from experiments.app import widgets


class TypedWidget(ipyvuetify.VuetifyTemplate):
    """A text field that keeps what is typed in the browser; ``on_text`` is told every change.

    The value goes one way only, from Python to the browser, so that showing the field again, as happens on every
    day of a running course, never puts an older text back.
    """

    template_file = (widgets.__file__, "web/typed.vue")
    label = traitlets.Unicode().tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)
    placeholder = traitlets.Unicode().tag(sync=True)
    names = traitlets.Unicode().tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)
    on_text = traitlets.Callable(None, allow_none=True)

    def vue_put(self, text: str) -> None:
        """Pass on what was typed."""
        if self.on_text is not None:
            self.on_text(str(text))


@solara.component
def Typed(
    label: str, value: str, on_value: Callable[[str], object], classes: Sequence[str] = (), placeholder: str = "", disabled: bool = False,
) -> None:
    """Show a text field.

    Parameters
    ----------
    label
        Its name.
    value
        What it says, unless somebody is typing.
    on_value
        Called with the text on every change.
    classes
        Style classes.
    placeholder
        Shown while it is empty.
    disabled
        Whether it cannot be typed into.
    """
    TypedWidget.element(label=label, value=value, placeholder=placeholder, names=" ".join(classes), disabled=disabled, on_text=on_value)
