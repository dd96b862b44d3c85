"""What the tests of limits and shortages serve: `draining.app`, and a census."""

from __future__ import annotations

import json
import os
import resource

from tests.steady.draining import app

__all__ = ["app"]


@app.route("/census")
def census(environ, start_response) -> str:
    """What the process holds, and the seconds of CPU that it has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return json.dumps(
        {
            "descriptors": len(os.listdir("/proc/self/fd")),
            "threads": len(os.listdir("/proc/self/task")),
            "cpu": used.ru_utime + used.ru_stime,
        }
    )
