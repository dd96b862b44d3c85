"""What goes wrong is one line on stderr, as a shell sees it, and an exit status."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
import sys
from contextlib import closing

import pytest

from tests.cli.commands import COMMAND, wsocket
from tests.patience import SECONDS
from tests.programs import environ, started
from tests.serving import in_thread
from wsocket import cli, make_server
from wsocket.client import connect

pytestmark = pytest.mark.processes

NOWHERE = "ws://127.0.0.1:9/"


def in_shell(line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell, in which ``wsocket`` is the command."""
    function = f'wsocket() {{ {shlex.join(COMMAND)} "$@"; }}'
    return subprocess.run(
        ["bash", "-c", f"{function}\n{line}"],
        env=environ(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_what_is_no_number_of_seconds_that_can_be_waited():
    """Neither too small nor too large, for every option that takes seconds."""
    options = [
        ("call", NOWHERE, "com.example.add", "--timeout"),
        ("call", NOWHERE, "com.example.add", "--connect-timeout"),
        ("register", NOWHERE, "com.example.add", "--exec", "true", "--timeout"),
        ("run", "hello", "--graceful-timeout"),
        ("run", "hello", "--close-spread"),
    ]
    for words in options:
        for given, expected in (
            ("1e300", "expected at most 1000000 seconds"),
            ("1e10", "expected at most 1000000 seconds"),
            ("inf", "expected at most 1000000 seconds"),
            ("nan", "expected seconds, such as 30"),
            ("x", "expected seconds, such as 30"),
        ):
            done = wsocket(*words, given)
            assert done.stderr == (
                f"wsocket: {words[-1]}: {expected}, got {given!r}; see "
                f"`wsocket {words[0]} --help`\n"
            )
            assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        (
            "wsocket publish {url} wamp.x 1",
            2,
            "TOPIC: 'wamp.x' is in the protocol's own namespace, 'wamp.'; use one of "
            "your own, such as 'com.example.'",
        ),
        (
            "wsocket call {url} com.example.add 1 > /dev/full",
            1,
            "cannot write the output: No space left on device",
        ),
        (
            "wsocket doctor > /dev/full",
            1,
            "cannot write the output: No space left on device",
        ),
        (
            "wsocket check --help > /dev/full",
            1,
            "cannot write the output: No space left on device",
        ),
        (
            "wsocket call {url} com.example.add 1 >&-",
            1,
            "cannot write the output: stdout is closed; > /dev/null throws it away",
        ),
        (
            "wsocket completion bash >&-",
            1,
            "cannot write the output: stdout is closed; > /dev/null throws it away",
        ),
        (
            "wsocket call {url} com.example.add - <&-",
            2,
            "stdin is closed: pipe a document into it, or give words",
        ),
        (
            "printf '[%.0s' {{1..100000}} | wsocket call {url} com.example.add -",
            2,
            "stdin is nested too deeply",
        ),
        (
            "PYTHONIOENCODING=ascii wsocket call {url} com.example.same \N{SNOWMAN}",
            1,
            "cannot write the output: stdout has the encoding ascii, which lacks some "
            "of its characters: set PYTHONIOENCODING=utf-8",
        ),
        (
            "wsocket call {url} com.example.sold_out",
            1,
            "com.example.error.sold_out: no tickets, left=0",
        ),
        (
            "wsocket call {url} com.example.add --realm 'a b'",
            2,
            "--realm: invalid URI: 'a b': components may",
        ),
        (
            "wsocket call ws://joe:pencil@127.0.0.1/ com.example.add",
            2,
            "URL: expected no user and no password in it: use --authid NAME, and one "
            "of the options for a secret, such as --ticket-file FILE",
        ),
        (
            "wsocket register {url} com.example.x --exec true --concurrency 1001",
            2,
            "--concurrency: expected a number from 1 to 1000, got '1001'; see `wsocket "
            "register --help`",
        ),
        (
            "wsocket tap {url} 'com.*'",
            2,
            "PATTERN: in WAMP * is a character like others: expected a prefix such as "
            "com.example., or a wildcard that leaves components out, such as "
            "com..created, got 'com.*'",
        ),
    ],
)
def test_a_failure_is_one_line(url, line, status, said):
    """Nothing else is printed."""
    done = in_shell(line.format(url=url))
    assert done.stderr.startswith(f"wsocket: {said}"), done.stderr
    assert done.stderr.count("\n") == 1
    assert (done.returncode, done.stdout) == (status, "")


def test_nobody_reads_the_output(url):
    """Neither of lines that were printed, nor of the help."""
    for line in ("wsocket doctor", "wsocket --help", "wsocket completion fish"):
        done = in_shell(f"{line} | true; exit ${{PIPESTATUS[0]}}")
        assert (done.stderr, done.returncode) == ("", 141), line


def test_with_stderr_closed_nothing_of_it_is_on_stdout(url):
    """What is read by programs is the output alone."""
    done = in_shell(f"wsocket call {url} com.example.sold_out 2>&-")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 1)


@pytest.mark.parametrize("progress", [[], ["--progress"]])
def test_a_session_that_is_ended_is_one_line(url, demo, progress):
    """The log of the client says nothing, also when nobody has set it up."""
    words = ["call", url, "com.example.stuck", *progress]
    with started([*COMMAND, *words], stderr=subprocess.PIPE) as process:
        assert demo.calling.wait(SECONDS) or not progress
        with connect(url) as operator:
            while operator.call("wamp.session.count") < 3:
                continue
            operator.call("wamp.session.kill_all")
        assert process.wait(SECONDS) == 3
        said = process.stderr.read()
    assert re.fullmatch(f"wsocket: {re.escape(url)}: .*wamp.close.killed.*\n", said)


