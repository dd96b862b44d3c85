"""A server that loads its application, may use it, and then forks.

Prints one line for each thing that works in the child. Run with "fresh" or "used":
whether the parent has used the router before it forks.
"""

import os
import signal
import sys
import threading

from tests.patience import SECONDS
from wsocket import WSocketApp

app = WSocketApp(protocol="WAMP")
heard = threading.Event()


@app.register("com.example.pid")
def pid():
    return os.getpid()


@app.subscribe("com.example.topic", match="prefix")
def on_event(who):
    assert who == "child"
    heard.set()


def say(line):
    os.write(1, line.encode() + b"\n")


def child():
    assert app.call("com.example.pid", timeout=SECONDS) == os.getpid()
    say("called")


def child_registers_first():
    signal.alarm(10)  # a deadlock ends the process instead of the test run
    app.register("com.example.late")(lambda: "late")
    assert app.call("com.example.late", timeout=SECONDS) == "late"
    say("registered")


def in_child(function):
    process = os.fork()
    if process == 0:
        code = 1
        try:
            function()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(process, 0)[1]


if sys.argv[1] == "used":
    assert app.call("com.example.pid", timeout=SECONDS) == os.getpid()
    app.publish("com.example.parent", "child")
statuses = [in_child(child), in_child(child_registers_first)]
assert app.call("com.example.pid", timeout=SECONDS) == os.getpid()
say("parent")
sys.exit(any(statuses))
