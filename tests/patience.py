"""How long tests wait for what must happen: a safety net, never a measurement."""

from __future__ import annotations

SECONDS = 40  # on a busy machine; under the 60 after which pytest ends a test
