"""permessage-deflate, with zlib and another implementation as witnesses."""

from __future__ import annotations

import random
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from tests.core.wire import (
    BINARY,
    CONTINUATION,
    TEXT,
    chunks,
    client_frame,
    decoded,
    deflated,
    plain,
    stored_block,
)
from wsocket.core.websocket.deflate import (
    DeflateParameters,
    Deflater,
    Inflater,
    negotiate,
    parse_extensions,
)
from wsocket.core.websocket.frames import FrameDecoder
from wsocket.errors import ProtocolError

TAIL = b"\x00\x00\xff\xff"
NAME = "permessage-deflate"
ROOMY = 2**20  # more than these tests inflate

NOISE = random.Random(1).randbytes(3000)
# Texts that compress, some only thanks to the message before.
MESSAGES = [b"hello " * 50, b"hello " * 50, b"", b"x", NOISE * 3, b"hello"]


def decoder(parameters=None, limit=ROOMY):
    inflater = Inflater(parameters or DeflateParameters())
    return FrameDecoder(max_message_size=limit, inflater=inflater)


# --- Negotiation ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "extensions"),
    [
        ("", []),
        ("a", [("a", [])]),
        ("a, b", [("a", []), ("b", [])]),
        ("a,b,c", [("a", []), ("b", []), ("c", [])]),
        ("a; x; y=1", [("a", [("x", None), ("y", "1")])]),
        ("a;x=1;x=2", [("a", [("x", "1"), ("x", "2")])]),
        ('a; x="1"', [("a", [("x", "1")])]),
        (r'a; x="\1\2"', [("a", [("x", "12")])]),
        (" a ;\tx = 1 , b ", [("a", [("x", "1")]), ("b", [])]),
        (", a,, b ,", [("a", []), ("b", [])]),
        ("a; x='1", [("a", [("x", "'1")])]),
    ],
)
def test_a_list_of_extensions_is_read(header, extensions):
    """Parameters, quoted values, optional whitespace and empty elements."""
    assert parse_extensions(header) == extensions


@pytest.mark.parametrize(
    "header",
    [
        "a b",
        "a;",
        "a; ;x",
        "a; =1",
        "a; x=",
        "a; x=1 2",
        "=",
        ";x",
        "a/b",
        'a; x="1',
        'a; x=""',
        'a; x="1 2"',
        'a; x="1,2"',
        'a "b"',
        "a\x00",
        "\xe9",
        "a,;b",
    ],
)
def test_a_malformed_list_of_extensions_is_refused(header):
    """Where it goes wrong is in the message."""
    with pytest.raises(ValueError, match=r"expected|not a token"):
        parse_extensions(header)


@pytest.mark.parametrize(
    ("header", "parameters", "response"),
    [
        (NAME, {}, NAME),
        (f"x-other, {NAME}", {}, NAME),
        (f"{NAME}; client_max_window_bits", {}, NAME),
        (
            f"{NAME}; client_max_window_bits=10",
            {"client_max_window_bits": 10},
            f"{NAME}; client_max_window_bits=10",
        ),
        (
            f"{NAME}; client_max_window_bits=8",
            {"client_max_window_bits": 8},
            f"{NAME}; client_max_window_bits=8",
        ),
        (
            f"{NAME}; server_max_window_bits=9",
            {"server_max_window_bits": 9},
            f"{NAME}; server_max_window_bits=9",
        ),
        (
            f"{NAME}; server_max_window_bits=15",
            {"server_max_window_bits": 15},
            f"{NAME}; server_max_window_bits=15",
        ),
        (
            f'{NAME}; server_max_window_bits="12"',
            {"server_max_window_bits": 12},
            f"{NAME}; server_max_window_bits=12",
        ),
        (
            f"{NAME}; server_no_context_takeover",
            {"server_no_context_takeover": True},
            f"{NAME}; server_no_context_takeover",
        ),
        (
            f"{NAME}; client_no_context_takeover",
            {"client_no_context_takeover": True},
            f"{NAME}; client_no_context_takeover",
        ),
        (
            f"{NAME}; client_max_window_bits=9; server_max_window_bits=10; "
            "client_no_context_takeover; server_no_context_takeover",
            {
                "server_no_context_takeover": True,
                "client_no_context_takeover": True,
                "server_max_window_bits": 10,
                "client_max_window_bits": 9,
            },
            f"{NAME}; server_no_context_takeover; client_no_context_takeover; "
            "server_max_window_bits=10; client_max_window_bits=9",
        ),
        (
            f"{NAME}; server_max_window_bits=8, {NAME}; server_max_window_bits=10",
            {"server_max_window_bits": 10},
            f"{NAME}; server_max_window_bits=10",
        ),
        (
            f"{NAME}; server_max_window_bits=10, {NAME}",
            {"server_max_window_bits": 10},
            f"{NAME}; server_max_window_bits=10",
        ),
        (f"{NAME}; unknown, {NAME}", {}, NAME),
    ],
)
def test_the_first_acceptable_offer_is_accepted(header, parameters, response):
    """What the client asks for is agreed to, in the client's order of offers."""
    assert negotiate(header) == (DeflateParameters(**parameters), response)


