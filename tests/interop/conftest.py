"""What the tests of foreign clients share."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from selenium.webdriver import Chrome

from tests.interop.browser import open_browser


@pytest.fixture
def uri() -> str:
    """A URI that no other test uses: the server is shared."""
    return f"com.example.t{uuid4().hex}"


@pytest.fixture(scope="session")
def browser(
    chromium: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chrome]:
    """One browser for all; each test has windows of its own."""
    with open_browser(chromium, tmp_path_factory.mktemp("profile")) as chrome:
        yield chrome
