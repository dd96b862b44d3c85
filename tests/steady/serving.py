"""Starting an application on either server, with settings of `run`."""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.programs import COMMAND_LINE, Server

StartServer = Callable[..., Server]


def command(kind: str, module: str, app: str = "app", **settings: float) -> list[str]:
    """How to run ``module:app`` in threads or on gevent."""
    if kind == "threads":
        given = "".join(f", {name}={value}" for name, value in settings.items())
        source = f"import {module} as m; from wsocket import run; "
        return [sys.executable, "-c", f"{source}run(m.{app}, port=0{given})"]
    arguments = ["run", f"{module}:{app}", "--port", "0"]
    for name, value in settings.items():
        arguments += [f"--{name.replace('_', '-')}", str(value)]
    return [sys.executable, "-c", COMMAND_LINE, *arguments]