@pytest.mark.parametrize(
    "offer",
    [
        "x-other",
        "permessage-deflate-2",
        f"{NAME}; unknown",
        f"{NAME}; unknown=1",
        f"{NAME}; server_no_context_takeover; server_no_context_takeover",
        f"{NAME}; server_max_window_bits=10; server_max_window_bits=10",
        f"{NAME}; server_no_context_takeover=1",
        f"{NAME}; client_no_context_takeover=true",
        f"{NAME}; server_max_window_bits",
        *(
            f"{NAME}; {side}_max_window_bits={bits}"
            for side in ("server", "client")
            for bits in ("7", "16", "0", "08", "010", "-9", "9.0", "ten", "1e1", "150")
        ),
        f"{NAME}; server_max_window_bits=8",
    ],
)
def test_an_offer_that_cannot_be_accepted_is_declined(offer):
    """Declining is no error: the connection goes uncompressed."""
    assert negotiate(offer) is None


@pytest.mark.parametrize("header", [NAME + ";", f"{NAME}, a b", f"{NAME}; x=", '"'])
def test_a_malformed_header_is_not_negotiated(header):
    """Even where a valid offer comes first."""
    with pytest.raises(ValueError, match="expected"):
        negotiate(header)


@pytest.mark.parametrize("server_takeover", [True, False])
@pytest.mark.parametrize("client_takeover", [True, False])
@pytest.mark.parametrize("server_bits", [None, 9, 15])
@pytest.mark.parametrize("client_bits", [None, True, 9, 15])
def test_another_implementation_agrees(
    server_takeover, client_takeover, server_bits, client_bits
):
    """A client library accepts our response and draws the same conclusions."""
    factory = ClientPerMessageDeflateFactory(
        server_no_context_takeover=not server_takeover,
        client_no_context_takeover=not client_takeover,
        server_max_window_bits=server_bits,
        client_max_window_bits=client_bits,
    )
    parameters, response = negotiate(header_of(NAME, factory.get_request_params()))
    ((_, agreed),) = parse_extensions(response)
    theirs = factory.process_response_params(agreed, [])
    assert parameters == DeflateParameters(
        server_no_context_takeover=theirs.remote_no_context_takeover,
        client_no_context_takeover=theirs.local_no_context_takeover,
        server_max_window_bits=theirs.remote_max_window_bits,
        client_max_window_bits=theirs.local_max_window_bits,
    )


def header_of(name, parameters):
    return "; ".join(
        [
            name,
            *(key if value is None else f"{key}={value}" for key, value in parameters),
        ]
    )


# --- Deflater -------------------------------------------------------------------------


@pytest.mark.parametrize("takeover", [True, False])
@pytest.mark.parametrize("bits", range(9, 16))
def test_zlib_inflates_what_is_compressed(bits, takeover):
    """With the agreed window, kept or not kept between messages."""
    deflater = Deflater(
        DeflateParameters(
            server_no_context_takeover=not takeover, server_max_window_bits=bits
        )
    )
    inflater = zlib.decompressobj(wbits=-bits)
    for message in MESSAGES:
        if not takeover:
            inflater = zlib.decompressobj(wbits=-bits)
        payload = deflater.compress(message)
        assert inflate_with(inflater, payload + TAIL) == message


def inflate_with(inflater, data):
    """Inflate in small steps: only across them zlib looks into its window."""
    pieces = []
    while data or pieces[-1]:
        pieces.append(inflater.decompress(data, 100))
        data = inflater.unconsumed_tail
    return b"".join(pieces)


def test_a_smaller_window_would_not_do():
    """The witness of the test above notices when the window is not kept to."""
    payload = Deflater(DeflateParameters()).compress(MESSAGES[4])
    with pytest.raises(zlib.error, match="too far back"):
        inflate_with(zlib.decompressobj(wbits=-9), payload + TAIL)


def test_the_context_is_taken_over():
    """A repeated message costs a few bytes."""
    deflater = Deflater(DeflateParameters())
    message = NOISE[:1000]
    assert len(deflater.compress(message)) > 1000
    assert len(deflater.compress(message)) < 50


