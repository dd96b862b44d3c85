"""A chat in which browsers talk through WAMP to each other and to Python.

One process serves the page (HTTP), the WAMP router behind it and a plain websocket.
Run ``make demo``; or ``npm ci`` in this folder, and then
``python examples/chat/server.py``.
"""

import time
from argparse import ArgumentParser
from collections import deque
from pathlib import Path
from threading import Lock

from wsocket import WSocketApp, run
from wsocket.errors import ApplicationError

HERE = Path(__file__).parent
HTML, CSS, JAVASCRIPT = "text/html", "text/css", "text/javascript"
FILES = {
    "/": (HERE / "static/index.html", HTML),
    "/chat.css": (HERE / "static/chat.css", CSS),
    "/chat.js": (HERE / "static/chat.js", JAVASCRIPT),
    "/autobahn.js": (
        HERE / "node_modules/autobahn-browser/autobahn.min.js",
        JAVASCRIPT,
    ),
}
TEXT = {"Content-Type": "text/plain; charset=utf-8"}
HISTORY = 50  # messages that a newcomer gets to see
ABSENT_AFTER = 25.0  # seconds without a sign of life; pages give one every 10

app = WSocketApp(protocol="WAMP")


class Room:
    """Who is here and what was said; procedures run in threads, hence the lock."""

    def __init__(self):
        self.lock = Lock()
        self.names = {}  # visitor id -> name
        self.last_seen = {}  # visitor id -> time.monotonic()
        self.messages = deque(maxlen=HISTORY)

    def see(self, visitor, name):
        """Note a sign of life; True when that changed who is here."""
        with self.lock:
            now = time.monotonic()
            before = dict(self.names)
            self.names[visitor] = name
            self.last_seen[visitor] = now
            for other, seen in list(self.last_seen.items()):
                if now - seen > ABSENT_AFTER:
                    del self.names[other], self.last_seen[other]
            return self.names != before

    def forget(self, visitor):
        with self.lock:
            self.last_seen.pop(visitor, None)
            return self.names.pop(visitor, None) is not None

    def people(self):
        with self.lock:
            return [{"id": key, "name": name} for key, name in self.names.items()]


room = Room()


def publish_people():
    app.publish("com.example.chat.people", room.people())


# --- WAMP: procedures and a subscriber of this process ------------------------


@app.register("com.example.chat.hello")
def hello(visitor, name):
    """A page says that it is (still) here, and learns who else is."""
    if not name.strip():
        raise ApplicationError("com.example.chat.error.no_name", "say who you are")
    if room.see(visitor, name.strip()[:40]):
        publish_people()
    return room.people()


@app.register("com.example.chat.history")
def history():
    return list(room.messages)


@app.register("com.example.chat.add")
def add(a, b):
    return a + b


@app.subscribe("com.example.chat.message")
def remember(message):
    room.messages.append(message)


# --- HTTP: the files, and requests that reach into WAMP -----------------------


def send_file(environ, start_response):
    path, content_type = FILES[environ["PATH_INFO"]]
    start_response(200, {"Content-Type": f"{content_type}; charset=utf-8"})
    return path.open("rb")


for address in FILES:
    app.route(address)(send_file)


@app.route("/bye/*")
def bye(environ, start_response):
    """A page that closes says so with ``navigator.sendBeacon``."""
    if room.forget(environ["PATH_INFO"].removeprefix("/bye/")):
        publish_people()
    start_response(204)
    return ""


@app.route("/ring/*")
def ring(environ, start_response):
    """Python calls a procedure that lives in a page, and waits for its answer."""
    visitor = environ["PATH_INFO"].removeprefix("/ring/")
    try:
        answer = app.call(f"com.example.chat.ring.{visitor}", "Python", timeout=5)
    except ApplicationError as error:
        start_response(404, TEXT)
        return f"No answer: {error}"
    start_response(200, TEXT)
    return answer


# --- A plain websocket on the same port ---------------------------------------


@app.route("/echo")
def echo(environ, start_response):
    websocket = environ.get("wsgi.websocket")
    if websocket is None:
        start_response(400, TEXT)
        return "This address speaks websocket only.\n"
    for message in websocket:
        websocket.send(f"Python heard: {message}")


def main():
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    arguments = parser.parse_args()
    if not FILES["/autobahn.js"][0].exists():
        parser.error("autobahn.js is missing: run `npm ci` in examples/chat first")
    run(app, host=arguments.host, port=arguments.port)


if __name__ == "__main__":
    main()
