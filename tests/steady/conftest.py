"""The steady application on both servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.programs import Server, running
from tests.steady.serving import StartServer, command

Start = Callable[..., Server]


@pytest.fixture(params=["threads", "gevent"])
def start(
    processes: None, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Start]:
    """Start one of the applications, by its name, with settings of `run`."""
    with ExitStack() as stack:

        def start(name: str, **settings: float) -> Server:
            arguments = command(request.param, "tests.steady.app", name, **settings)
            return stack.enter_context(running(arguments, tmp_path / "log"))

        yield start


@pytest.fixture(params=["threads", "gevent"])
def serve(
    processes: None, request: pytest.FixtureRequest, app: str, tmp_path: Path
) -> Iterator[StartServer]:
    """Start the module *app* on one of the servers, with settings of `run`.

    Its application is ``app``, unless it is given another name.
    """
    with ExitStack() as stack:

        def start(name: str = "app", **settings: float) -> Server:
            arguments = command(request.param, app, name, **settings)
            return stack.enter_context(running(arguments, tmp_path / "log"))

        yield start
