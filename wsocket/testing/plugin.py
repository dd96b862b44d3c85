"""The fixtures of the pytest plugin: `wsocket_client`, and `wsocket_app` for it.

pytest loads this module in every run where wsocket is installed. So it imports nothing
more: the names of `wsocket.testing` are imported when a test uses a fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from wsocket import testing

if TYPE_CHECKING:
    from wsocket.testing.client import Client

_NO_APP = """wsocket_client needs your application. Say which it is, in conftest.py:

    @pytest.fixture
    def wsocket_app():
        from myapp import app
        return app
"""


@pytest.fixture
def wsocket_app() -> Any:
    """The application that `wsocket_client` talks to: override this fixture."""
    pytest.fail(_NO_APP, pytrace=False)


@pytest.fixture
def wsocket_client(wsocket_app: Any) -> Iterator[Client]:
    """An open `wsocket.testing.Client` of the application `wsocket_app`."""
    with testing.Client(wsocket_app) as client:
        yield client
