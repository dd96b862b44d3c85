"""Several WAMP messages in one message of a transport ("Message Batching").

After each text message comes a separator; before each binary message comes its length.
A batch is split completely before its first message is handled: if the end of it is
malformed, nothing has been done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from wsocket.errors import BatchError
from wsocket.wamp.serializers.base import Serializer

_PREFIX = 4  # bytes of a length


class Batching(Protocol):
    """How messages of one serializer are joined and split."""

    def join(self, messages: Iterable[bytes]) -> bytes:
        """Join at least one message to a batch."""

    def split(self, batch: Any) -> list[Any]:
        """Split a batch into messages, in their order.

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

    def split(self, batch: str) -> list[str]:
        """See `Batching.split`."""
        *messages, rest = batch.split(self._separator)
        if rest:
            raise BatchError(
                f"expected 0x{ord(self._separator):02x} after each message; "
                f"{len(rest)} characters follow the last one"
            )
        if not messages:
            raise BatchError("expected at least one message, got an empty batch")
        return messages


class Prefixed:
    """Batches of bytes: each message is preceded by its length, a big-endian uint32."""

    def join(self, messages: Iterable[bytes]) -> bytes:
        """See `Batching.join`."""
        return b"".join(
            len(message).to_bytes(_PREFIX, "big") + message for message in messages
        )

    def split(self, batch: bytes) -> list[bytes]:
        """See `Batching.split`."""
        messages: list[bytes] = []
        end = 0
        while end < len(batch):
            start = end + _PREFIX
            if start > len(batch):
                raise BatchError(
                    f"expected a length of {_PREFIX} bytes at byte {end}, "
                    f"got {len(batch) - end}"
                )
            end = start + int.from_bytes(batch[end:start], "big")
            if end > len(batch):
                raise BatchError(
                    f"expected a message of {end - start} bytes at byte {start}, "
                    f"got {len(batch) - start}"
                )
            messages.append(batch[start:end])
        if not messages:
            raise BatchError("expected at least one message, got an empty batch")
        return messages


SEPARATED = Separated("\x1e")
# The specification says \30 and means a decimal; autobahn-python reads it as octal.
SEPARATED_BY_AUTOBAHN = Separated("\x18")
PREFIXED = Prefixed()


def batching_of(serializer: Serializer) -> Batching:
    """How the messages of *serializer* are batched."""
    return PREFIXED if serializer.binary else SEPARATED
