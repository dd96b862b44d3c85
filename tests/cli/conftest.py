"""Routers in this process, for commands in others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.apps import Demo, guarded_app
from tests.serving import serving


@pytest.fixture
def demo() -> Demo:
    """The application that `url` serves."""
    return Demo()


@pytest.fixture
def url(demo: Demo) -> Iterator[str]:
    """Where it is served."""
    with serving(demo.app) as served:
        yield served
        demo.released.set()


@pytest.fixture
def guarded_url() -> Iterator[str]:
    """Where the router is served that joe alone may enter."""
    with serving(guarded_app()) as served:
        yield served
