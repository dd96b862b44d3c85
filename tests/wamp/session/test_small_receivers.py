"""What a session does with messages that its client cannot take, for their size."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wamp.fakes import HELLO, FakeCodec, FakeLink, FakeRuntime, counting_below
from wsocket import Realm
from wsocket.errors import PayloadSizeExceeded
from wsocket.wamp.protocol.client_messages import Subscribe, SubscribeOptions
from wsocket.wamp.router.router import Router
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.session.session import Session

ABORT, WELCOME, ERROR, SUBSCRIBE = 3, 2, 8, 32
TOO_LARGE = "wamp.error.payload_size_exceeded"
INVALID_URI = "wamp.error.invalid_uri"


class SmallCodec(FakeCodec):
    """A transport that takes no message for which *refuses* is true."""

    def __init__(self, refuses) -> None:
        super().__init__()
        self._refuses = refuses

    def encode(self, head: list[Any], payload: Payload | None) -> list[Any]:
        frame = super().encode(head, payload)
        if self._refuses(frame):
            raise PayloadSizeExceeded("it is too large")
        return frame


@pytest.fixture
def session_with():
    router = Router([Realm("realm1")], random_below=counting_below())
    router.start(FakeRuntime())

    def make(refuses) -> tuple[Session, FakeLink]:
        link = FakeLink(SmallCodec(refuses))
        return Session(link, router), link

    return make


def test_an_explanation_that_is_too_large_is_left_out(session_with):
    """The ERROR itself arrives: its request must be answered."""
    session, link = session_with(lambda frame: frame[0] == ERROR and len(frame) > 5)
    session.handle(HELLO)
    assert [each[0] for each in link.take()] == [WELCOME]
    session.handle(Subscribe(7, SubscribeOptions(), "not a uri"))
    assert link.take() == [[ERROR, SUBSCRIBE, 7, {}, INVALID_URI]]
    assert link.ends == []


def test_a_message_of_the_router_that_is_too_large_ends_the_session(
    session_with, caplog
):
    """A client that cannot take its WELCOME is told why it is not let in; so is
    the log.
    """
    session, link = session_with(lambda frame: frame[0] == WELCOME)
    session.handle(HELLO)
    assert link.take() == [[ABORT, {"message": "it is too large"}, TOO_LARGE]]
    assert link.ends == ["close"]
    assert caplog.messages == [
        f"session {session.id}: its connection is closed: it is too large"
    ]
