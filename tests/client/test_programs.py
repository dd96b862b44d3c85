"""Programs that use the client: with gevent, and without the packages it needs."""

from __future__ import annotations

import sys

import pytest

from tests.programs import ended
from wsocket.project import installation

GEVENT = """
from gevent import monkey; monkey.patch_all()
import sys, gevent
from wsocket.client import connect
with connect(sys.argv[1]) as session:
    session.register("com.example.gevent", lambda value: gevent.sleep(0.01) or value)
    calls = [gevent.spawn(session.call, "com.example.gevent", n) for n in range(20)]
    gevent.joinall(calls, raise_error=True)
    print(*[call.value for call in calls])
"""

MISSING = """
import sys
sys.modules["cbor2"] = None  # as if it were not installed
from wsocket.client import connect
try:
    connect(sys.argv[1], serializer="cbor")
except ImportError as error:
    print(error)
"""

MISSING_ASYNC = """
import asyncio, sys
sys.modules["websockets"] = None
from wsocket.client import connect_async
async def main():
    async with connect_async(sys.argv[1]):
        pass
try:
    asyncio.run(main())
except ImportError as error:
    print(error)
"""

NO_CLOSE = """
import sys
from wsocket.client import connect
session = connect(sys.argv[1])
session.subscribe("com.example.topic", print)
print(session.call("com.example.add", 1, 2))
"""

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("scheme", ["ws", "tcp"])
def test_greenlets_share_a_session(place, scheme):
    """After gevent's monkey-patching."""
    url = getattr(place, scheme)
    done = ended([sys.executable, "-c", GEVENT, url])
    assert done.stdout.split() == [str(number) for number in range(20)], done.stderr


def test_missing_packages_are_named(place):
    """With the command that installs them."""
    done = ended([sys.executable, "-c", MISSING, place.ws])
    assert installation("cbor") in done.stdout, done.stderr
    done = ended([sys.executable, "-c", MISSING_ASYNC, place.ws])
    assert installation("client") in done.stdout, done.stderr


def test_program_that_forgets_to_close_ends(place):
    """The threads of the client do not keep it."""
    done = ended([sys.executable, "-c", NO_CLOSE, place.ws])
    assert (done.stdout, done.returncode) == ("3\n", 0), done.stderr
