"""The one exception that users meet."""

from __future__ import annotations


class InputError(Exception):
    """Something a user gave is wrong: a key, a value, a file, a date.

    The message is one line that names the file and the key, and says what would be right.
    The command line prints it without a traceback and exits with code 2.
    """


def one_of(names: list[str] | tuple[str, ...]) -> str:
    """Return the names as they are listed in messages: ``a, b, c``."""
    return ", ".join(str(name) for name in names)
