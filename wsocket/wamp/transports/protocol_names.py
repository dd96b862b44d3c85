"""The names of WAMP over websockets and long polling, by serializer (Advanced Profile,
"Batched WebSocket Transport").
"""

from __future__ import annotations

from wsocket.wamp.serializers.installed import SERIALIZERS

PREFIX = "wamp.2."
PLAIN = {PREFIX + each.name: each for each in SERIALIZERS}
BATCHED = {f"{name}.batched": each for name, each in PLAIN.items()}
