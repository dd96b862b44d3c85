"""A process that can be told to have no memory for another thread's stack."""

from __future__ import annotations

import os
import resource
import threading

from tests.patience import SECONDS
from wsocket import WSocketApp

app = WSocketApp(protocol="WAMP")
gate = threading.Event()
_LEFT = 5 * 2**20  # bytes: less than the stack of a thread


@app.register("com.example.limit", on_loop=True)
def limit():
    """From now on no thread can be started."""
    with open("/proc/self/statm") as statm:
        used = int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + _LEFT, hard))


@app.register("com.example.release", on_loop=True)
def release():
    """As before."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


@app.register("com.example.slow")
def slow():
    gate.wait(SECONDS)
    return "slow"


@app.register("com.example.open_gate", on_loop=True)
def open_gate():
    gate.set()


@app.register("com.example.quick")
def quick(value):
    return value
