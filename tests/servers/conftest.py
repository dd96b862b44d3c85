"""One running server of each kind, shared by the tests of one worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.servers.processes import KINDS, Site, running


def each_of(kinds: Iterable[str]) -> list[Any]:
    """Parameters of a fixture for servers of these kinds.

    One worker runs all tests of a kind: each server is started once.
    """
    return [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in kinds]


EVERY_KIND = each_of(KINDS)


@pytest.fixture(scope="session", params=EVERY_KIND)
def running_site(processes: None, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A server that runs for the whole session."""
    with running(KINDS[request.param]) as site:
        yield site


@pytest.fixture
def site(running_site: Site) -> Iterator[Site]:
    """The server; its log must have no complaint when the test has ended."""
    yield running_site
    assert running_site.complaints() == ""


@pytest.fixture(params=EVERY_KIND)
def own_site(processes: None, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A server that the test may end."""
    with running(KINDS[request.param]) as site:
        yield site
