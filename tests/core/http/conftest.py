"""Connections to the servers that tests of this folder start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.core.http.http_client import Connect, connections


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes connections that are closed with the test."""
    with connections() as connect:
        yield connect
