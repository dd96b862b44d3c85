"""Options of the messages that an application asks for; all of them are public.

An object that an application makes is checked at once. One that is decoded from a
message was checked by the decoder, and costs nothing here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta, StructMeta

from wsocket.core.keywords import check_keywords
from wsocket.wamp.protocol.fields import EncAlgo, Fields, Hop, Passthru
from wsocket.wamp.protocol.ids import Id, Natural
from wsocket.wamp.protocol.uris import MATCHES, Match

InvokePolicy = Literal["single", "roundrobin", "random", "first", "last"]
INVOKE_POLICIES: tuple[InvokePolicy, ...] = get_args(InvokePolicy)

_Concurrency = Annotated[int, Meta(ge=1)] | None

# What a field of each type takes, for error messages.
_EXPECTED: dict[Any, str] = {
    bool: "a bool",
    str | None: "a string, or None",
    list[str] | None: "a list of strings, or None",
    list[Id] | None: "a list of session IDs (integers from 1 to 2^53), or None",
    list[Hop] | None: "a list of Hop objects, or None",
    EncAlgo | None: "cryptobox, mqtt, xbr or a name that begins with x_, or None",
    Natural: "milliseconds, an integer from 0 to 2^53",
    _Concurrency: "an integer >= 1, or None",
    Match: f"one of {', '.join(MATCHES)}",
    InvokePolicy: f"one of {', '.join(INVOKE_POLICIES)}",
}


class CheckedOptions(StructMeta):
    """The class of classes of options: their objects are checked when they are made."""

    if not TYPE_CHECKING:  # type checkers know the arguments by the fields

        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            check_keywords(cls.__name__, kwargs, cls.__struct_fields__)
            options = super().__call__(*args, **kwargs)
            check_options(options)
            return options


def check_options(options: Fields) -> None:
    """Check every field.

    Raises:
        TypeError: A field has the wrong type.
        ValueError: A field has the wrong value.
    """
    for field in msgspec.structs.fields(options):
        value = getattr(options, field.name)
        try:
            msgspec.convert(value, field.type)
        except msgspec.ValidationError as error:
            kind = TypeError if "got `" in str(error) else ValueError
            raise kind(
                f"{type(options).__name__}.{field.name}: expected "
                f"{_EXPECTED[field.type]}, got {value!r:.100}"
            ) from None


class PublishOptions(Passthru, metaclass=CheckedOptions):
    """How an event is published: PUBLISH.Options.

    Sections are those of the Advanced Profile, unless they say otherwise.

    Attributes:
        acknowledge: Whether the router confirms the event, so that `publish` waits, and
            returns the publication ID; False by default (Basic Profile, "PUBLISH").
        exclude_me: Whether the publisher itself does not get the event; True by default
            ("Publisher Exclusion").
        exclude: Session IDs that do not get the event; None, the default, excludes
            nobody ("Subscriber Black- and Whitelisting").
        exclude_authid: The same by authid; None by default (same section).
        exclude_authrole: The same by authrole; None by default (same section).
        eligible: Session IDs that may get the event, and nobody else; None, the
            default, is everybody, an empty list nobody (same section).
        eligible_authid: The same by authid; None by default (same section).
        eligible_authrole: The same by authrole; None by default (same section).
        disclose_me: Whether subscribers are told who publishes, if the permissions
            allow it; False by default ("Publisher Identification").
        retain: Whether later subscribers can get the event, until another one takes its
            place; False by default ("Event Retention").
        enc_algo: A key of autobahn-python's older payload transparency, which is not
            passed on; None by default. No part of the specification.
        enc_serializer: As `enc_algo`; None by default. No part of the specification.
        transaction_hash: Checked, and otherwise ignored; None by default (the
            specification's test vectors).
        forward_for: Sessions that the event came from, for routers that are linked;
            checked, and otherwise ignored; None by default (test vectors).
        ppt_scheme: The application's own session has no payload passthru mode, so this
            must stay None, the default ("Payload Passthru Mode").
        ppt_serializer: Format of the payload; None by default (same section).
        ppt_cipher: Cipher of the payload; None by default (same section).
        ppt_keyid: Key of the payload; None by default (same section).

    Raises:
        TypeError, ValueError: A field is invalid.
    """

    acknowledge: bool = False
    exclude_me: bool = True
    exclude: list[Id] | None = None
    exclude_authid: list[str] | None = None
    exclude_authrole: list[str] | None = None
    eligible: list[Id] | None = None
    eligible_authid: list[str] | None = None
    eligible_authrole: list[str] | None = None
    disclose_me: bool = False
    retain: bool = False
    enc_algo: EncAlgo | None = None
    enc_serializer: str | None = None
    transaction_hash: str | None = None
    forward_for: list[Hop] | None = None


# Comparing with this is faster than checking the fields one by one.
NO_PUBLISH_OPTIONS: PublishOptions = StructMeta.__call__(PublishOptions)  # not checked


class SubscribeOptions(Fields, metaclass=CheckedOptions):
    """How a topic is subscribed to: SUBSCRIBE.Options.

    Attributes:
        match: Which topics the URI fits: ``"exact"``, the default, itself alone;
            ``"prefix"`` all that begin with it; ``"wildcard"`` any component where it
            has none (Advanced Profile, "Pattern-based Subscription").
        get_retained: Whether to get the event that the topic retains, at once; False by
            default (Advanced Profile, "Event Retention").
        forward_for: Sessions that the request came from, for routers that are linked;
            checked, and otherwise ignored; None by default (test vectors).

    Raises:
        TypeError, ValueError: A field is invalid.
    """

    match: Match = "exact"
    get_retained: bool = False
    forward_for: list[Hop] | None = None


class CallOptions(Passthru, metaclass=CheckedOptions):
    """How a procedure is called: CALL.Options.

    Attributes:
        disclose_me: Whether the callee is told who calls, if the permissions allow it;
            False by default (Advanced Profile, "Caller Identification").
        receive_progress: Whether progressive results are wanted; False by default
            (Advanced Profile, "Progressive Call Results").
        progress: Whether more of this call's arguments follow. The application's own
            session cannot do that, so this must stay False, the default (Advanced
            Profile, "Progressive Call Invocations").
        timeout: Milliseconds that the router waits for an answer, and for each
            progressive result; 0, the default, is no limit (Advanced Profile, "Call
            Timeouts"). The argument ``timeout`` of `WSocketApp.call` is in seconds.
        ppt_scheme: The application's own session has no payload passthru mode, so this
            must stay None, the default (Advanced Profile, "Payload Passthru Mode").
        ppt_serializer: Format of the payload; None by default (same section).
        ppt_cipher: Cipher of the payload; None by default (same section).
        ppt_keyid: Key of the payload; None by default (same section).

    Raises:
        TypeError, ValueError: A field is invalid.
    """

    disclose_me: bool = False
    receive_progress: bool = False
    progress: bool = False
    timeout: Natural = 0


# Nearly all calls have these; see `NO_PUBLISH_OPTIONS`.
NO_CALL_OPTIONS: CallOptions = StructMeta.__call__(CallOptions)


class RegisterOptions(Fields, metaclass=CheckedOptions):
    """How a procedure is registered: REGISTER.Options.

    Attributes:
        match: Which procedures the URI fits: ``"exact"``, the default, itself alone;
            ``"prefix"`` all that begin with it; ``"wildcard"`` any component where it
            has none (Advanced Profile, "Pattern-based Registration").
        invoke: Which one of several callees is called: ``"single"``, the default,
            allows only one callee; ``"roundrobin"``, ``"random"``, ``"first"`` and
            ``"last"`` select one (Advanced Profile, "Shared Registration").
        disclose_caller: Whether the callee is told who calls, even if the caller did
            not ask for that; False by default (Advanced Profile, "Caller
            Identification").
        forward_timeout: Whether the callee is told the timeout of a call, and obeys it
            in the router's place; False by default (Advanced Profile, "Call Timeouts").
        concurrency: How many calls the callee gets at once; others are refused, or go
            to another callee. None, the default, is no limit. No part of the
            specification.
        force_reregister: Whether this callee takes the place of those that are
            registered; False by default. No part of the specification.

    Raises:
        TypeError, ValueError: A field is invalid.
    """

    match: Match = "exact"
    invoke: InvokePolicy = "single"
    disclose_caller: bool = False
    forward_timeout: bool = False
    concurrency: _Concurrency = None
    force_reregister: bool = False
