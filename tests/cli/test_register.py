"""``wsocket register``: a program answers calls."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.cli.commands import COMMAND, said
from tests.patience import SECONDS
from tests.programs import started
from wsocket import ApplicationError, cli

pytestmark = pytest.mark.processes

URI = "com.example.program"

ADD = """
import json, sys
call = json.load(sys.stdin)
print(sum(call["args"]) + call["kwargs"].get("more", 0))
"""


def python(source: str, *arguments: str) -> str:
    """A command for --exec."""
    return shlex.join([sys.executable, "-c", source, *arguments])


@contextlib.contextmanager
def answering(url: str, command: str, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Have *command* answer calls until the block ends."""
    words = [*COMMAND, "register", url, URI, "--exec", command, *more]
    with started(words, stderr=subprocess.STDOUT) as process:
        assert said(process, "registered") == f"wsocket: registered {URI!r}\n"
        yield process


def failure(demo, *args) -> ApplicationError:
    with pytest.raises(ApplicationError) as caught:
        demo.app.call(URI, *args)
    return caught.value


def test_the_call_is_on_stdin_and_the_result_on_stdout(url, demo):
    """Both are JSON."""
    with answering(url, python(ADD)):
        assert demo.app.call(URI, 2, 3) == 5
        assert demo.app.call(URI, 2, more=10) == 12


@pytest.mark.parametrize(
    ("printed", "result"),
    [
        ("[1, {}]\n", [1, {}]),
        ("two words\n", "two words"),
        ('"quoted"', "quoted"),
        ("", None),
        ("1\n2\n", "1\n2"),
    ],
)
def test_what_is_no_json_is_text(url, demo, printed, result):
    """Without the end of the last line; nothing is null."""
    source = "import sys; sys.stdout.write(sys.argv[1])"
    with answering(url, python(source, printed)):
        assert demo.app.call(URI) == result


def test_a_program_that_fails(url, demo):
    """Its stderr and its status go to the caller; the next call is answered."""
    source = "import sys; x = input(); sys.exit('no ' + x if '[1]' in x else 0)"
    with answering(url, python(source)):
        error = failure(demo, 1)
        assert error.error == "wsocket.error.program_failed"
        assert error.args == ('no {"args":[1],"kwargs":{}}',)
        assert error.kwargs == {"status": 1}
        assert demo.app.call(URI, 2) is None


def test_only_the_end_of_long_complaints_is_sent(url, demo):
    """4096 bytes."""
    source = "import sys; sys.exit('x' * 100_000 + 'the end')"
    with answering(url, python(source)):
        [complaint] = failure(demo).args
    assert complaint.endswith("xxthe end")
    assert len(complaint) <= 4096


def test_a_result_that_is_too_long_is_an_error(url, demo):
    """The program is killed, although it would go on for ever."""
    source = "import sys\nwhile True: sys.stdout.write('x' * 65536)"
    with answering(url, python(source)):
        error = failure(demo)
    assert error.error == "wsocket.error.program_failed"
    assert "more than 16777216 bytes" in error.args[0]


def test_a_program_that_takes_too_long_is_killed(url, demo, tmp_path):
    """With what it has started."""
    fifo = str(tmp_path / "fifo")
    os.mkfifo(fifo)
    command = shlex.join(["sh", "-c", f"(exec >{fifo}; sleep 1000) & wait"])
    with answering(url, command, "--timeout", "1"):
        call = demo.app.start_call(URI)
        with open(fifo) as held_open:  # until the child has opened it
            assert held_open.read() == ""  # the end of the child
        with pytest.raises(ApplicationError) as caught:
            call.result(SECONDS)
    assert caught.value.error == "wamp.error.timeout"
    assert caught.value.args == ("sh did not end within 1 seconds",)


def test_a_program_need_not_read_the_call(url, demo):
    """However long it is."""
    with answering(url, python("print('done')")):
        assert demo.app.call(URI, "x" * 500_000) == "done"


FIFO = """
import json, sys
name, mode = json.load(sys.stdin)["args"]
with open(name, mode) as fifo:  # waits until somebody opens the other end
    print(fifo.read() if mode == "r" else fifo.write("met"))
"""


def test_calls_are_answered_at_the_same_time(url, demo, tmp_path):
    """Two programs that wait for each other get on."""
    fifo = str(tmp_path / "fifo")
    os.mkfifo(fifo)
    with answering(url, python(FIFO), "--concurrency", "2"):
        reading = demo.app.start_call(URI, fifo, "r")
        writing = demo.app.start_call(URI, fifo, "w")
        assert reading.result(SECONDS) == "met"
        assert writing.result(SECONDS) == 3


def test_more_calls_wait(url, demo, tmp_path):
    """With --concurrency 1 the second one starts when the first one has ended."""
    fifo = str(tmp_path / "fifo")
    os.mkfifo(fifo)
    limits = ("--concurrency", "1", "--timeout", "0.5")
    with answering(url, python(FIFO), *limits):
        reading = demo.app.start_call(URI, fifo, "r")
        writing = demo.app.start_call(URI, fifo, "w")
        for waiting in (reading, writing):
            with pytest.raises(ApplicationError, match=r"wamp\.error\.timeout"):
                waiting.result(SECONDS)


def test_the_program_knows_what_was_called(url, demo):
    """One program may answer for a family of procedures."""
    source = "import os; print(os.environ['WSOCKET_PROCEDURE'])"
    with answering(url, python(source), "--match", "prefix"):
        assert demo.app.call(f"{URI}.one") == f"{URI}.one"
        assert demo.app.call(f"{URI}.two") == f"{URI}.two"


def test_ctrl_c_ends_the_programs(url, demo, tmp_path):
    """What they hold is free, and the status is 130."""
    fifo = str(tmp_path / "fifo")
    os.mkfifo(fifo)
    command = f"sh -c 'exec >{fifo}; sleep 1000'"
    with answering(url, command) as process:
        call = demo.app.start_call(URI)
        with open(fifo) as reading:  # until the program has opened it
            process.send_signal(signal.SIGINT)
            assert process.wait(SECONDS) == 130
            assert reading.read() == ""
        with pytest.raises(ApplicationError):
            call.result(SECONDS)


def test_a_procedure_that_is_taken(url, capsys):
    """Ends with 1, and the router's words."""
    arguments = ["register", url, "com.example.add", "--exec", "true"]
    assert cli.main(arguments) == 1
    assert "wamp.error.procedure_already_exists" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("uri", "command", "expected"),
    [
        (URI, "no-such-program -x", "there is no program 'no-such-program'"),
        (URI, "", "there is no program ''"),
        (URI, "sh 'open", "No closing quotation"),
        ("wamp.session.count", "true", "the protocol's own namespace"),
        ("a b", "true", "invalid URI: 'a b'"),
    ],
)
def test_what_cannot_be_registered_is_explained(capsys, uri, command, expected):
    """Before anything is connected, with exit status 2."""
    arguments = ["register", "ws://127.0.0.1:9/", uri, "--exec", command]
    assert cli.main(arguments) == 2
    assert expected in capsys.readouterr().err
