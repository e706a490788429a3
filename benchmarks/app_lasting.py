"""What a server of the browser app is like in the long run: windows that come and go, and Ctrl-C at any moment.

    python benchmarks/app_lasting.py [--windows 30] [--interrupts 45] [--seed 1]    # about ten minutes

Windows: each opens the flagship, plays a week and is closed. Measured: the memory of the server after each, and the models that
are left. Interrupts: each starts a server and gives it SIGINT after a random time of 0.2 to eight seconds (earlier it is Python
itself that starts, and answers with a traceback of its own), until long after the page is there. Counted: those that do not end within ten seconds, end with another exit code than 0 or 130, print
a traceback, or leave a folder behind. Exits with 1 when any model is left or any interrupt goes wrong, with 2 without a browser.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from app import memory  # noqa: E402  # after the path
from browser import ARGUMENTS, CHROMIUM, opened, press, start, start_ready, wait_day  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser

#: Seconds after the command between which an interrupt comes, and in which the server must have ended.
EARLIEST, LATEST, ENDS = 0.2, 8.0, 10.0
#: How a shell and Python name the end of a command that Ctrl-C ended.
FINE = (0, 130, -signal.SIGINT)


def windows(browser: Browser, number: int) -> int:
    """Open and close windows one after the other; return how many models are left in memory."""
    server = start_ready("--verbose")
    try:
        sizes = [memory(server)]
        left = -1
        for n in range(number):
            before = len(server.err)
            context = browser.new_context(viewport={"width": 1366, "height": 768})
            page = opened(context.new_page(), server.url)
            press(page, "Step 7")
            wait_day(page, 7)
            page.close(run_before_unload=True)
            line = server.said("closed", err=True, after=before)
            context.close()
            left = int(line.partition(" open, ")[2].split(" ")[0])
            sizes.append(memory(server))
            if n in (0, 9) or n == number - 1:
                print(f"after {n + 1} windows: {sizes[-1]:.0f} MB, {line}", flush=True)
    finally:
        server.stop()
    half = sizes[len(sizes) // 2]
    print(f"memory of the server: {sizes[0]:.0f} MB before the first window, {half:.0f} MB after half of them, {sizes[-1]:.0f} MB after {number}")
    return left


def interrupted(after: float) -> str:
    """Give a server SIGINT some seconds after the command; return what went wrong, nothing if all is well."""
    with tempfile.TemporaryDirectory() as place:
        server = start("scenario=two_states", environment={"TMPDIR": place})
        time.sleep(after)
        server.process.send_signal(signal.SIGINT)
        try:
            code = server.process.wait(ENDS)
        except subprocess.TimeoutExpired:
            server.stop()
            return f"does not end within {ENDS:.0f} s"
        time.sleep(0.2)  # its last lines
        if any("Traceback" in line for line in server.err):
            return f"a traceback: {server.err[-1]}"
        if code not in FINE:
            return f"exit code {code}"
        return f"left {[path.name for path in Path(place).iterdir()]} behind" if any(Path(place).iterdir()) else ""


def interrupts(number: int, seed: int) -> int:
    """Interrupt servers at random moments; return how many went wrong."""
    luck, wrong = random.Random(seed), 0
    for _ in range(number):
        after = luck.uniform(EARLIEST, LATEST)
        said = interrupted(after)
        if said:
            wrong += 1
            print(f"SIGINT after {after:.2f} s: {said}", flush=True)
    print(f"{number} interrupts at random moments up to {LATEST:.0f} s: {wrong} went wrong (seed {seed})", flush=True)
    return wrong


def main() -> int:
    """Measure both."""
    parser = argparse.ArgumentParser(description="Open and close windows of the browser app, and interrupt it at random moments.")
    parser.add_argument("--windows", type=int, default=30, help="windows to open and close (default 30; 0: none)")
    parser.add_argument("--interrupts", type=int, default=45, help="servers to interrupt (default 45; 0: none)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the moments (default 1)")
    wanted = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # heeded in the background of a shell too, and by what is started here
    left = 0
    if wanted.windows:
        if CHROMIUM is None:
            print("error: no chromium here to open windows with: apt-get install chromium", file=sys.stderr)
            return 2
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
            left = windows(browser, wanted.windows)
    wrong = interrupts(wanted.interrupts, wanted.seed) if wanted.interrupts else 0
    return 1 if left or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
