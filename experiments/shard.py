"""``python -m experiments.shard FOLDER INDEX``: run one shard of a study, or go on with it; see docs/cluster.md."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from agents.errors import InputError
from experiments.study.shards import run_shard

INTERRUPTED = 130
_USAGE = "usage: python -m experiments.shard FOLDER INDEX [workers=1] [trust=module:Class,...]"


def main(words: Sequence[str]) -> int:
    """Run a shard; the exit code is 0 when each of its runs has a row, 130 when it was stopped before.

    Raises
    ------
    InputError
        In one line: what is wrong with the words or the folder.
    """
    if any(word in ("-h", "--help") for word in words):
        print(_USAGE)
        return 0
    given = {key: value for key, equals, value in (word.partition("=") for word in words) if equals and key in ("workers", "trust")}
    rest = [word for word in words if word.partition("=")[0] not in given]
    if len(rest) != 2 or not rest[1].isdecimal():
        raise InputError(f"{' '.join(words) or 'no words'}: not understood; {_USAGE}")
    workers = given.get("workers", "1")
    if not workers.isdecimal() or int(workers) < 1:
        raise InputError(f"workers={workers}: write a whole number from 1 on")
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # last: a user's own policy classes, never in place of ours
    trust = tuple(name for name in given.get("trust", "").split(",") if name)
    swept = run_shard(Path(rest[0]), int(rest[1]), trust=trust, workers=int(workers))
    return INTERRUPTED if swept.interrupted else 1 if swept.missing else 0


def _command() -> int:
    """Run as a command of its own: a wrong input is one line and exit code 2."""
    try:
        return main(sys.argv[1:])
    except InputError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(_command())
