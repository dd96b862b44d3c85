"""Messages in ``wamp.2.msgpack``, and their payloads in the other serializers."""

from __future__ import annotations

from functools import partial

from tests.fuzz.serializers import read
from wsocket.wamp.serializers.msgpack import MESSAGEPACK

run_one = partial(read, MESSAGEPACK)
