"""``marchland schedule``: print the day, stage by stage, from the list that the model runs."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence

from agents.errors import InputError


def main(words: Sequence[str]) -> int:
    """Print the stages of a day."""
    if words:
        raise InputError(f"{words[0]}: marchland schedule takes no arguments")
    from sim.schedule import DAY

    width = max(len(stage.name) for stage in DAY)
    print("One step is one day. Its stages, in order:")
    for index, stage in enumerate(DAY, start=1):
        head = f"{index:>3}. {stage.name:<{width}}  "
        text = textwrap.wrap(" ".join(stage.does.split()), 100)
        print(head + (text[0] if text else ""))
        for line in [*text[1:], f"({stage.module})"]:
            print(" " * len(head) + line)
    return 0


if __name__ == "__main__":
    from experiments.cli import main as cli_main

    sys.exit(cli_main(["schedule", *sys.argv[1:]]))