def test_a_connection_that_is_lost_is_one_line():
    """Its status is 3."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        words = ["call", url, "com.example.add"]
        with started([*COMMAND, *words], stderr=subprocess.PIPE) as process:
            connection, _ = server.accept()
            with connection:
                hello = connection.recv(4)
                connection.sendall(b"\x7f\xf1\x00\x00")
                assert hello[:1] == b"\x7f"
                length = int.from_bytes(connection.recv(4, socket.MSG_WAITALL), "big")
                connection.recv(length, socket.MSG_WAITALL)
                welcome = b'[2,1,{"roles":{"broker":{},"dealer":{}}}]'
                connection.sendall(len(welcome).to_bytes(4, "big") + welcome)
                connection.recv(4, socket.MSG_WAITALL)
            assert process.wait(SECONDS) == 3
            said = process.stderr.read()
    assert said.startswith(f"wsocket: {url}: ")
    assert said.count("\n") == 1


def test_what_nobody_has_thought_of_is_one_line(tmp_path):
    """--debug shows the traceback."""
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        "from wsocket.cli import doctor, main\n"
        "def fail(options): raise KeyError('a\\x1bb')\n"
        "doctor.run = fail\n"
        "sys.exit(main())\n"
    )
    line = "wsocket: unexpected KeyError: 'a\\x1bb'; --debug shows the traceback\n"
    for words in ([], ["--debug"]):
        command = [sys.executable, str(program), "doctor", *words]
        done = subprocess.run(
            command,
            env=environ(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.stderr.endswith(line)
        assert done.stderr.startswith("Traceback" if words else line)
        assert (done.returncode, done.stdout) == (1, "")


# Options and commands


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["cal"],
            "there is no command 'cal'; did you mean 'call'? See `wsocket --help`",
        ),
        (
            ["publishh", NOWHERE],
            "there is no command 'publishh'; did you mean 'publish'? See "
            "`wsocket --help`",
        ),
        (["fly"], "there is no command 'fly'; see `wsocket --help`"),
        (
            ["call", NOWHERE, "com.x", "--tiemout", "3"],
            "--tiemout: no such option; did you mean '--timeout'? See `wsocket call "
            "--help`",
        ),
        (
            ["call", "--time", "3"],  # no abbreviation, and told before what is missing
            "--time: no such option; did you mean '--timeout'? See `wsocket call "
            "--help`",
        ),
        (
            ["call", NOWHERE, "com.x", "-1x"],
            "-1: no such option; words that begin with - come after --; see `wsocket "
            "call --help`",
        ),
        (
            ["call", NOWHERE],
            "the following arguments are required: URI; see `wsocket call --help`",
        ),
        (
            ["publish"],
            "the following arguments are required: URL, TOPIC; see `wsocket publish "
            "--help`",
        ),
        (
            ["completion"],
            "the following arguments are required: SHELL; see `wsocket completion "
            "--help`",
        ),
        (
            ["subscribe", NOWHERE, "com.x", "com.y"],
            "unrecognized arguments: com.y; see `wsocket subscribe --help`",
        ),
        (
            ["call", NOWHERE, "com.x", "--timeout"],
            "--timeout: expected one argument; see `wsocket call --help`",
        ),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_a_wrong_command_line_is_one_line(capsys, words, said):
    """With what was probably meant, and where the help is."""
    assert cli.main(words) == 2
    assert capsys.readouterr() == ("", f"wsocket: {said}\n")


@pytest.mark.parametrize(
    ("option", "meant"),
    [
        ("--ticket", "--ticket-file FILE"),
        ("--cra", "--cra-secret-file FILE"),
        ("--secret", "--cra-secret-file FILE"),
        ("--password", "--scram-password-file FILE"),
        ("--cryptosign", "--cryptosign-key FILE"),
        (
            "--token",
            "--ticket-file FILE or --cra-secret-file FILE or --scram-password-file "
            "FILE or --cryptosign-key FILE",
        ),
    ],
)
@pytest.mark.parametrize("form", [["{option}", "pencil"], ["{option}=pencil"]])
def test_a_secret_on_the_command_line_is_not_shown(capsys, option, meant, form):
    """It is said where secrets come from."""
    secret = [word.format(option=option) for word in form]
    for command in ("call", "publish", "subscribe", "tap", "register", "sessions"):
        for words in ([NOWHERE, "com.x", *secret], [*secret, NOWHERE, "com.x"], secret):
            assert cli.main([command, *words]) == 2
            assert capsys.readouterr().err == (
                f"wsocket: {option}: no such option; secrets come from files: {meant}; "
                f"see `wsocket {command} --help`\n"
            )


def test_a_password_behind_its_letter_is_not_shown(capsys):
    """As other programs have it."""
    assert cli.main(["call", NOWHERE, "com.x", "-ppencil"]) == 2
    assert "pencil" not in capsys.readouterr().err


# TLS


@pytest.mark.parametrize(
    ("host", "trusted", "reason"),
    [
        ("127.0.0.1", False, ", on the command line --cafile"),
        ("127.0.0.2", True, "; put a name into the URL that the certificate has"),
    ],
)
def test_a_certificate_that_is_not_accepted(
    demo, certificates, capsys, host, trusted, reason
):
    """The option is named where it helps."""
    context = certificates.server_context()
    server = make_server(host, 0, demo.app, ssl_context=context)
    with server, in_thread(server), closing(demo.app):
        url = f"wss://{host}:{server.server_port}/"
        option = ["--cafile", certificates.authority] if trusted else []
        assert cli.main(["call", url, "com.example.add", "1", *option]) == 3
    said = capsys.readouterr().err
    refused = "the router's certificate is not accepted"
    assert said.startswith(f"wsocket: {url}: {refused}: ")
    assert said.endswith(f"{reason}\n")
    assert said.count("\n") == 1
