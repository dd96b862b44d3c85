"""``wsocket call``: arguments, results, failures and exit status."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from contextlib import closing

import pytest

from tests.cli.commands import COMMAND, wsocket
from tests.patience import SECONDS
from tests.programs import environ, started
from wsocket import cli


@pytest.fixture
def call(url, capsys):
    """Run the command in this process; what it prints."""

    def run(*arguments: str) -> str:
        assert cli.main(["call", url, *arguments]) == 0
        return capsys.readouterr().out

    return run


# Arguments


@pytest.mark.processes
def test_numbers_are_added(url):
    """As in the first example of the documentation."""
    done = wsocket("call", url, "com.example.add", "2", "3")
    assert (done.returncode, done.stdout, done.stderr) == (0, "5\n", "")


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("2", 2),
        ("-2", -2),
        ("1.5e3", 1500.0),
        ("true", True),
        ("null", None),
        ('"2"', "2"),
        ("[1, [2]]", [1, [2]]),
        ('{"a": 1}', {"a": 1}),
        (' {"a": 1} ', {"a": 1}),
        ("hello", "hello"),
        ("hello world", "hello world"),
        ("", ""),
        ("007", "007"),
        ("1.2.3", "1.2.3"),
        ("2026-11-27", "2026-11-27"),
        ("12:30", "12:30"),
        ("NaN", "NaN"),
        ("True", "True"),
        ('"a=b"', "a=b"),
        ("2=b", "2=b"),
        ("com.example=b", "com.example=b"),
        ("\N{SNOWMAN}", "\N{SNOWMAN}"),
    ],
)
def test_a_word_is_json_or_a_string(call, word, value):
    """What looks like JSON has to be it; everything else is a string."""
    assert json.loads(call("com.example.same", "--json", word)) == value


def test_key_and_value_are_a_keyword(call):
    """The value is read as any other word; the first = counts."""
    words = ["1", "a=2", "b=x=y", 'c={"d": [null]}', "e="]
    result = json.loads(call("com.example.echo", "--json", *words))
    kwargs = {"a": 2, "b": "x=y", "c": {"d": [None]}, "e": ""}
    assert result == {"args": [1], "kwargs": kwargs}


def test_options_may_stand_between_arguments(call):
    """Behind -- there are none."""
    result = call("--serializer", "cbor", "com.example.echo", "1", "--json", "2")
    assert json.loads(result)["args"] == [1, 2]
    result = call("com.example.echo", "--json", "--", "--json", "-x")
    assert json.loads(result)["args"] == ["--json", "-x"]


@pytest.mark.parametrize(
    "document", ['[1, "a"]', '{"args": [1, "a"]}', '{"args": [1, "a"], "kwargs": {}}']
)
def test_all_arguments_may_be_one_document(call, document):
    """A list, or an object with args and kwargs."""
    printed = call("com.example.echo", "--json", "--args-json", document)
    assert json.loads(printed) == {"args": [1, "a"], "kwargs": {}}


@pytest.mark.processes
def test_a_document_may_come_on_stdin(url):
    """For a single -, which is a string among others."""
    command = [*COMMAND, "call", url, "com.example.echo", "--json", "-"]
    document = '{"args": [1], "kwargs": {"a": [2]}}'
    done = subprocess.run(
        command,
        input=document,
        env=environ(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert json.loads(done.stdout) == json.loads(document)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["[1"], "'[1' looks like JSON, but is not"),
        (['"open'], "for a string, put it in double quotes"),
        (["1e999"], "out of range"),
        (["a=1", "a=2"], "the keyword 'a' is given twice"),
        (["a=[1"], "'[1' looks like JSON"),
        (["[" * 100_000], "looks like JSON, but is nested too deeply"),
        (["\udcff"], "is not valid UTF-8"),
        (["options=1"], "the keyword 'options' cannot be sent"),
        (["--args-json", "[1"], "--args-json is not JSON"),
        (["--args-json", "5"], "expected a list such as [2, 3]"),
        (["--args-json", '{"arg": []}'], "expected a list such as [2, 3]"),
        (["--args-json", '{"args": {}}'], "expected a list such as [2, 3]"),
        (["--args-json", "[]", "2"], "either as words or by --args-json"),
    ],
)
def test_what_is_no_argument_is_explained(capsys, words, expected):
    """Before anything is connected, with exit status 2."""
    nowhere = "ws://127.0.0.1:9/"
    assert cli.main(["call", nowhere, "com.example.echo", *words]) == 2
    said = capsys.readouterr()
    assert expected in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


# Results


def test_results_are_for_people(call):
    """A string as it is, lists and dicts indented, nothing as null."""
    assert call("com.example.same", "two words") == "two words\n"
    assert call("com.example.same", "[1]") == "[\n  1\n]\n"
    assert call("com.example.same", "null") == "null\n"


def test_results_are_for_programs(call):
    """With --json each is one line."""
    assert call("com.example.same", "two words", "--json") == '"two words"\n'
    assert call("com.example.same", '{"a": [1, 2]}', "--json") == '{"a":[1,2]}\n'


@pytest.mark.parametrize("serializer", ["json", "msgpack", "cbor"])
def test_every_serializer_brings_the_same(call, serializer):
    """Also binary values, which have a form of their own in JSON."""
    result = call(
        "com.example.same", '["\\u0000AQI=", 1.5]', "--serializer", serializer
    )
    assert json.loads(result) == ["\0AQI=", 1.5]


def test_progress_is_printed_if_wanted(call):
    """Each result on a line of its own, the final one at last."""
    assert call("com.example.count", "3", "--progress") == "1\n2\n3\n"
    assert call("com.example.count", "3", "--progress", "--json") == "1\n2\n3\n"
    assert call("com.example.count", "3") == "3\n"


# Failures


def refusal(capsys, *arguments: str) -> tuple[int, str]:
    """Exit status, and the only line on stderr."""
    status = cli.main(list(arguments))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return status, said.err


def test_a_wamp_error_ends_with_1(url, capsys):
    """Its URI, its arguments, in one line."""
    status, said = refusal(capsys, "call", url, "com.example.sold_out")
    assert status == 1
    assert said == "wsocket: com.example.error.sold_out: no tickets, left=0\n"


def test_a_procedure_that_is_not_there(url, capsys):
    """Is a WAMP error."""
    status, said = refusal(capsys, "call", url, "com.example.nothing")
    assert status == 1
    assert "wamp.error.no_such_procedure" in said


def test_a_realm_that_is_not_there(url, capsys):
    """The router says so."""
    arguments = ("call", url, "com.example.add", "--realm", "elsewhere")
    status, said = refusal(capsys, *arguments)
    assert status == 1
    assert "elsewhere" in said


@pytest.mark.parametrize("progress", [[], ["--progress"]])
def test_a_call_that_takes_too_long_ends_with_1(url, capsys, progress):
    """It is canceled, and what came before it was printed."""
    arguments = ["com.example.stuck", "--timeout", "0.1", *progress]
    assert cli.main(["call", url, *arguments]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("wsocket: wamp.error.timeout: ")


def test_nobody_listens(capsys):
    """Exit status 3, with the address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"ws://127.0.0.1:{server.getsockname()[1]}/"
    status, said = refusal(capsys, "call", url, "com.example.add")
    assert status == 3
    assert url in said
    assert "is the router running?" in said


