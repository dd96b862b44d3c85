"""permessage-deflate, judged by zlib: inflated in portions, and deflated."""

from __future__ import annotations

import zlib

from tests.fuzz.byte_source import ByteSource, portions
from wsocket.core.websocket.deflate import DeflateParameters, Deflater, Inflater
from wsocket.errors import ProtocolError

LIMIT = 5000  # bytes of a message
TAIL = b"\x00\x00\xff\xff"  # RFC 7692 section 7.2.1


def run_one(data: bytes) -> object:
    """Inflate some messages; the first bytes say how they were agreed on."""
    source = ByteSource(data)
    parameters = DeflateParameters(
        client_no_context_takeover=bool(source.below(2)),
        client_max_window_bits=8 + source.below(8),
        server_no_context_takeover=bool(source.below(2)),
        server_max_window_bits=9 + source.below(7),
    )
    sizes = source.take(2)
    messages = []
    while source:
        messages.append(source.take(source.byte() * 2))
    check_deflater(parameters, messages)
    return check_inflater(parameters, messages, sizes)


def check_inflater(
    parameters: DeflateParameters, messages: list[bytes], sizes: bytes
) -> list[object]:
    """What was inflated, and the code with which it failed, if it did."""
    inflater, judge = Inflater(parameters), Judge(parameters)
    inflated: list[object] = []
    for message in messages:
        expected = judge.inflate(message)
        try:
            found = inflate(inflater, message, sizes)
        except ProtocolError as error:
            assert error.code == 1007
            return [*inflated, error.code]
        if len(found) >= LIMIT:  # a decoder gives such a message up
            assert expected is None or expected[:LIMIT] == found
            return [*inflated, 1009]
        assert found == expected
        inflated.append(found)
    return inflated


def inflate(inflater: Inflater, message: bytes, sizes: bytes) -> bytes:
    """A whole message, of at most `LIMIT` bytes."""
    found = b""
    for portion in portions(message, sizes):
        found += b"".join(inflater.inflate(portion, LIMIT - len(found)))
        assert len(found) <= LIMIT
        if len(found) == LIMIT:
            return found
    return found + b"".join(inflater.complete(LIMIT - len(found)))


class Judge:
    """Inflates with zlib alone; None from the first message that it cannot read."""

    def __init__(self, parameters: DeflateParameters) -> None:
        self._window = -parameters.client_max_window_bits
        self._takeover = not parameters.client_no_context_takeover
        self._stream = zlib.decompressobj(self._window)
        self._broken = False

    def inflate(self, message: bytes) -> bytes | None:
        """The first bytes of a message, `LIMIT` of them or a few more."""
        if not self._takeover:
            self._stream = zlib.decompressobj(self._window)
        found, rest = b"", message + TAIL
        try:
            while rest and len(found) <= LIMIT and not self._broken:
                found += self._stream.decompress(rest, LIMIT + 1)
                rest = self._stream.unconsumed_tail
                if self._stream.eof:
                    rest = self._stream.unused_data
                    self._stream = zlib.decompressobj(self._window)
        except zlib.error:
            self._broken = True
        return None if self._broken else found


def check_deflater(parameters: DeflateParameters, messages: list[bytes]) -> None:
    """zlib inflates what was deflated; without takeover, each message alone."""
    deflater = Deflater(parameters)
    window = -parameters.server_max_window_bits
    stream = zlib.decompressobj(window)
    for message in messages:
        if parameters.server_no_context_takeover:
            stream = zlib.decompressobj(window)
        assert stream.decompress(deflater.compress(message) + TAIL) == message
