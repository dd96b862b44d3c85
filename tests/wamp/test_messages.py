"""What a message says when its sender leaves something out."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from wsocket.wamp.protocol import router_messages
from wsocket.wamp.protocol.client_messages import (
    Fields,
    PublishOptions,
    RegisterOptions,
    SubscribeOptions,
)

# The defaults that the specification gives, where they are not "no".
SPECIFIED = {
    (PublishOptions, "exclude_me"): True,
    (SubscribeOptions, "match"): "exact",
    (RegisterOptions, "match"): "exact",
    (RegisterOptions, "invoke"): "single",
}


def kinds(parent: type = Fields) -> Iterator[type]:
    """Everything that options, details and roles can be."""
    for kind in parent.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_kinds_of_both_sides_are_looked_at():
    """Those that clients send and those that only routers send."""
    assert {PublishOptions, router_messages.EventFields} <= set(kinds())


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.__name__)
def test_a_field_that_is_left_out_means_no(kind):
    """None, False or 0, unless the specification has another default."""
    for field in msgspec.structs.fields(kind):
        if not field.required:
            expected = SPECIFIED.get((kind, field.name))
            assert field.default in ([expected] if expected else [None, False, 0])