def test_a_router_that_says_nothing(capsys):
    """Exit status 3, after --connect-timeout."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"ws://127.0.0.1:{server.getsockname()[1]}/"
        arguments = ("call", url, "com.example.add", "--connect-timeout", "0.2")
        status, said = refusal(capsys, *arguments)
    assert status == 3
    assert f"{url} did not answer within 0.2 seconds" in said


@pytest.mark.parametrize(
    ("url", "uri", "expected"),
    [
        ("http://127.0.0.1/", "com.example.add", "expected ws://HOST:PORT/PATH"),
        ("ws://127.0.0.1:99999/", "com.example.add", "expected ws://HOST:PORT/PATH"),
        ("8080", "com.example.add", "expected ws://HOST:PORT/PATH"),
        ("ws://127.0.0.1:9/", "com example", "invalid URI: 'com example'"),
        ("ws://127.0.0.1:9/", "", "invalid URI"),
    ],
)
def test_a_wrong_address_or_uri_ends_with_2(capsys, url, uri, expected):
    """With what was expected."""
    status, said = refusal(capsys, "call", url, uri)
    assert status == 2
    assert expected in said


@pytest.mark.processes
def test_debug_shows_the_traceback(url):
    """The line stands below it."""
    done = wsocket("call", url, "com.example.sold_out", "--debug")
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("left=0\n")


@pytest.mark.processes
def test_ctrl_c_ends_with_130(url, demo):
    """The session is left properly, so the call is canceled."""
    command = [*COMMAND, "call", url, "com.example.stuck", "--progress"]
    with started(command, stderr=subprocess.STDOUT) as process:
        assert process.stdout.readline() == "half of it\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 130
        assert process.stdout.read() == ""


# Other addresses


def test_a_unix_socket_and_a_tcp_port(demo, tmp_path, capsys):
    """RawSocket, with the same session behind it."""
    path = tmp_path / "wamp.sock"
    for address in (f"unix://{path}", "tcp://127.0.0.1:0"):
        with closing(demo.app.listen_rawsocket(address)) as listener:
            arguments = ["call", listener.address, "com.example.add", "2", "3"]
            assert cli.main(arguments) == 0
            assert capsys.readouterr().out == "5\n"
    demo.app.close()
