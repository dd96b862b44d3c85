"""The pytest plugin: fixtures, and the conversations in the reports of failed tests.

pytest loads this module in every run where wsocket is installed. So it imports next to
nothing: the names of `wsocket.testing` are imported when a test uses them. And it asks
for nothing that an older pytest does not have.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from wsocket import testing
from wsocket.testing.recent import recent_conversations

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


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """A test begins: what was said before is not about it."""
    recent_conversations.forget()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, Any, None]:
    """Print who has said what with a failing assertion, whoever made the client."""
    outcome = yield
    report: pytest.TestReport = outcome.get_result()
    if report.failed:
        error = call.excinfo.value if call.excinfo else None
        for conversation in recent_conversations.untold(error):
            report.sections.append(("wsocket conversation", conversation))
