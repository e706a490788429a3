"""``marchland app``: check everything first, then serve the page to this machine until Ctrl-C."""

from __future__ import annotations

import errno
import ipaddress
import os
import signal
import socket
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING
from unittest import mock

from agents.errors import InputError
from experiments import interrupts
from experiments.app import selfcheck
from experiments.app.chosen import Chosen
from experiments.configfile import take_config_file
from sim.complaints import did_you_mean

if TYPE_CHECKING:
    import uvicorn

#: Only programs on this machine reach it.
HOST = "127.0.0.1"
PORT = 8765
#: Ports above the wanted one that are tried.
TRIED = 50
#: Seconds that a window has to answer when the server stops.
GRACE = 1
_WITH_VALUE = ("--port", "--host", "--config-dir", "--config-name")
_PLAIN = ("--no-open", "--verbose")
_LARGEST_PORT = 65535
#: What a server listens to when it listens to everybody.
_ANY = ("0.0.0.0", "::")


@dataclass(frozen=True)
class Arguments:
    """The command line of ``marchland app``."""

    port: int = PORT
    host: str = HOST
    browser: bool = True
    verbose: bool = False
    chosen: Chosen = field(default_factory=Chosen)


def main(words: Sequence[str]) -> int:
    """Check, serve, and return the exit code."""
    arguments = parse(words)
    assets = selfcheck.check()
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # last: a user's own policy classes, never in place of ours
    check_chosen(arguments.chosen)
    sock = listen(arguments.host, arguments.port)
    with sock, tempfile.TemporaryDirectory(prefix="marchland-app-") as home:
        from experiments.app import application  # the check has passed: what it imports is there

        given = {**application.settings(), "SOLARA_HOME": home, **arguments.chosen.environment()}
        signal.signal(signal.SIGTERM, _ended)
        with mock.patch.dict(os.environ, given):
            return _serve(arguments, sock, assets)


def parse(words: Sequence[str]) -> Arguments:
    """Sort the words of the command line.

    Raises
    ------
    InputError
        When a word is none of options, ``KEY=VALUE``, a config file or a folder.
    """
    values: dict[str, str] = {}
    flags: set[str] = set()
    plain: list[str] = []
    rest = iter(words)
    for word in rest:
        if not word.strip():
            raise InputError("'': an empty word; give KEY=VALUE, a config file FILE.yaml or the folder of a finished run")
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            plain.append(word)
        elif name in _PLAIN and not equals:
            flags.add(name)
        elif name in _WITH_VALUE:
            values[name] = value if equals else next(rest, "")
            if not values[name]:
                raise InputError(f"{name}: needs a value; see marchland app --help")
        else:
            raise InputError(f"{word}: unknown option{did_you_mean(name, [*_WITH_VALUE, *_PLAIN])}; see marchland app --help")
    return Arguments(
        port=_port(values.get("--port", str(PORT))),
        host=values.get("--host", HOST),
        browser="--no-open" not in flags,
        verbose="--verbose" in flags,
        chosen=_chosen(plain, values),
    )


def _port(text: str) -> int:
    """Return a port; 0 is any free one."""
    if not text.isdecimal() or int(text) > _LARGEST_PORT:
        raise InputError(f"--port {text}: give a number from 1 to {_LARGEST_PORT} (below 1024 needs rights), or 0 for any free one")
    return int(text)


def _chosen(plain: Sequence[str], values: dict[str, str]) -> Chosen:
    """Return what the page is to show: overrides, a config file, or the folder of a finished run."""
    overrides = tuple(word for word in plain if "=" in word or word.startswith("~"))
    paths = [Path(word).expanduser() for word in plain if word not in overrides]
    config_dir, config_name = values.get("--config-dir", ""), values.get("--config-name", "config")
    if len(paths) > 1:
        raise InputError(f"{paths[1]}: one config file or one run folder, not several ({paths[0]} was given as well)")
    if not paths:
        return Chosen(overrides, str(Path(config_dir).expanduser().absolute()) if config_dir else "", config_name)
    path = paths[0]
    options = [name for name in ("--config-dir", "--config-name") if name in values]
    try:
        folder = path.is_dir()
    except OSError as error:  # a name that is too long, say
        raise InputError(f"{path}: {error.strerror}; give KEY=VALUE, a config file FILE.yaml or the folder of a finished run") from None
    if folder:
        if overrides or options:
            raise InputError(f"{path}: a finished run is shown as it was; leave out {[*overrides, *options][0]}")
        return Chosen(folder=str(path.absolute()))
    file, _ = take_config_file([str(path)])
    if file is not None:
        if options:
            raise InputError(f"{path}: it is in a folder and has a name of its own; leave out {options[0]}")
        return Chosen(overrides, str(Path(file.folder).absolute()), file.name)
    raise InputError(f"{path}: no such folder; give KEY=VALUE, a config file FILE.yaml or the folder of a finished run")


