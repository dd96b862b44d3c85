"""Messages in ``wamp.2.ubjson``, and their payloads in the other serializers."""

from __future__ import annotations

from functools import partial

from tests.fuzz.serializers import read
from wsocket.wamp.serializers.ubjson import UBJSON

run_one = partial(read, UBJSON)
