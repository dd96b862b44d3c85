"""Why a request is refused."""

from __future__ import annotations

from typing import NamedTuple

from wsocket.wamp.errors import NOT_AUTHORIZED


class Refusal(NamedTuple):
    """An error URI and an explanation."""

    error: str
    explanation: str


def too_many(things: str, limit: int) -> Refusal:
    """A session wants more of something than it may have."""
    problem = f"a session may have {limit} {things}, and this one has as many"
    return Refusal(NOT_AUTHORIZED, problem)
