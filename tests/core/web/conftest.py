"""What several modules of these tests serve."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import Server, app_commands, running


@pytest.fixture(params=["threads", "gevent"])
def server(request, tmp_path: Path) -> Iterator[Server]:
    """The application of `gathering_app`, on either server."""
    command = app_commands("tests.core.web.gathering_app")[request.param]
    with running(command, tmp_path / "log") as server:
        yield server
