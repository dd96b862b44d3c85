"""permessage-deflate: negotiation, deflater, inflater (RFC 7692)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from wsocket.core.http.grammar import TOKEN
from wsocket.errors import ProtocolError

NAME = "permessage-deflate"

Compression: TypeAlias = Literal["deflate"]
"""How messages may be compressed: an extension that the client may offer."""

# (name, [(parameter, value or None), ...]), as one element of the header.
Extension: TypeAlias = tuple[str, list[tuple[str, str | None]]]

_NAME = re.compile(rf"({TOKEN})[ \t]*")
_PARAMETER = re.compile(
    rf""";[ \t]*({TOKEN})[ \t]*(?:=[ \t]*(?:({TOKEN})|"((?:[^"\\]|\\.)*)")[ \t]*)?"""
)
_COMMAS = re.compile(r",[ \t,]*")
_ESCAPED = re.compile(r"\\(.)")

# Characters of a header. Reading one of 64 kB would take longer than a turn of the loop
# may; a browser sends 50.
_LONGEST: Final = 2048

# zlib cannot deflate with a window of 8 bits. So an offer that asks us to do so is
# declined (section 7.1.2.1 allows that). It can inflate with such a window. That works
# also for a client whose old zlib silently uses 9 bits instead: it never looks back
# more than 250 bytes.
_WINDOW_BITS = {str(bits) for bits in range(8, 16)}
_ACCEPTED_VALUES: dict[str, set[str | None]] = {
    "server_no_context_takeover": {None},
    "client_no_context_takeover": {None},
    "server_max_window_bits": {*_WINDOW_BITS - {"8"}},
    "client_max_window_bits": {None, *_WINDOW_BITS},
}

# The end of a flushed message, which is not sent (section 7.2.1).
_TAIL = b"\x00\x00\xff\xff"
# An empty last block. Between two blocks it ends the stream.
_LAST_BLOCK = b"\x03\x00"

# What zlib keeps besides what depends on the window (measured, zlib 1.2.13).
_DEFLATING = (1 << 17) + 7168  # bytes
_INFLATING = 10240

# Bytes that go into zlib, and that come out, in one call. The first limits what zlib
# copies for each final block in its input, the second the memory besides the message.
_INPUT_PIECE = 4096
_OUTPUT_PIECE = 65536


def check_compression(compression: object) -> None:
    """Accept a `Compression`, or None.

    Raises:
        ValueError: It is neither.
    """
    known = get_args(Compression)
    if compression is not None and compression not in known:
        names = ", ".join(map(repr, known))
        raise ValueError(f"compression: expected {names} or None, got {compression!r}")


@dataclass(frozen=True)
class DeflateParameters:
    """What both sides have agreed on (RFC 7692 section 7.1). "server" is this side."""

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = 15
    client_max_window_bits: int = 15

    @property
    def kept(self) -> int:
        """Bytes that zlib may keep between two reads or messages of one connection.

        The client may leave a message half sent. So it counts what inflates it, also
        without context takeover.
        """
        size = (1 << self.client_max_window_bits) + _INFLATING
        if not self.server_no_context_takeover:
            size += (1 << (self.server_max_window_bits + 2)) + _DEFLATING
        return size


def parse_extensions(header: str) -> list[Extension]:
    """Read a Sec-WebSocket-Extensions header (RFC 6455 section 9.1).

    Raises:
        ValueError: It is malformed; the message shows where. Or it is longer than any
            that makes sense.
    """
    if len(header) > _LONGEST:
        raise ValueError(f"{len(header)} characters, expected at most {_LONGEST}")
    extensions: list[Extension] = []
    header = header.strip(" \t,")
    pos = 0
    while pos < len(header):
        name = _NAME.match(header, pos)
        if name is None:
            raise ValueError(f"expected an extension name at {header[pos:][:40]!r}")
        pos = name.end()
        parameters = []
        while parameter := _PARAMETER.match(header, pos):
            parameters.append((parameter[1], _value(parameter)))
            pos = parameter.end()
        extensions.append((name[1], parameters))
        commas = _COMMAS.match(header, pos)
        if commas is None and pos < len(header):
            raise ValueError(f"expected ',' or ';' at {header[pos:][:40]!r}")
        pos = commas.end() if commas else pos
    return extensions


def _value(parameter: re.Match[str]) -> str | None:
    """The value of a matched parameter; a quoted one must be a token, too."""
    if parameter[3] is None:
        return parameter[2]
    value = _ESCAPED.sub(r"\1", parameter[3])
    if not re.fullmatch(TOKEN, value):
        raise ValueError(f"the value of {parameter[1]} is not a token: {value[:40]!r}")
    return value


