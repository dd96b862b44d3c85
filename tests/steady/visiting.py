"""Asking what a server holds that runs one of the applications of `visited`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from urllib.request import urlopen

from tests.programs import Server
from tests.steady.peers import SECONDS

Census = dict[str, int]


def get(server: Server, path: str) -> str:
    with urlopen(server.http(path), timeout=SECONDS) as response:
        text: str = response.read().decode()
        return text


def census(server: Server) -> Census:
    found: Census = json.loads(get(server, "/census"))
    return found


def eventually(server: Server, is_right: Callable[[Census], bool]) -> None:
    """Wait until a census is right."""
    deadline = time.monotonic() + SECONDS
    while not is_right(found := census(server)):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
