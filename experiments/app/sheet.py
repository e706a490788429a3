"""A sheet: HTML made in Python, shown as it is; its buttons say what they stand for."""

from __future__ import annotations

import ipyvuetify
import traitlets


class SheetWidget(ipyvuetify.VuetifyTemplate):
    """HTML whose elements with ``data-kind`` and ``data-name``, or ``data-day``, can be clicked.

    ``on_chosen`` is told kind, name and day (-1 for none). Texts in the HTML must be escaped by whoever makes it.
    """

    template_file = (__file__, "web/sheet.vue")
    html = traitlets.Unicode().tag(sync=True)
    on_chosen = traitlets.Callable(None, allow_none=True)

    def vue_chosen(self, data: dict[str, str | int]) -> None:
        """Pass on what was clicked."""
        if self.on_chosen is not None:
            self.on_chosen(str(data["kind"]), str(data["name"]), int(data["day"]))