def negotiate(header: str) -> tuple[DeflateParameters, str] | None:
    """Accept the first offer of permessage-deflate that is valid and possible.

    Returns:
        The parameters, and the extension for the response (RFC 7692 section 7.1); None
        if no offer can be accepted.

    Raises:
        ValueError: The header is malformed.
    """
    for name, parameters in parse_extensions(header):
        offer = dict(parameters)
        if (
            name == NAME
            and len(offer) == len(parameters)
            and all(
                value in _ACCEPTED_VALUES.get(parameter, ())
                for parameter, value in parameters
            )
        ):
            return _accept(offer)
    return None


def _accept(offer: dict[str, str | None]) -> tuple[DeflateParameters, str]:
    """Agree to everything that the client asks for or promises, and no more."""
    response = NAME
    for parameter in _ACCEPTED_VALUES:
        value = offer.get(parameter)
        if value is not None:
            response += f"; {parameter}={value}"
        elif parameter in offer and parameter != "client_max_window_bits":
            response += f"; {parameter}"
    return (
        DeflateParameters(
            server_no_context_takeover="server_no_context_takeover" in offer,
            client_no_context_takeover="client_no_context_takeover" in offer,
            server_max_window_bits=int(offer.get("server_max_window_bits") or 15),
            client_max_window_bits=int(offer.get("client_max_window_bits") or 15),
        ),
        response,
    )


class Deflater:
    """Compresses the messages of one connection, in the order in which they are sent.

    With context takeover it keeps about 256 kB from the first message on.
    """

    def __init__(self, parameters: DeflateParameters) -> None:
        self._window_bits = parameters.server_max_window_bits
        self._takeover = not parameters.server_no_context_takeover
        self._stream: zlib._Compress | None = None

    def compress(self, payload: bytes) -> bytes:
        """The compressed payload of a message, which must be sent, in this order."""
        stream = self._stream or zlib.compressobj(wbits=-self._window_bits)
        if self._takeover:
            self._stream = stream
        data = stream.compress(payload) + stream.flush(zlib.Z_SYNC_FLUSH)
        return data[: -len(_TAIL)]


class Inflater:
    """Inflates the messages of one connection as their payload comes.

    After a final block the window is empty (section 7.2.3.4): senders that use zlib
    must start a new stream there.

    Data that is not a deflate stream fails with 1007, not with 1002: the frames are
    right, but their data is not of the type that they announce.
    """

    def __init__(self, parameters: DeflateParameters) -> None:
        self._window_bits = parameters.client_max_window_bits
        self._takeover = not parameters.client_no_context_takeover
        self._stream: zlib._Decompress | None = None

    def inflate(self, data: bytes, limit: int) -> Iterator[bytes]:
        """Yield the inflated next part of a message, at most *limit* bytes.

        Raises:
            ProtocolError: *data* is not a deflate stream.
        """
        for pos in range(0, len(data), _INPUT_PIECE):
            piece = data[pos : pos + _INPUT_PIECE]
            while piece and limit > 0:
                output, piece = self._step(piece, min(limit, _OUTPUT_PIECE))
                limit -= len(output)
                if output:
                    yield output

    def complete(self, limit: int) -> Iterator[bytes]:
        """Yield the rest of the message, at most *limit* bytes.

        Raises:
            ProtocolError: The message ends inside a block.
        """
        yield from self.inflate(_TAIL, limit)
        stream = self._stream
        if not self._takeover:
            self._stream = None
        elif stream is not None:
            stream = stream.copy()
        if stream is None or not _is_between_blocks(stream):
            raise _corrupt("message ends inside a block")

    def _step(self, data: bytes, size: int) -> tuple[bytes, bytes]:
        """Inflate up to *size* bytes; return them, and the input that is left."""
        stream = self._stream
        if stream is None:
            self._stream = stream = zlib.decompressobj(wbits=-self._window_bits)
        try:
            output = stream.decompress(data, size)
        except zlib.error as error:
            raise _corrupt(str(error)) from None
        if stream.eof:
            self._stream = None
            return output, stream.unused_data
        return output, stream.unconsumed_tail


def _is_between_blocks(stream: zlib._Decompress) -> bool:
    """Whether a last block would end *stream*, which cannot be used any more."""
    try:
        stream.decompress(_LAST_BLOCK)
    except zlib.error:
        return False
    return stream.eof


def _corrupt(problem: str) -> ProtocolError:
    return ProtocolError(f"compressed data is corrupt: {problem}", code=1007)
