"""Routers with a bridge: on both servers, and configured by the test."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.programs import Server, app_commands, running
from tests.serving import serving
from wsocket import Bridge, WSocketApp


@pytest.fixture(scope="session", params=["threads", "gevent"])
def bridged(
    processes: None,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """The application of `tests.wamp.apps.bridge` in a process of its own."""
    command = app_commands("tests.wamp.apps.bridge")[request.param]
    log = tmp_path_factory.mktemp("bridged") / "server.log"
    with running(command, log) as server:
        yield server
    logged = log.read_text()
    expected = logged.count("ValueError: the procedure is broken")
    assert logged.count("Traceback") == expected, logged


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[WSocketApp, str]]]:
    """Serve a router with a bridge: ``serve(realm=..., **settings of the bridge)``."""
    with contextlib.ExitStack() as stack:

        def start(app: dict[str, Any] | None = None, **bridge: Any) -> Any:
            router = WSocketApp(
                protocol="WAMP", bridge=Bridge("/wamp", **bridge), **(app or {})
            )
            return router, stack.enter_context(serving(router))

        yield start


@pytest.fixture
def uri() -> str:
    """A URI below one that anybody may use, and no other test does."""
    return f"com.open.t{uuid4().hex}"


@pytest.fixture
def beside() -> Iterator[Callable[..., Future[Any]]]:
    """Run a function beside the test: ``beside(function, *args).result()``."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        yield pool.submit
