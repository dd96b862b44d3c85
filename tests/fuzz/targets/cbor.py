"""Messages in ``wamp.2.cbor``, and their payloads in the other serializers."""

from __future__ import annotations

from functools import partial

from tests.fuzz.serializers import read
from wsocket.wamp.serializers.cbor import CBOR

run_one = partial(read, CBOR)
