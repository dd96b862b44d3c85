"""Who is measured: how to start each server, and what it offers."""

from __future__ import annotations

import shlex
from argparse import ArgumentTypeError
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SERVERS = Path(__file__).resolve().parent / "servers"


@dataclass(frozen=True)
class Contender:
    """One server.

    Attributes:
        command: The words of its command line; ``{port}`` stands for the port, and
            ``{python}`` for the Python that has what it `requires`.
        services: What it offers, with the path; see `Scenario.service`.
        requires: Packages of PyPI, which get an environment of their own; without any
            it runs in this one.
        versions: The packages whose versions the report names.
    """

    name: str
    command: tuple[str, ...]
    services: Mapping[str, str]
    requires: tuple[str, ...] = ()
    versions: tuple[str, ...] = field(default=())


def script(path: str, *arguments: str) -> tuple[str, ...]:
    """A command that runs a program of the folder `servers`."""
    return ("{python}", str(SERVERS / path), *arguments, "{port}")


ROUTER = {"router": "/", "router-large": "/"}
ECHO = {"echo": "/echo"}
LARGE_ECHO = {"echo-large": "/echo"}
DEFLATE = {"deflate": "/echo"}
HTTP = {"http": "/"}

CONTENDERS = [
    Contender(
        "wsocket on gevent",
        script("wsocket_app.py", "gevent"),
        {**ROUTER, **ECHO, **LARGE_ECHO, **DEFLATE, **HTTP},
        versions=("wsocket", "gevent", "msgspec"),
    ),
    Contender(
        "wsocket on threads",
        script("wsocket_app.py", "threads"),
        {**ROUTER, **ECHO, **LARGE_ECHO, **DEFLATE, **HTTP},
    ),
    Contender(
        "Crossbar",
        script("crossbar/start.py"),
        {"router": "/"},
        requires=("crossbar",),
        versions=("crossbar", "autobahn", "twisted"),
    ),
    Contender(
        "websockets on asyncio",
        script("websockets_app.py", "asyncio"),
        {**ECHO, **LARGE_ECHO, **DEFLATE},
        versions=("websockets",),
    ),
    Contender(
        "websockets on threads",
        script("websockets_app.py", "threads"),
        {**ECHO, **DEFLATE},
    ),
    Contender(
        "picows on uvloop",
        script("picows_app.py"),
        ECHO,
        requires=("picows", "uvloop"),
        versions=("picows", "uvloop"),
    ),
    Contender(
        "Flask-Sock on Werkzeug",
        script("flask_sock_app.py"),
        ECHO,
        requires=("flask-sock",),
        versions=("flask-sock", "simple-websocket", "werkzeug"),
    ),
    Contender(
        "gevent-websocket",
        script("gevent_websocket_app.py"),
        ECHO,
        requires=("gevent", "gevent-websocket"),
        versions=("gevent-websocket",),
    ),
    Contender("gevent.pywsgi", script("hello_app.py", "pywsgi"), HTTP),
    Contender("wsgiref", script("hello_app.py", "wsgiref"), HTTP),
]


# What a contender of the command line is asked for, if it does not say.
GUEST = {**ROUTER, **ECHO, **HTTP}


def guest(text: str) -> Contender:
    """A contender of the command line: ``NAME=COMMAND``, ``NAME:echo,http=COMMAND``.

    The router and the HTTP page are expected at ``/``, the echo at ``/echo``.

    Raises:
        ArgumentTypeError: There is no name, no ``{port}`` in the command, or an
            unknown service.
    """
    label, _, command = text.partition("=")
    name, _, services = label.partition(":")
    offered = services.split(",") if services else list(GUEST)
    if not name or "{port}" not in command or not GUEST.keys() >= set(offered):
        raise ArgumentTypeError(
            "expected NAME=COMMAND or NAME:SERVICE,...=COMMAND with {port} in the "
            f"command and services of {', '.join(GUEST)}, got {text!r}"
        )
    words = tuple(shlex.split(command))
    return Contender(name, words, {each: GUEST[each] for each in offered})
