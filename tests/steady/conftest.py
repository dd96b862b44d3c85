"""The steady application on both servers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.programs import ROOT, Server, running

Start = Callable[[str], Server]


@pytest.fixture(params=["threads", "gevent"])
def start(
    processes: None, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Start]:
    """Start one of the applications, by its name, in a process of its own."""
    with ExitStack() as stack:

        def start(name: str) -> Server:
            command = [sys.executable, "-m", "tests.steady.app", name]
            if request.param == "gevent":
                main = "import sys; from wsocket.cli import main; sys.exit(main())"
                target = f"tests.steady.app:{name}"
                command = [sys.executable, "-c", main, "run", target, "--port", "0"]
            return stack.enter_context(running(command, tmp_path / "log", cwd=ROOT))

        yield start
