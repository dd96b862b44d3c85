"""The messages that clients send; `router_messages` has those that only routers send.

Incoming messages are decoded into these types, and every field is validated. Outgoing
messages are plain lists, ``[code, ...]``, and the payload is appended. Unknown keys of
options and details are ignored. A known key with a value of the wrong type is a
protocol violation (Basic Profile, "Messages", "Protocol Violations")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal

from msgspec import Raw, Struct

from wsocket.wamp.protocol.fields import Fields as Fields
from wsocket.wamp.protocol.fields import Passthru
from wsocket.wamp.protocol.ids import Id
from wsocket.wamp.protocol.options import NO_CALL_OPTIONS as NO_CALL_OPTIONS
from wsocket.wamp.protocol.options import NO_PUBLISH_OPTIONS as NO_PUBLISH_OPTIONS
from wsocket.wamp.protocol.options import CallOptions as CallOptions
from wsocket.wamp.protocol.options import InvokePolicy as InvokePolicy
from wsocket.wamp.protocol.options import PublishOptions as PublishOptions
from wsocket.wamp.protocol.options import RegisterOptions as RegisterOptions
from wsocket.wamp.protocol.options import SubscribeOptions as SubscribeOptions

# Marks an absent payload field. It must not be encoded: the result would be malformed.
ABSENT = Raw()

# Not an enum: mypyc compiles these names to constants.
HELLO: Final = 1
WELCOME: Final = 2
ABORT: Final = 3
CHALLENGE: Final = 4
AUTHENTICATE: Final = 5
GOODBYE: Final = 6
ERROR: Final = 8
PUBLISH: Final = 16
PUBLISHED: Final = 17
SUBSCRIBE: Final = 32
SUBSCRIBED: Final = 33
UNSUBSCRIBE: Final = 34
UNSUBSCRIBED: Final = 35
EVENT: Final = 36
CALL: Final = 48
CANCEL: Final = 49
RESULT: Final = 50
REGISTER: Final = 64
REGISTERED: Final = 65
UNREGISTER: Final = 66
UNREGISTERED: Final = 67
INVOCATION: Final = 68
INTERRUPT: Final = 69
YIELD: Final = 70
EVENT_RECEIVED: Final = 337


class Message(Struct, array_like=True, gc=False):
    """A list that begins with the message code, which decides what follows."""


# Sessions


class ClientRole(Fields):
    """What a client can do in one of its roles."""

    features: dict[str, Any] | None = None

    def announced(self) -> Iterable[tuple[str, object]]:
        """Features and whether the client has them."""
        return () if self.features is None else self.features.items()


NO_ROLE = ClientRole()


class ClientRoles(Fields):
    """HELLO.Details.roles: at least one of these is present."""

    caller: ClientRole | None = None
    callee: ClientRole | None = None
    publisher: ClientRole | None = None
    subscriber: ClientRole | None = None


class HelloDetails(Fields):
    """HELLO.Details."""

    roles: ClientRoles
    agent: str | None = None
    authmethods: list[str] | None = None
    authid: str | None = None
    authextra: dict[str, Any] | None = None


class Hello(Message, tag=HELLO):
    """Client to router: [1, realm, details]."""

    realm: str
    details: HelloDetails


class Abort(Message, tag=ABORT):
    """Either way: [3, details, reason, args?, kwargs?]; never answered."""

    details: dict[str, Any]
    reason: str
    args: Raw = ABSENT
    kwargs: Raw = ABSENT


class Authenticate(Message, tag=AUTHENTICATE):
    """Client to router: [5, signature, extra]."""

    signature: str
    extra: dict[str, Any]


class Goodbye(Message, tag=GOODBYE):
    """Either way: [6, details, reason]."""

    details: dict[str, Any]
    reason: str


class ErrorDetails(Passthru):
    """ERROR.Details."""


class Error(Message, tag=ERROR):
    """Callee to router: [8, 68, request, details, error, args?, kwargs?]."""

    request_type: int
    request: Id
    details: ErrorDetails
    error: str
    args: Raw = ABSENT
    kwargs: Raw = ABSENT


# Publish and subscribe


class Publish(Message, tag=PUBLISH):
    """Publisher to broker: [16, request, options, topic, args?, kwargs?]."""

    request: Id
    options: PublishOptions
    topic: str
    args: Raw = ABSENT
    kwargs: Raw = ABSENT


class Subscribe(Message, tag=SUBSCRIBE):
    """Subscriber to broker: [32, request, options, topic]."""

    request: Id
    options: SubscribeOptions
    topic: str


class Unsubscribe(Message, tag=UNSUBSCRIBE):
    """Subscriber to broker: [34, request, subscription]."""

    request: Id
    subscription: Id


class EventReceived(Message, tag=EVENT_RECEIVED):
    """Subscriber to broker: [337, publication].

    It is in the specification's test vectors, but not in its text. This router never
    asks for it.
    """

    publication: Id


# Remote procedure calls


class Call(Message, tag=CALL):
    """Caller to dealer: [48, request, options, procedure, args?, kwargs?]."""

    request: Id
    options: CallOptions
    procedure: str
    args: Raw = ABSENT
    kwargs: Raw = ABSENT


CancelMode = Literal["skip", "kill", "killnowait"]


class CancelOptions(Fields):
    """CANCEL.Options; the default mode is ``killnowait``."""

    mode: CancelMode | None = None


class Cancel(Message, tag=CANCEL):
    """Caller to dealer: [49, call_request, options]."""

    request: Id
    options: CancelOptions


class Register(Message, tag=REGISTER):
    """Callee to dealer: [64, request, options, procedure]."""

    request: Id
    options: RegisterOptions
    procedure: str


class Unregister(Message, tag=UNREGISTER):
    """Callee to dealer: [66, request, registration]."""

    request: Id
    registration: Id


class YieldOptions(Passthru):
    """YIELD.Options."""

    progress: bool = False


class Yield(Message, tag=YIELD):
    """Callee to dealer: [70, request, options, args?, kwargs?]."""

    request: Id
    options: YieldOptions
    args: Raw = ABSENT
    kwargs: Raw = ABSENT


ClientMessage = (
    Hello
    | Abort
    | Authenticate
    | Goodbye
    | Error
    | Publish
    | Subscribe
    | Unsubscribe
    | EventReceived
    | Call
    | Cancel
    | Register
    | Unregister
    | Yield
)
"""What a client may send to the router."""