def test_the_context_is_not_taken_over_when_so_agreed():
    """Each message is compressed on its own."""
    deflater = Deflater(DeflateParameters(server_no_context_takeover=True))
    message = NOISE[:1000]
    assert deflater.compress(message) == deflater.compress(message)


@pytest.mark.parametrize("takeover", [True, False])
def test_an_empty_message_is_one_zero_byte(takeover):
    """Also the first, and the second in a row (section 7.2.3.6)."""
    parameters = DeflateParameters(server_no_context_takeover=not takeover)
    deflater = Deflater(parameters)
    assert [deflater.compress(b"") for _ in range(3)] == [b"\x00"] * 3
    deflater.compress(b"something")
    assert deflater.compress(b"") == b"\x00"


def memory_of(action):
    tracemalloc.start()
    try:
        kept = action()
        return tracemalloc.get_traced_memory()[0], kept
    finally:
        tracemalloc.stop()


def test_compression_costs_no_memory_before_its_first_use():
    """Most connections never use it; zlib's buffers come with the first message."""
    assert memory_of(lambda: Deflater(DeflateParameters()))[0] < 2000
    assert memory_of(lambda: Inflater(DeflateParameters()))[0] < 2000
    deflater = Deflater(DeflateParameters())
    assert memory_of(lambda: deflater.compress(b"a"))[0] > 100_000


# --- Inflater -------------------------------------------------------------------------


@given(
    st.lists(st.binary(max_size=2000), max_size=4),
    st.booleans(),
    st.integers(9, 15),
    st.integers(1, 200),
    st.integers(1, 500),
)
def test_what_a_client_compresses_is_inflated(sent, takeover, bits, cut, size):
    """With each parameter, and whatever the fragments and the reads."""
    parameters = DeflateParameters(
        client_no_context_takeover=not takeover, client_max_window_bits=bits
    )
    data = b""
    compressor = None
    for message in sent:
        if compressor is None or not takeover:
            compressor = zlib.compressobj(wbits=-bits)
        data += compressed_frames(deflated(message, compressor), cut)
    fed = decoder(parameters)
    assert decoded(fed, chunks(data, size)) == sent


def compressed_frames(payload, size):
    """A compressed message in fragments of `size` bytes."""
    parts = list(chunks(payload, size))
    return b"".join(
        client_frame(
            CONTINUATION if index else BINARY,
            part,
            rsv1=not index,
            fin=index == len(parts) - 1,
        )
        for index, part in enumerate(parts)
    )


def inflate(inflater, payload):
    return b"".join([*inflater.inflate(payload, ROOMY), *inflater.complete(ROOMY)])


@pytest.mark.parametrize("bits", [8, 9])
def test_a_client_with_the_smallest_window_is_understood(bits):
    """Some zlibs take 9 where 8 is asked; their matches reach no further for it."""
    compressor = zlib.compressobj(wbits=-9)
    inflater = Inflater(DeflateParameters(client_max_window_bits=bits))
    for size in range(400):
        message = NOISE[:size]
        assert inflate(inflater, deflated(message, compressor)) == message


def test_a_client_that_exceeds_its_window_fails():
    """It promised less, so less is kept of the messages before."""
    message = NOISE
    compressor = zlib.compressobj(wbits=-15)
    inflater = Inflater(DeflateParameters(client_max_window_bits=9))
    assert inflate(inflater, deflated(message, compressor)) == message
    with pytest.raises(ProtocolError, match="too far back"):
        inflate(inflater, deflated(message, compressor))


def test_the_clients_context_is_dropped_when_so_agreed():
    """A message that refers to the one before it fails."""
    compressor = zlib.compressobj(wbits=-15)
    inflater = Inflater(DeflateParameters(client_no_context_takeover=True))
    assert inflate(inflater, deflated(MESSAGES[0], compressor)) == MESSAGES[0]
    with pytest.raises(ProtocolError, match="too far back") as failure:
        inflate(inflater, deflated(MESSAGES[0], compressor))
    assert failure.value.code == 1007


def test_a_context_that_is_not_taken_over_costs_no_memory():
    """Between messages there is none."""
    inflater = Inflater(DeflateParameters(client_no_context_takeover=True))
    payload = deflated(b"hello")
    assert memory_of(lambda: inflate(inflater, payload))[0] < 5000  # a context: 40 kB


@pytest.mark.parametrize("takeover", [True, False])
def test_a_message_cut_short_fails(takeover):
    """Wherever it is cut: half a message is not taken for a whole one."""
    payload = deflated(b"The quick brown fox jumps over the lazy dog")
    parameters = DeflateParameters(client_no_context_takeover=not takeover)
    for size in range(len(payload)):
        with pytest.raises(ProtocolError) as failure:
            inflate(Inflater(parameters), payload[:size])
        assert failure.value.code == 1007


