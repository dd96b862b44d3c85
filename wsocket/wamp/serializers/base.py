"""The interface of serializers, and payloads.

A payload (``Arguments`` and ``ArgumentsKw``) belongs to the application. Its syntax is
checked, and it is forwarded byte for byte between sessions with the same serializer.
`Payload.to` converts it for a receiver with another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final, Protocol

import msgspec
from msgspec import Raw

from wsocket.errors import PayloadError
from wsocket.wamp.protocol.client_messages import ABSENT, ClientMessage
from wsocket.wamp.protocol.field_names import explain
from wsocket.wamp.protocol.router_messages import RouterMessage
from wsocket.wamp.serializers.payload_parts import size_of
from wsocket.wamp.serializers.weights import LEAST_WEIGHED, MAX_WEIGHT

# Compiled code looks up an imported name in a dict each time, but not a final one.
_size_of: Final = size_of

# What a decoder raises for malformed or invalid input, however hostile.
DECODE_ERRORS: tuple[type[Exception], ...] = (
    msgspec.MsgspecError,
    UnicodeDecodeError,
    RecursionError,
)

# What an encoder raises for a value that cannot be encoded in its format.
ENCODE_ERRORS: tuple[type[Exception], ...] = (
    msgspec.MsgspecError,
    TypeError,
    ValueError,
    OverflowError,
    RecursionError,
)

# Bytes of a payload in which the place of a problem is looked for: that costs many
# times what writing does.
_EXPLAINED = 4096

_SIZE_OF_NOTHING: Final = 4  # bytes; the longest is JSON's

# What the application may send, in every serializer.
ALLOWED = (
    "None, bool, int, float, str, bytes, list, tuple, set, dict, dataclasses, Enum, "
    "datetime, date, time, timedelta, Decimal, UUID and msgspec.Struct"
)


class Serializer(Protocol):
    """One wire format.

    Attributes:
        name: Its name in subprotocols, such as ``json``.
        binary: Whether its messages are binary websocket messages.
    """

    name: str
    binary: bool

    def decode(self, data: str | bytes) -> ClientMessage:
        """Read a message of a client; raises one of `DECODE_ERRORS`."""

    def reread(self, data: str | bytes, error: Exception) -> ClientMessage:
        """Read a message that `decode` refused with *error*, if it can be forgiven.

        `lenient` says what is forgiven. Raises one of `DECODE_ERRORS`, for `explain`.
        """

    def decode_from_router(self, data: str | bytes) -> RouterMessage:
        """Read a message of a router; raises one of `DECODE_ERRORS`."""

    def explain(self, error: Exception, data: str | bytes) -> str:
        """Say what is wrong with *data*, with the names of message and field."""

    def encode(self, message: list[Any]) -> bytes:
        """Write a message; `msgspec.Raw` items are copied as they are."""

    def pieces(self, head: list[Any], parts: list[Raw]) -> list[bytes | Raw]:
        """``encode(head + parts)`` in pieces, without copying the parts."""

    def payload(self, args: Raw, kwargs: Raw) -> Payload:
        """The payload of a decoded message.

        Raises:
            PayloadError: They are not a list and a dict of valid content.
        """

    def unpack(self, part: Raw) -> Any:
        """Read a payload part; raises one of `DECODE_ERRORS`."""

    def pack(self, value: Any) -> Raw:
        """Write a payload part; raises one of `ENCODE_ERRORS`."""

    def weight(self, part: Raw) -> int:
        """How long it takes to convert a payload part: see `weights`."""


class Payload:
    """Arguments and ArgumentsKw of one message, encoded as they were received.

    `parts` has 0, 1 or 2 items, so ``head + payload.to(serializer)`` has the legal
    layout of every arity.
    """

    __slots__ = ("_converted", "parts", "serializer")

    def __init__(self, serializer: Serializer, parts: list[Raw]) -> None:
        self.serializer = serializer
        self.parts = parts
        self._converted: dict[Serializer, list[Raw]] | None = None

    @classmethod
    def of(
        cls,
        serializer: Serializer,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Payload:
        """Encode Python values.

        Raises:
            PayloadError: *serializer* cannot encode one of them.
        """
        try:
            if kwargs:
                return cls(
                    serializer, [serializer.pack(list(args)), serializer.pack(kwargs)]
                )
            if args:
                return cls(serializer, [serializer.pack(list(args))])
        except ENCODE_ERRORS as error:
            raise PayloadError(
                f"not serializable as {serializer.name}: {error}"
            ) from error
        return cls(serializer, [])

    def copy(self) -> Payload:
        """A copy that does not keep the rest of the received message in memory."""
        return Payload(self.serializer, [part.copy() for part in self.parts])

    @property
    def size(self) -> int:
        """Size of the parts in bytes."""
        return total_size(self.parts)

    def to(self, serializer: Serializer) -> list[Raw]:
        """The parts in *serializer*; converted at most once.

        Raises:
            PayloadError: *serializer* cannot encode a value of the payload, or it
                would take too long to convert so many.
        """
        if serializer is self.serializer or not self.parts:
            return self.parts
        if self._converted is None:
            self._check_weight(serializer)
            self._converted = {}
        parts = self._converted.get(serializer)
        if parts is None:
            parts = self._convert(serializer)
            self._converted[serializer] = parts
        return parts

    def _convert(self, serializer: Serializer) -> list[Raw]:
        args, kwargs = self.values()
        try:
            return Payload.of(serializer, args, kwargs).parts
        except PayloadError:
            if self.size > _EXPLAINED:
                raise
            # Nobody waits for this module but who has sent what cannot be written.
            places = import_module("wsocket.wamp.serializers.places")
            found = places.place_of_problem(serializer.pack, args, kwargs)
            if found is None:
                raise
            place, problem = found
            raise PayloadError(
                f"{place}: not serializable as {serializer.name}: {problem}"
            ) from problem

    def _check_weight(self, serializer: Serializer) -> None:
        """Refuse what it would take too long to convert; nobody is served meanwhile."""
        if self.size <= LEAST_WEIGHED:
            return
        weight = sum(map(self.serializer.weight, self.parts))
        if weight > MAX_WEIGHT:
            raise PayloadError(
                f"not converted from {self.serializer.name} to {serializer.name}, "
                f"because it would take too long: expected a weight of at most "
                f"{MAX_WEIGHT}, got {weight} (integers weigh 1, texts and keys 2, "
                "floats 4 or more, lists and dicts 8, binary values 16; in CBOR more"
                "); send several messages, or use the receiver's serializer"
            )

    def values(self) -> tuple[list[Any], dict[str, Any]]:
        """The payload as new Python values: a list, and a dict with str keys.

        Raises:
            PayloadError: The payload cannot be decoded.
        """
        try:
            unpacked = [self.serializer.unpack(part) for part in self.parts]
        except DECODE_ERRORS as error:
            raise PayloadError(
                f"not readable as {self.serializer.name}: {error}"
            ) from error
        args = unpacked[0] if unpacked else []
        kwargs = unpacked[1] if len(unpacked) > 1 else {}
        if not all(type(key) is str for key in kwargs):
            raise PayloadError("ArgumentsKw has a key that is not a string")
        return args, kwargs


def total_size(parts: list[Raw]) -> int:
    """Size of payload parts in bytes."""
    size = 0
    for part in parts:
        size += _size_of(part)
    return size


def without_nothing(
    serializer: Serializer, args: Raw, kwargs: Raw, problem: str
) -> Payload:
    """The payload of a message that has null in place of a part.

    ECMAScript writes an argument that was not given in this way. Null means here what
    it means in Options: that the part is absent.

    Raises:
        PayloadError: Neither part is null; the text is *problem*.
    """
    no_args, no_kwargs = _is_nothing(serializer, args), _is_nothing(serializer, kwargs)
    if not (no_args or no_kwargs):
        raise PayloadError(problem)
    if no_kwargs:
        kwargs = ABSENT
    if no_args:
        args = ABSENT if kwargs is ABSENT else serializer.pack([])
    return serializer.payload(args, kwargs)


def _is_nothing(serializer: Serializer, part: Raw) -> bool:
    """Whether *part* is null or undefined."""
    if part is ABSENT or _size_of(part) > _SIZE_OF_NOTHING:
        return False
    try:
        return serializer.unpack(part) is None
    except DECODE_ERRORS:
        return False


def is_opaque(serializer: Serializer, args: Raw) -> bool:
    """Whether there is one string or binary value instead of the list of arguments.

    Without the key `enc_algo` (autobahn-python's "payload transparency") this is a
    protocol violation.
    """
    if args is ABSENT:
        return False
    try:
        return isinstance(serializer.unpack(args), (str, bytes))
    except DECODE_ERRORS:
        return False


def explain_with(error: Exception, code: Callable[[], Any]) -> str:
    """Word the error of a decoder; *code* reads the code of the message."""
    if isinstance(error, RecursionError):
        return "message: nested too deeply"
    try:
        return explain(str(error), code())
    except msgspec.ValidationError as no_list:
        return explain(str(no_list), None)
    except DECODE_ERRORS as malformed:
        return f"message: {malformed}"


def not_utf8(error: UnicodeDecodeError) -> str:
    """Say what is wrong with a text, and where."""
    found = error.object[error.start]
    return (
        f"text is not UTF-8: byte 0x{found:02x} at position {error.start} of "
        f"{len(error.object)} bytes"
    )


def check_keys(kwargs: dict[Any, Any]) -> None:
    """Check the keys of ArgumentsKw.

    Raises:
        PayloadError: A key is not a string.
    """
    for key in kwargs:
        if type(key) is not str:
            kind = type(key).__name__
            raise PayloadError(f"ArgumentsKw: expected `str` keys, got `{kind}`")


def no_form_for(value: Any) -> Any:
    """Refuse a value that cannot be encoded; the hook of encoders.

    Raises:
        TypeError: Always.
    """
    # Without the value: its repr may contain a secret, and the peer reads this text.
    kind = type(value).__name__
    raise TypeError(
        f"{kind} has no form in this serializer; allowed are {ALLOWED}; "
        "convert it to one of these first, for instance with str(), list() or vars()"
    )
