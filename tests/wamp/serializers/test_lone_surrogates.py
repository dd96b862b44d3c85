"""Text that is no Unicode: halves of characters, and bytes that are not UTF-8."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import CALL, EVENT, FORMATS, REALM, RESULT
from tests.wamp.transports.rawsocket.client import rawsocket
from wsocket import WSocketApp

BAD = "\ufffd"
# JSON text -> what it means
TEXTS = {
    r"\ud83d": BAD,
    r"cut \uD83D": f"cut {BAD}",
    r"\ude00 end": f"{BAD} end",
    r"\ude00\ud83d": BAD * 2,
    r"\ud83d\ud83d\ude00\ude00": f"{BAD}\U0001f600{BAD}",
    r"\ud83d\u0041": f"{BAD}A",
    r"\ud83d\n": f"{BAD}\n",
    r"\\ud83d \ud83d": rf"\ud83d {BAD}",
    r"\\\ud83d": rf"\{BAD}",
    r"\\\\ud83d\ude00": rf"\\ud83d{BAD}",
    r"\ud83d\\ude00": rf"{BAD}\ude00",
    r"\ud83d\ude00 \udbff": f"\U0001f600 {BAD}",
}
every_text = pytest.mark.parametrize(("text", "value"), TEXTS.items(), ids=TEXTS.keys())


@pytest.fixture(scope="module")
def app() -> WSocketApp:
    app = WSocketApp(protocol="WAMP")
    app.register("com.example.echo")(lambda *args, **kwargs: [args, kwargs])
    return app


@every_text
def test_half_a_character_arrives_as_a_replacement(join, uri, serializer, text, value):
    """In arguments, in keywords and their names; for every receiver alike."""
    publisher, subscriber = join(), join(serializer)
    subscriber.subscribe(uri)
    publisher.send_data(
        f'[16,1,{{}},"{uri}",["{text}",["{text}"]],{{"{text}":"{text}"}}]'
    )
    message = subscriber.receive()
    assert message[0] == EVENT
    assert message[4:] == [[value, [value]], {value: value}]
    assert publisher.until_now() == []


@every_text
def test_application_gets_the_replacement(join, text, value):
    """It could not encode what came."""
    caller = join()
    caller.send_data(f'[48,7,{{}},"com.example.echo",["{text}"],{{"{text}":1}}]')
    assert caller.receive() == [RESULT, 7, {}, [[[value], {value: 1}]]]


def test_uri_and_option_have_the_replacement(join):
    """An application whose text was cut may subscribe to it."""
    client = join()
    client.send_data(r'[32,1,{"x\ud83d":"\udc00","match":"exact"},"com.x\ud83d"]')
    subscription = client.receive()[2]
    assert client.subscribe(f"com.x{BAD}") == subscription


def test_details_of_hello_have_the_replacement(connect):
    """Such as a name that somebody has typed."""
    client = connect()
    client.send_data(rf'[1,"{REALM}",{{"roles":{{"caller":{{}}}},"agent":"\ud83d"}}]')
    assert client.receive()[0] == 2


def test_hostile_number_of_halves_is_refused(join):
    """A text that was cut by mistake has few."""
    client = join()
    client.send_data(r'[48,1,{},"com.example.echo",["' + r"\ud83d" * 100_000 + '"]]')
    assert "surrogate" in client.aborted()


def test_what_is_wrong_otherwise_is_said(join):
    """It is not the half of a character, which is forgiven."""
    client = join()
    client.send_data(r'[32, 1, {"match": "\ud83d"}, "com.example.x"]')
    assert client.aborted().startswith("SUBSCRIBE.Options.match: ")


def test_raw_socket_does_the_same(url, app):
    """JSON is JSON on every transport."""
    assert url
    address = app.listen_rawsocket("tcp://127.0.0.1:0").address
    with rawsocket(address) as client:
        client.join()
        client.send_data(rb'[48,1,{},"com.example.echo",["\ud83d"]]')
        assert client.receive() == [RESULT, 1, {}, [[[BAD], {}]]]


WTF8 = b"\xed\xa0\xbd"
# Serializer -> CALL with these bytes as its procedure, as an argument, as a key
MALFORMED = {
    "msgpack": [
        (b"\x94\x30\x01\x80\xa3" + WTF8, "CALL.Procedure"),
        (b"\x95\x30\x01\x80\xa3a.b\x91\xa3" + WTF8, "CALL.Arguments"),
        (b"\x96\x30\x01\x80\xa3a.b\x90\x81\xa3" + WTF8 + b"\x01", "CALL.ArgumentsKw"),
        (b"\x94\x30\x01\x81\xaappt_scheme\xa3" + WTF8 + b"\xa3a.b", "CALL.Options"),
    ],
    "cbor": [
        (b"\x84\x18\x30\x01\xa0\x63" + WTF8, "CALL.Procedure"),
        (b"\x85\x18\x30\x01\xa0\x63a.b\x81\x63" + WTF8, "CALL.Arguments"),
        (b"\x86\x18\x30\x01\xa0\x63a.b\x80\xa1\x63" + WTF8 + b"\x01", "CALL.Arg"),
        (b"\x84\x18\x30\x01\xa1\x6appt_scheme\x63" + WTF8 + b"\x63a.b", "CALL.Opt"),
    ],
    "ubjson": [
        (b"[U\x30U\x01{}SU\x03" + WTF8 + b"]", "CALL.Procedure"),
        (b"[U\x30U\x01{}SU\x03a.b[SU\x03" + WTF8 + b"]]", "CALL.Arguments"),
        (b"[U\x30U\x01{}SU\x03a.b[]{U\x03" + WTF8 + b"Z}]", "CALL.ArgumentsKw"),
    ],
}


@pytest.mark.parametrize(
    ("serializer", "data", "field"),
    [
        pytest.param(name, data, field, id=f"{name} {field}")
        for name, cases in MALFORMED.items()
        for data, field in cases
    ],
)
def test_bytes_that_are_not_utf8_are_named(join, serializer, data, field):
    """The ABORT says what and where: no encoder writes them for a good text."""
    assert CALL == 0x30
    client = join(serializer)
    client.send_data(data)
    said = client.aborted()
    assert said.startswith(field)
    assert "UTF-8" in said
    assert "0xed" in said


def test_text_frame_that_is_not_utf8_fails_the_connection(join):
    """That is not WAMP's business (RFC 6455, section 8.1)."""
    client = join("json")
    client.send_data(b'[48,1,{},"a.b",["' + WTF8 + b'"]]')
    assert client.end() == 1007
    assert set(FORMATS) == {"json", *MALFORMED}
