"""The WAMP specification's own test vectors, as `tools/fetch_vectors.py` leaves them.

They are read, never run: the code that some of them carry for other implementations is
not looked at.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.programs import ROOT

TESTSUITE = Path(os.environ.get("WAMP_VECTORS") or ROOT / ".vectors/testsuite")

MULTISESSION = TESTSUITE / "multisession/advanced"
PUBLISHER_EXCLUSION = MULTISESSION / "publisher_exclusion_disabled.json"


class Sample(NamedTuple):
    """One sample of a file about one message.

    Attributes:
        name: Where it is, for a test's ID.
        code: The message code.
        content: What the file says.
    """

    name: str
    code: int
    content: dict[str, Any]


def _samples() -> Iterator[Sample]:
    for path in sorted(TESTSUITE.glob("singlemessage/*/*.json")):
        vector = json.loads(path.read_text())
        for number, content in enumerate(vector["samples"]):
            yield Sample(f"{path.stem}-{number}", vector["wamp_message_code"], content)


SAMPLES = list(_samples())
SERIALIZED = [each for each in SAMPLES if "serializers" in each.content]
VALIDATED = [each for each in SAMPLES if "wmsg" in each.content]


def each_of(samples: list[Sample]) -> pytest.MarkDecorator:
    """One test for every sample; where they are missing, one that says so."""
    return pytest.mark.parametrize(
        "sample", samples or [None], ids=lambda each: each.name if each else "missing"
    )


def written(variant: dict[str, str]) -> bytes:
    """A serialized message."""
    if "bytes_hex" in variant:
        return bytes.fromhex(variant["bytes_hex"])
    return variant["bytes"].encode()
