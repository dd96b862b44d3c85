"""Messages in ``wamp.2.json``, and their payloads in the other serializers."""

from __future__ import annotations

from functools import partial

from tests.fuzz.serializers import read
from wsocket.wamp.serializers.json import JSON

run_one = partial(read, JSON)
