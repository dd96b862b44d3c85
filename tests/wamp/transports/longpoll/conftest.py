"""A router that is polled, on both servers, and clients that poll it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest

from tests.programs import Server, app_commands, running
from tests.serving import serving
from tests.wamp.raw_client import SECONDS
from tests.wamp.transports.longpoll.client import LongPollClient
from wsocket import Limits, LongPolling, WSocketApp


@contextlib.contextmanager
def program(kind: str, name: str, folder: Path) -> Iterator[Server]:
    """Run an application of `tests.wamp.apps.longpoll` on one of the servers."""
    command = app_commands("tests.wamp.apps.longpoll", name)[kind]
    log = folder / "server.log"
    with running(command, log) as server:
        yield server
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture(scope="session", params=["threads", "gevent"])
def polled(
    processes: None,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A router on either server, in a process of its own."""
    folder = tmp_path_factory.mktemp("polled")
    with program(request.param, "app", folder) as server:
        yield server


@pytest.fixture(scope="session", params=["threads", "gevent"])
def brief(
    processes: None,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """The same with a short poll timeout, and a page with autobahn.js."""
    folder = tmp_path_factory.mktemp("brief")
    with program(request.param, "brief", folder) as server:
        yield server


class Polling:
    """A router in this process, and the app behind it."""

    def __init__(self, app: WSocketApp, url: str) -> None:
        self.app = app
        self.url = url


@pytest.fixture
def serve() -> Iterator[Callable[..., Polling]]:
    """Serve a router that is polled, until the test ends: ``serve(**settings)``."""
    with contextlib.ExitStack() as stack:

        def serve(
            *, patience: float = SECONDS, max_message_size: int = 2**20, **more: Any
        ) -> Polling:
            polling = {name: more.pop(name) for name in POLLING if name in more}
            limits = {name: more.pop(name) for name in LIMITS if name in more}
            app = WSocketApp(
                protocol="WAMP",
                longpoll=LongPolling("/longpoll", **polling),
                max_message_size=max_message_size,
                limits=Limits(**limits),
                join_timeout=patience,
                **more,
            )
            url = stack.enter_context(serving(app))
            return Polling(app, url)

        yield serve


POLLING = ("poll_timeout", "poll_pause")
LIMITS = tuple(Limits.__dataclass_fields__)


@pytest.fixture
def beside() -> Iterator[Callable[..., Future[Any]]]:
    """Run a function beside the test: ``beside(function, *args).result()``."""
    tasks: list[Future[Any]] = []
    with ThreadPoolExecutor(max_workers=20) as pool:

        def start(function: Callable[..., Any], *args: Any) -> Future[Any]:
            tasks.append(pool.submit(function, *args))
            return tasks[-1]

        yield start
    for task in tasks:
        task.result()


@pytest.fixture
def waiting_poll(
    beside: Callable[..., Future[Any]],
) -> Callable[[LongPollClient], Future[Any]]:
    """Have a client poll; when this returns, the poll waits in the server.

    That shows: an older poll of the same transport is answered for it.
    """

    def start(client: LongPollClient) -> Future[Any]:
        polls = [beside(client.poll), beside(client.poll)]
        [waiting] = wait(polls, return_when=FIRST_COMPLETED).not_done
        return waiting

    return start


@pytest.fixture
def poller(polled: Server) -> Iterator[Callable[..., LongPollClient]]:
    """Join `polled`: ``poller(serializer="json", **details)``; ends with the test."""
    with contextlib.ExitStack() as stack:

        def join(serializer: str = "json", **details: Any) -> LongPollClient:
            client = LongPollClient(polled.url, serializer)
            stack.callback(client.finish)
            client.join(**details)
            return client

        yield join
