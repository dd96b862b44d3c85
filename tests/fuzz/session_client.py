"""A client of the session target: it keeps what it may expect, and judges what comes.

Messages are lists. The client writes them with json or msgpack, and never looks into
the router.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

import msgpack

from tests.wamp.fakes import FakeCodec, FakeLink, World
from tests.wamp.raw_client import (
    ABORT,
    CALL,
    ERROR,
    EVENT,
    GOODBYE,
    HELLO,
    INTERRUPT,
    INVOCATION,
    PUBLISH,
    PUBLISHED,
    REGISTER,
    REGISTERED,
    RESULT,
    SUBSCRIBE,
    SUBSCRIBED,
    UNREGISTER,
    UNREGISTERED,
    UNSUBSCRIBE,
    UNSUBSCRIBED,
    WELCOME,
    YIELD,
)
from wsocket.wamp.serializers.json import JSON
from wsocket.wamp.serializers.msgpack import MESSAGEPACK
from wsocket.wamp.session.session import Session

CHALLENGE = 4
# The answer to each request, if it is not an ERROR.
ANSWERS = {
    PUBLISH: PUBLISHED,
    SUBSCRIBE: SUBSCRIBED,
    UNSUBSCRIBE: UNSUBSCRIBED,
    CALL: RESULT,
    REGISTER: REGISTERED,
    UNREGISTER: UNREGISTERED,
}
REQUESTS = {answer: request for request, answer in ANSWERS.items()}
PROGRESSIVE = "progressive_call_invocations"
KNOWN = (WELCOME, ABORT, CHALLENGE, GOODBYE, ERROR, EVENT, INVOCATION, INTERRUPT)


class Client:
    """One connection.

    Attributes:
        joined: Whether it is in a realm, as far as it knows.
        waiting: Whether its HELLO or GOODBYE has not been answered yet.
        over: Whether its connection has ended.
        invocations: Request numbers of those that it has not answered.
        ids: Of its subscriptions and registrations, and those that it had.
    """

    def __init__(self, world: World, *, text: bool) -> None:
        self._text = text
        self.link = FakeLink(FakeCodec(JSON if text else MESSAGEPACK))
        self.session = Session(self.link, world.router)
        self.joined = self.waiting = self.over = False
        self.id = 0
        self.ids: list[int] = []
        self.invocations: list[int] = []
        self.seen: list[list[Any]] = []
        self._aborts = 0
        self._progressive = False  # it has announced this feature
        self._reset()

    def _reset(self) -> None:
        """Nothing is held outside of a realm."""
        self.joined = False
        self.invocations = []
        self._invoked: dict[int, bool] = {}  # whether more parts may come
        self._open: Counter[tuple[int, Any]] = Counter()
        self._last_call = 0
        self._repeated: set[Any] = set()
        self._subscriptions: set[int] = set()
        self._registrations: set[int] = set()
        self._removing: dict[tuple[int, Any], list[Any]] = defaultdict(list)

    @property
    def calls(self) -> set[Any]:
        """Request numbers of calls that wait for their answers."""
        return {request for code, request in self._open if code == CALL}

    @property
    def repeated(self) -> set[Any]:
        """Numbers of calls that need not be answered: not larger than earlier ones.

        If the caller has progressive call invocations, such a CALL is a late part of an
        earlier call, and is ignored.
        """
        return self._repeated

    # What it sends

    def send(self, message: Any) -> None:
        """Send a message, whatever it is."""
        self._expect(message)
        if self._text:
            self.session.receive(json.dumps(message))
        else:
            self.session.receive(msgpack.packb(message))

    def send_bytes(self, data: bytes) -> None:
        """Send bytes, whatever they are."""
        text = data.decode("utf-8", "replace")
        try:
            message = json.loads(text) if self._text else msgpack.unpackb(data)
        except (ValueError, RecursionError, msgpack.UnpackException):
            message = None  # the router has no answer but ABORT
        self._expect(message)
        self.session.receive(text if self._text else data)

    def disconnect(self) -> None:
        """Be gone, without a word."""
        self.session.lost()
        self.over = True
        self._reset()

    def _expect(self, message: Any) -> None:
        """Remember what is to be answered."""
        if not (isinstance(message, list) and len(message) > 1):
            return
        code, request = message[:2]
        self.waiting = code in (HELLO, GOODBYE)
        if code == HELLO:
            self._progressive = PROGRESSIVE in str(message)
        if not (is_number(code) and is_number(request)):
            return  # there is no answer but ABORT
        if not self.joined:
            return
        if code == PUBLISH:
            options = message[2] if len(message) > 2 else None
            if isinstance(options, dict) and options.get("acknowledge"):
                self._open[code, request] += 1
        elif code == CALL:
            self._expect_result(request)
        elif code in (UNSUBSCRIBE, UNREGISTER) and len(message) > 2:
            self._open[code, request] += 1
            self._removing[code, request].append(message[2])
        elif code in ANSWERS:
            self._open[code, request] += 1
        self._answered_by_us(message)

    def _expect_result(self, request: Any) -> None:
        """Expect one answer for each call, however often its arguments are continued.

        A number may be that of an earlier call, if that is answered before the router
        comes to this one. Else it is a violation.
        """
        if not self._progressive:
            self._open[CALL, request] += 1
        elif request in range(self._last_call + 1):
            if request not in self.calls:
                self._repeated.add(request)
        else:
            self._open[CALL, request] = 1
            if type(request) is int:
                self._last_call = max(self._last_call, request)

    def _answered_by_us(self, message: list[Any]) -> None:
        """An invocation is over when its last answer is sent."""
        code, request = message[:2]
        if code == YIELD and len(message) > 2 and isinstance(message[2], dict):
            if not message[2].get("progress") and request in self.invocations:
                self.invocations.remove(request)
        elif code == ERROR and len(message) > 2 and message[2] in self.invocations:
            self.invocations.remove(message[2])

    # What comes

    def judge(self) -> None:
        """Look at what has come.

        Raises:
            AssertionError: It should not have come.
        """
        for message in self.link.take():
            self.seen.append(message)
            self._judge(message)
        if self.link.ends and not self.over:
            self.over = True
            self._reset()

    def judge_the_end(self) -> None:
        """Nothing is under way: only calls may be without an answer."""
        unanswered = [each for each in self._open if each[0] != CALL]
        assert not unanswered, f"not answered: {unanswered}"

    def _judge(self, message: list[Any]) -> None:
        code = message[0]
        self.waiting = False
        assert not self._aborts, f"after ABORT: {message}"
        assert code in KNOWN or code in REQUESTS, message
        if code == WELCOME:
            assert not self.joined
            self.joined, self.id = True, message[1]
        elif code == ABORT:
            self._aborts += 1
            self._reset()
        elif code == GOODBYE:
            self._reset()
        elif code == ERROR:
            self._answered(message[1], message[2])
            if message[1] in (UNSUBSCRIBE, UNREGISTER):
                self._removing[message[1], message[2]].pop(0)
        elif code in REQUESTS:
            self._judge_answer(code, message)
        elif code == EVENT:
            assert message[1] in self._subscriptions, f"not subscribed: {message}"
        elif code in (INVOCATION, INTERRUPT):
            self._judge_invocation(code, message)

    def _judge_answer(self, code: int, message: list[Any]) -> None:
        request = message[1]
        if code == RESULT and message[2].get("progress"):
            known = self.calls | self._repeated
            assert request in known, f"no such call: {message}"
            return
        if code in (UNSUBSCRIBED, UNREGISTERED) and request == 0:  # revoked
            held = self._subscriptions if code == UNSUBSCRIBED else self._registrations
            held.discard(message[2].get("subscription", message[2].get("registration")))
            return
        self._answered(REQUESTS[code], request)
        if code in (SUBSCRIBED, REGISTERED):
            held = self._subscriptions if code == SUBSCRIBED else self._registrations
            held.add(message[2])
            self.ids.append(message[2])
        elif code in (UNSUBSCRIBED, UNREGISTERED):
            held = self._subscriptions if code == UNSUBSCRIBED else self._registrations
            held.discard(self._removing[REQUESTS[code], request].pop(0))

    def _answered(self, code: int, request: Any) -> None:
        if code == CALL and request not in self.calls and request in self._repeated:
            return
        assert self._open[code, request] > 0, (
            f"answer without request: {code} {request}"
        )
        self._open[code, request] -= 1
        self._open += Counter()  # drop what is 0

    def _judge_invocation(self, code: int, message: list[Any]) -> None:
        request = message[1]
        if code == INTERRUPT:
            assert request in self._invoked, f"never invoked: {message}"
            return
        more = self._invoked.get(request, True)
        assert more, f"invoked again after the last part: {message}"
        assert message[2] in self._registrations, f"not registered: {message}"
        if request not in self._invoked:
            self.invocations.append(request)
        self._invoked[request] = bool(message[3].get("progress"))


def is_number(value: object) -> bool:
    """Whether the router may take it for a number: a float may be an integer."""
    return isinstance(value, int | float)


def hello(authmethods: list[str], authid: str | None, features: bool) -> list[Any]:
    """HELLO with all roles, and all features or none."""
    announced = {
        "call_canceling": True,
        "call_timeout": True,
        "progressive_call_results": True,
        PROGRESSIVE: True,
        "payload_passthru_mode": True,
        "registration_revocation": True,
        "subscription_revocation": True,
        "caller_identification": True,
        "call_reroute": True,
    }
    role = {"features": announced if features else {}}
    roles = dict.fromkeys(("caller", "callee", "publisher", "subscriber"), role)
    details: dict[str, Any] = {"roles": roles, "authmethods": authmethods}
    if authid is not None:
        details["authid"] = authid
    return [HELLO, "realm1", details]