def check_chosen(chosen: Chosen) -> None:
    """Compose the config, or read the run's folder, so that what is wrong is said here and not by the page.

    Raises
    ------
    InputError
        In one line, what is wrong.
    """
    if chosen.folder:
        from experiments.app.openrun import Recorded, open_run

        open_run(Path(chosen.folder), {})
        Recorded(Path(chosen.folder))
        return
    from sim.compose import compose
    from sim.scenario import Scenario

    config_dir = Path(chosen.config_dir) if chosen.config_dir else None
    composed = compose(chosen.overrides, config_dir=config_dir, config_name=chosen.config_name, trusted=True)
    Scenario.from_config(composed.config, composed.folder, composed.trusted_classes)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket on a port, or on the next one that is free.

    Raises
    ------
    InputError
        When the host is not this machine's, or no port is free.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise InputError(f"--host {host}: no such name or address ({error.strerror}); give the name alone, without http:// and port; {HOST} is this machine only") from None
    last = min(port + TRIED, _LARGEST_PORT) if port else 0
    for candidate in range(port, last + 1):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            if os.name == "posix":  # a port whose last server has just ended; elsewhere this would share a port
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address[0], candidate, *address[2:]))
            sock.listen(128)
        except OSError as error:
            sock.close()
            if isinstance(error, PermissionError):
                raise InputError(f"--port {candidate}: this user may not; give a port from 1024 on") from None
            if error.errno != errno.EADDRINUSE:
                raise InputError(f"--host {host}: not an address of this machine ({error.strerror})") from None
            continue
        if candidate != port and port:
            print(f"port {port} is taken, {candidate} is free", file=sys.stderr)
        return sock
    raise InputError(f"--port {port}: taken, and so are all up to {last}; give another, or 0 for any free one")


def is_loopback(address: str) -> bool:
    """Return whether only programs on this machine reach an address."""
    return ipaddress.ip_address(address.split("%")[0]).is_loopback


def _ended(number: int, frame: FrameType | None) -> None:
    """End with the exit code that shells give a killed process, after everything has been put away."""
    raise SystemExit(128 + number)


def _serve(arguments: Arguments, sock: socket.socket, assets: Path) -> int:
    """Serve until Ctrl-C or a signal to end."""
    import uvicorn

    from experiments.app import application
    from experiments.app.windows import Windows

    address, port = sock.getsockname()[:2]
    local = is_loopback(address)
    url = _url(HOST if address in _ANY else address, port)
    application.hush(arguments.verbose)
    beyond = () if local else (socket.gethostname().lower(), socket.getfqdn().lower())
    names = ("127.0.0.1", "localhost", "::1", arguments.host.lower(), str(address), *beyond)
    app = application.application(assets, Windows(arguments.verbose), names=names, anywhere=not local)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="on", loop="asyncio", timeout_graceful_shutdown=GRACE
    )
    server = uvicorn.Server(config)
    interrupts.again()
    threading.Thread(target=_announce, args=(server, url, arguments, local), daemon=True).start()
    with suppress(KeyboardInterrupt):  # the usual way to stop it
        server.run(sockets=[sock])
    if not server.started:
        return 1
    print("stopped", flush=True)
    return 0


def _url(address: str, port: int) -> str:
    """Return what to type into a browser."""
    return f"http://[{address}]:{port}/" if ":" in address else f"http://{address}:{port}/"


def _announce(server: uvicorn.Server, url: str, arguments: Arguments, local: bool) -> None:
    """Say where the page is as soon as it answers, and open it."""
    while not server.started:
        if server.should_exit:
            return
        threading.Event().wait(0.02)
    if not local:
        port = url.rstrip("/").rsplit(":", 1)[1]
        print(
            f"warning: --host {arguments.host}: anybody who reaches this machine on port {port} can use it, and run what it runs",
            file=sys.stderr, flush=True,
        )  # fmt: skip
    print(f"Marchland is at {url} (Ctrl-C stops it)", flush=True)
    if arguments.browser and has_browser():
        with suppress(webbrowser.Error, OSError):
            webbrowser.open(url)


def has_browser() -> bool:
    """Return whether there is a screen and a browser for it; a browser in the terminal does not count."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True