def test_the_tail_that_is_left_out_does_not_end_the_stream():
    """A last block that only the tail completes (section 7.2.2) is cut short."""
    start_of_the_last_block = b"\x01"  # stored; its length would be next
    with pytest.raises(ProtocolError, match="inside a block"):
        inflate(Inflater(DeflateParameters()), start_of_the_last_block)


@given(st.binary(max_size=200), st.integers(0, 50))
def test_random_compressed_data_never_raises_anything_else(data, limit):
    """It inflates to something, or it is corrupt."""
    fed = decoder(limit=limit)
    for event in fed.feed(client_frame(BINARY, data, rsv1=True)):
        assert plain(event)[0] in ("binary", "failure")


def test_final_blocks_are_followed_by_more():
    """A sender may finish its stream and start another inside a message (7.2.3.4)."""

    def finished(payload):
        compressor = zlib.compressobj(wbits=-15)
        return compressor.compress(payload) + compressor.flush(zlib.Z_FINISH)

    payload = finished(b"one ") + finished(b"two ") + deflated(b"three")
    inflater = Inflater(DeflateParameters())
    assert inflate(inflater, payload) == b"one two three"
    assert inflate(inflater, payload) == b"one two three"


def test_what_comes_out_with_the_tail_belongs_to_the_message():
    """zlib may have read all of a message, and still hold the end of a long run."""
    for size in range(2**16, 2**16 + 300):
        data = deflated(bytes(size))
        assert decoder().feed(client_frame(BINARY, data, rsv1=True)) == [bytes(size)]


def test_a_flood_of_final_blocks_is_worked_through():
    """30,000 empty streams in one frame: tedious, and harmless."""
    payload = b"\x03\x00" * 30_000 + b"\x00"
    assert decoder().feed(client_frame(TEXT, payload, rsv1=True)) == [""]


# --- Limits ---------------------------------------------------------------------------


def test_what_inflates_to_the_limit_passes():
    """The limit is inclusive, and counts inflated bytes."""
    frame = client_frame(BINARY, deflated(bytes(ROOMY)), rsv1=True)
    assert decoder().feed(frame) == [bytes(ROOMY)]


def peak_memory(fed, data):
    tracemalloc.start()
    try:
        (failure,) = [event for part in chunks(data, 65536) for event in fed.feed(part)]
        return tracemalloc.get_traced_memory()[1], plain(failure)
    finally:
        tracemalloc.stop()


def bomb(size):
    compressor = zlib.compressobj(9, wbits=-15)
    parts = [compressor.compress(bytes(2**20)) for _ in range(size // 2**20)]
    return b"".join(parts) + compressor.flush(zlib.Z_SYNC_FLUSH)[:-4]


@pytest.mark.slow(reason="inflates a lot")
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_bomb_is_not_inflated(opcode):
    """100 MiB of zeros fit into 100 kB; one byte over the limit is enough to know."""
    data = client_frame(opcode, bomb(100 * 2**20), rsv1=True)
    peak, failure = peak_memory(decoder(), data)
    assert failure == ["failure", 1009]
    assert peak < 2 * ROOMY


def test_no_more_is_inflated_than_asked_for():
    """To the byte, be it a piece or several."""
    payload = bomb(2**20)
    for limit in (1, 100, 65536, 65537, 2**20 - 1):
        inflated = b"".join(Inflater(DeflateParameters()).inflate(payload, limit))
        assert inflated == bytes(limit)


def test_a_bomb_in_fragments_is_not_inflated():
    """The limit is on the message, not on the frame."""
    data = compressed_frames(bomb(20 * 2**20), 100)
    peak, failure = peak_memory(decoder(), data)
    assert failure == ["failure", 1009]
    assert peak < 2 * ROOMY


def test_empty_blocks_do_not_run_forever():
    """They inflate to nothing, so what goes into the inflater is bounded as well."""
    fed = decoder(limit=1000)
    fed.feed(client_frame(BINARY, stored_block(b""), fin=False, rsv1=True))
    fragment = client_frame(CONTINUATION, stored_block(b"") * 20, fin=False)
    assert fed.feed(fragment * 10) == []
    assert [plain(event) for event in fed.feed(fragment * 30)] == [["failure", 1009]]


def test_data_that_cannot_be_compressed_has_room():
    """Noise of the largest size passes, also in blocks without compression."""
    noise = random.Random(2).randbytes(50_000)
    blocks = b"".join(stored_block(part) for part in chunks(noise, 60)) + b"\x00"
    for payload in (deflated(noise), blocks):
        frame = client_frame(BINARY, payload, rsv1=True)
        assert decoder(limit=len(noise)).feed(frame) == [noise]
