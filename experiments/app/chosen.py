"""What the command line chose for the page, handed over in the environment of the server's process."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass

#: The variable that holds it, as JSON.
VARIABLE = "MARCHLAND_APP"


@dataclass(frozen=True)
class Chosen:
    """What the first model of a window is built from, or the finished run that is replayed.

    Parameters
    ----------
    overrides
        ``KEY=VALUE`` words in Hydra's grammar.
    config_dir
        The user's own config folder, absolute; empty for none.
    config_name
        Name of the primary config in it, or of the built-in one.
    folder
        A finished run to replay, absolute; empty for none. The other fields are then at their defaults.
    """

    overrides: tuple[str, ...] = ()
    config_dir: str = ""
    config_name: str = "config"
    folder: str = ""

    def environment(self) -> dict[str, str]:
        """Return what to set in the environment so that :func:`chosen` reads it back."""
        return {VARIABLE: json.dumps(asdict(self))}


def chosen(environment: Mapping[str, str] | None = None) -> Chosen:
    """Return what the command line chose; the flagship scenario when the server was started in another way."""
    text = (os.environ if environment is None else environment).get(VARIABLE, "")
    if not text:
        return Chosen()
    given = json.loads(text)
    return Chosen(tuple(given["overrides"]), given["config_dir"], given["config_name"], given["folder"])
