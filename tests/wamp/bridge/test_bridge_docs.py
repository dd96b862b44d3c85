"""The programs in docs/bridge.md, run as they stand there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

import pytest

from tests.patience import SECONDS
from tests.programs import COMMAND_LINE, ROOT, ended, need, running
from tests.wamp.bridge.false_bridge import PUBLISHED, answering
from tests.wamp.bridge.http import listening, post
from tests.wamp.raw_client import connected

PAGE = (ROOT / "docs" / "bridge.md").read_text()
SECRET = "the output of: openssl rand -hex 32"
ADDRESS = "http://127.0.0.1:8080"

PROBLEM = "application/problem+json"
BUSY = (503, PROBLEM, b'{"error": "wamp.error.unavailable"}')
REFUSED = (403, PROBLEM, b'{"error": "wamp.error.not_authorized"}')
BAD_GATEWAY = (502, "text/html", b"")
NOT_FOUND = (404, "text/html", b"")


def snippet(language: str, mark: str) -> str:
    """The only piece of code in *language* that has *mark* in it."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    [code] = [each for each in found if mark in each]
    return code


@pytest.fixture
def documented(processes, tmp_path):
    """The first program of the page, on a free port."""
    source = snippet("python", "run(app)").replace("run(app)", "run(app, port=0)")
    command = [sys.executable, "-c", source]
    with running(command, tmp_path / "log") as server:
        yield server
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_shell_script_publishes(documented):
    """curl sends what openssl has signed."""
    need(shutil.which("curl"), "curl")
    need(shutil.which("openssl"), "openssl")
    script = snippet("sh", "openssl dgst").replace(ADDRESS, documented.url[:-1])
    with connected(documented.ws()) as subscriber:
        subscriber.join()
        subscriber.subscribe("com.example.news")
        done = subprocess.run(
            ["sh", "-euc", script],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done
        publication = json.loads(done.stdout)["publication"]
        message = subscriber.receive()
    assert message[2:] == [publication, {}, ["the night is over"]]


def test_first_program_runs_by_the_command_too(processes, tmp_path):
    """`wsocket run` imports it, which must not start a server of its own."""
    (tmp_path / "first.py").write_text(snippet("python", "run(app)"))
    command = [sys.executable, "-c", COMMAND_LINE, "run", "first:app", "--port", "0"]
    with running(command, tmp_path / "log", cwd=tmp_path) as server:
        body = {"procedure": "com.example.add", "args": [2, 3]}
        assert json.loads(post(server.http(), "/wamp/call", body).body)["args"] == [5]


def test_php_program_publishes(documented, tmp_path):
    """What it prints is the answer, also that to a refused request."""
    need(shutil.which("php"), "php")
    program = snippet("php", "hash_hmac").replace(ADDRESS, documented.url[:-1])
    with connected(documented.ws()) as subscriber:
        subscriber.join()
        subscriber.subscribe("com.example.news")
        publication = json.loads(php(program, tmp_path))["publication"]
        message = subscriber.receive()
    assert message[2:] == [publication, {}, ["hello"]]
    refused = json.loads(php(program.replace(SECRET, "another one"), tmp_path))
    assert refused["error"] == "wamp.error.authentication_denied"


def php(program, folder):
    """What a PHP program prints; a warning is an error."""
    file = folder / "program.php"
    file.write_text(program)
    strict = ["-d", "error_reporting=-1", "-d", "display_errors=stderr"]
    done = ended(["php", *strict, str(file)])
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


CELERY = """
from celery import Celery

Celery(broker="memory://").conf.update(task_always_eager=True)

from wsocket.client import HttpPublisher

publisher = HttpPublisher({url!r})
make_thumbnail = "small {{}}".format
{task}
with publisher:
    print(resize.delay("cat").state)
"""


@pytest.mark.processes
@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([PUBLISHED], "SUCCESS"),
        ([BUSY, BAD_GATEWAY, PUBLISHED], "SUCCESS"),
        ([BUSY, REFUSED, PUBLISHED], "FAILURE"),
        ([NOT_FOUND, PUBLISHED], "FAILURE"),
    ],
)
def test_celery_task_is_tried_again_where_that_may_help(answers, state):
    """Celery runs it at once, without a broker; what is refused stays refused."""
    task = snippet("python", "@shared_task")
    with answering(*answers) as (_, url):
        source = CELERY.format(url=url, task=task)
        done = ended([sys.executable, "-c", source])
    assert done.stdout == f"{state}\n", done


def test_python_program_publishes_and_calls(documented):
    """With the key of the first program."""
    source = snippet("python", "publisher = ").replace(ADDRESS, documented.url[:-1])
    secret = f"secret = {SECRET!r}\n"
    with listening(documented.http(), "topic=com.example.news") as stream:
        done = subprocess.run(
            [sys.executable, "-c", f"{secret}{source}\nprint(total)"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
        assert stream.args() == ["hello"]
    assert done.stdout == "5\n"


@pytest.mark.parametrize(("path", "mark"), [("publish", "topic"), ("call", "timeout")])
def test_bodies_are_accepted(documented, path, mark):
    """Those of the two requests."""
    body = snippet("json", mark).encode()
    answer = post(documented.http(), f"/wamp/{path}", body)
    assert answer.status == 200
    assert (
        list(json.loads(answer.body))
        == {
            "publish": ["publication"],
            "call": ["args", "kwargs"],
        }[path]
    )


def test_problem_is_what_the_page_shows(documented):
    """Member by member, in this order."""
    body = {"procedure": "com.example.ad"}
    answer = post(documented.http(), "/wamp/call", body)
    shown = json.loads(snippet("json", "about:blank"))
    assert list(json.loads(answer.body).items()) == list(shown.items())


def test_every_program_of_the_page_is_python():
    """Those that need somebody else's library are at least compiled."""
    for source in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        compile(source, "docs/bridge.md", "exec")
