"""The application that is soaked, and what its process holds."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import time
from pathlib import Path
from typing import Any

from wsocket import Limits, WSocketApp

REALM = "realm1"
PATIENCE = 40.0  # seconds: thousands join at once, on a busy machine

app = WSocketApp(
    protocol="WAMP", join_timeout=PATIENCE, limits=Limits(outbox_bytes=2**18)
)


@app.register("com.soak.echo")
def echo(value: Any) -> Any:
    return value


@app.register("com.soak.slow")
def slow(value: Any) -> Any:
    time.sleep(0.05)
    return value


@app.route("/state")
def state(environ: dict[str, Any], start_response: Any) -> str:
    """What is held now; what can be given back is given back before."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    realm = app.snapshot().realms[REALM]
    status = Path("/proc/self/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return json.dumps(
        {
            "sessions": len(realm.sessions),
            "subscriptions": len(realm.subscriptions),
            "registrations": len(realm.registrations),
            "calls": len(realm.calls),
            "descriptors": len(os.listdir("/proc/self/fd")),
            "threads": int(fields["Threads"]),
            "memory": int(fields["VmRSS"].split()[0]) * 1024,
        }
    )
