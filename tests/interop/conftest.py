"""What the tests of foreign clients share."""

from __future__ import annotations

from uuid import uuid4

import pytest


@pytest.fixture
def uri() -> str:
    """A URI that no other test uses: the server is shared."""
    return f"com.example.t{uuid4().hex}"
