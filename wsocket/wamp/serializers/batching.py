"""Several WAMP messages in one message of a transport ("Message Batching").

After each text message comes a separator; before each binary message comes its length.
A batch is checked completely before its first message is handled: if the end of it is
malformed, nothing has been done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final, Protocol, TypeAlias

from wsocket.errors import BatchError
from wsocket.wamp.serializers.base import Serializer

_PREFIX: Final = 4  # bytes of a length

# Bytes or characters of a batch from which on its messages are made one by one: as
# objects, small ones take ten times as much memory as in it.
_LARGE: Final = 65536


class Unsplit:
    """The messages of a large batch that is well-formed; each is made when it is due.

    Args:
        number: How many there are.
        messages: Makes them, one after the other.
    """

    __slots__ = ("_messages", "_number")

    def __init__(self, number: int, messages: Callable[[], Iterator[Any]]) -> None:
        self._number = number
        self._messages = messages

    def __len__(self) -> int:
        return self._number

    def __iter__(self) -> Iterator[Any]:
        return self._messages()


Messages: TypeAlias = list[Any] | Unsplit
"""The messages of a batch, in their order."""


class Batching(Protocol):
    """How messages of one serializer are joined and split."""

    def join(self, messages: Iterable[bytes]) -> bytes:
        """Join at least one message to a batch."""

    def split(self, batch: Any) -> Messages:
        """Split a batch into messages.

        Raises:
            BatchError: The batch is malformed or empty.
        """


class Separated:
    """Batches of text: each message is followed by a separator.

    Args:
        separator: A control character. In JSON it occurs only in its escaped form.
    """

    def __init__(self, separator: str) -> None:
        self._separator = separator
        self._end = separator.encode("ascii")

    def join(self, messages: Iterable[bytes]) -> bytes:
        """See `Batching.join`."""
        return b"".join(message + self._end for message in messages)

    def split(self, batch: str) -> Messages:
        """See `Batching.split`."""
        rest = len(batch) - batch.rfind(self._separator) - 1
        if rest:
            raise BatchError(
                f"expected 0x{ord(self._separator):02x} after each message; "
                f"{rest} characters follow the last one"
            )
        if not batch:
            raise BatchError("expected at least one message, got an empty batch")
        if len(batch) < _LARGE:
            return batch.split(self._separator)[:-1]
        return Unsplit(batch.count(self._separator), partial(self._each, batch))

    def _each(self, batch: str) -> Iterator[str]:
        start = 0
        while start < len(batch):
            end = batch.index(self._separator, start)
            yield batch[start:end]
            start = end + 1


class Prefixed:
    """Batches of bytes: each message is preceded by its length, a big-endian uint32."""

    def join(self, messages: Iterable[bytes]) -> bytes:
        """See `Batching.join`."""
        return b"".join(
            len(message).to_bytes(_PREFIX, "big") + message for message in messages
        )

    def split(self, batch: bytes) -> Messages:
        """See `Batching.split`."""
        if not batch:
            raise BatchError("expected at least one message, got an empty batch")
        if len(batch) < _LARGE:
            return list(self._each(batch))
        number = end = 0
        while end < len(batch):  # 250,000 times in 1 MB: nothing is made here
            end = _end_of_message(batch, end)
            number += 1
        return Unsplit(number, partial(self._each, batch))

    def _each(self, batch: bytes) -> Iterator[bytes]:
        end = 0
        while end < len(batch):
            start = end + _PREFIX
            end = _end_of_message(batch, end)
            yield batch[start:end]


def _end_of_message(batch: bytes, at: int) -> int:
    """Where the message ends whose length is *at* this place."""
    start = at + _PREFIX
    if start > len(batch):
        raise BatchError(
            f"expected a length of {_PREFIX} bytes at byte {at}, got {len(batch) - at}"
        )
    size = batch[at] << 24 | batch[at + 1] << 16 | batch[at + 2] << 8 | batch[at + 3]
    if size > len(batch) - start:
        raise BatchError(
            f"expected a message of {size} bytes at byte {start}, "
            f"got {len(batch) - start}"
        )
    return start + size


SEPARATED = Separated("\x1e")
# The specification says \30 and means a decimal; autobahn-python reads it as octal.
SEPARATED_BY_AUTOBAHN = Separated("\x18")
PREFIXED = Prefixed()


def batching_of(serializer: Serializer) -> Batching:
    """How the messages of *serializer* are batched."""
    return PREFIXED if serializer.binary else SEPARATED
