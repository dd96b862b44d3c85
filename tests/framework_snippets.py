"""The snippets of the framework's first documentation, as one application.

They are as they were published, but for their typos: a missing colon, a missing import,
``"b"`` for ``"rb"``, header names with a space, a forgotten ``*``. Where it says
"some code here", there is some. The sleeps are shorter.
"""

from __future__ import annotations

from typing import NamedTuple

from wsocket import WSocketApp, logger, run

MAIN = """
from wsocket import WSocketApp, WebSocketError, logger, run
from time import sleep

logger.setLevel(10)  # for debugging

app = WSocketApp()
# app = WSocketApp(protocol="WAMP")

@app.route("/")
def handle_websocket(environ, start_response):

    wsock = environ.get("wsgi.websocket")

    if not wsock:
        start_response()
        return "Hello World!"

    while True:
        try:
            message = wsock.receive()
            if message != None:
                print("participator : " + message, flush=True)
                wsock.send("you : "+message)
                sleep(1)
                wsock.send("you : "+message)

        except WebSocketError:
            break

run(app, port=0)
"""

STATUS = {
    "nothing": "start_response()",
    "int": "start_response(200)",
    "code": 'start_response("200")',
    "line": 'start_response("200 OK")',
}

HEADERS = {
    "list": """
start_response("200 OK",[
    ("header1-name", "header1 value"),
    ("header2-name", "header2 value")
])
""",
    "dict": """
start_response("200 OK",{
    "header1-name": "header1 value",
    "header2-name": "header2 value"
})
""",
}

STRING_IO = """
try:
    from io import StringIO
except ImportError:
    from StringIO import StringIO
"""

BYTES_IO = """
try:
    from io import BytesIO
except ImportError:
    from StringIO import BytesIO
"""


class Sender(NamedTuple):
    """A handler of the section "Send data"."""

    code: str
    body: bytes
    before: str = ""

    @property
    def source(self) -> str:
        head = "def sender(environ, start_response):\n    start_response()\n"
        lines = self.code.strip().split("\n")
        return self.before + head + "".join(f"    {line}\n" for line in lines)


HELLO = b"Hello World!"
SENDERS = {
    "str": Sender('return "Hello World!"', HELLO),
    "bytes": Sender('return b"Hello World!" # b"" is binary string', HELLO),
    "encode": Sender('return "Hello World!".encode()', HELLO),
    "text-file": Sender('return open("hello.txt")', HELLO),
    "binary-file": Sender('return open("hello.txt", "rb")', HELLO),
    "StringIO": Sender(
        'file_like = StringIO()\nfile_like.write("Hello World!")\n'
        "file_like.seek(0)\nreturn file_like",
        HELLO,
        STRING_IO,
    ),
    "empty-StringIO": Sender(
        "file_like = StringIO()\nreturn file_like", b"", STRING_IO
    ),
    "BytesIO": Sender(
        'file_like = BytesIO(b"Hello World!")\nreturn file_like', HELLO, BYTES_IO
    ),
    "empty-BytesIO": Sender("file_like = BytesIO()\nreturn file_like", b"", BYTES_IO),
    "list": Sender(
        'return ["Hello ", b"World", "!".encode(), 2020] # list', HELLO + b"2020"
    ),
    "tuple": Sender(
        'return ("Hello ", b"World", "!".encode(), 2020) # tuple', HELLO + b"2020"
    ),
    "set": Sender(
        'return {"Hello ", b"World", "!".encode(), 2020} # set', HELLO + b"2020"
    ),
    "dict": Sender('return {"Hello ":None, "World!":None} # dict', HELLO),
    "generator": Sender(
        """
yield "Hello "
time.sleep(1)
yield b"World"
time.sleep(1)
yield "!".encode()
yield 2020 # generators
""",
        HELLO + b"2020",
        "import time\n",
    ),
    "other": Sender("return 3.3 # float", b"3.3"),
}

app = WSocketApp()


@app.route("/hello/world")
def hello_world(environ, start_response):
    return "exact"


@app.route("/hello/*")
def hello_anybody(environ, start_response):
    return "prefix"


@app.route("/silent")
def silent(environ, start_response):
    """Returns without calling start_response."""
    return "Hello World!"


@app.route("/error")
def error(environ, start_response):
    1 / 0  # noqa: B018 - the documented example


def handler_that_says(statement: str):
    """A handler whose call of start_response is `statement`."""

    def handler(environ, start_response):
        exec(statement, {"start_response": start_response})
        return "Hello World!"

    return handler


def serve() -> None:
    """Serve all of them but the main one, which is a program of its own."""
    for name, statement in (STATUS | HEADERS).items():
        app.route(f"/start/{name}")(handler_that_says(statement))
    for name, sender in SENDERS.items():
        namespace: dict = {}
        exec(sender.source, namespace)
        app.route(f"/send/{name}")(namespace["sender"])
    logger.setLevel(10)
    run(app, port=0)
