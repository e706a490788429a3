"""Ctrl-C is heard even where a library that is being imported loses it, or makes another error of it."""

from __future__ import annotations

import contextlib
import signal
import threading

import pytest

from experiments import cli, interrupts


def lose_one() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_what_something_lost_is_remembered_until_the_end() -> None:
    with interrupts.remembered() as interrupt:
        interrupts.again()
        lose_one()
        assert interrupt.seen
        with pytest.raises(KeyboardInterrupt):
            interrupts.again()
    interrupts.again()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_leaves_alone_what_others_handle() -> None:
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in the background of a shell
    try:
        with interrupts.remembered():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, former)
    seen: list[object] = []

    def beside() -> None:
        with interrupts.remembered():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=beside)
    thread.start()
    thread.join()
    assert seen == [former]


def test_an_error_that_ctrl_c_was_made_into_is_ctrl_c(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def half_imported(words: list[str]) -> int:
        lose_one()
        raise AttributeError("'NoneType' object has no attribute '_invalidate_flags_cache'")

    monkeypatch.setattr("experiments.schedule.main", half_imported)
    assert cli.main(["schedule"]) == cli.INTERRUPTED
    assert capsys.readouterr().err == "interrupted: nothing half-written was kept\n"


def test_a_bug_without_ctrl_c_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(words: list[str]) -> int:
        raise AttributeError("a bug")

    monkeypatch.setattr("experiments.schedule.main", bug)
    with pytest.raises(AttributeError, match="a bug"):
        cli.main(["schedule"])
