"""What authorization says: shared by all sessions."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from wsocket.wamp.session.grant import DENIED, OPEN, Ask


@pytest.mark.parametrize("verdict", [OPEN, DENIED, Ask()], ids=repr)
def test_a_verdict_cannot_be_changed(verdict):
    """A change would hold for everybody."""
    with pytest.raises(FrozenInstanceError):
        verdict.disclose = "force"
    assert not hasattr(verdict, "__dict__")


def test_nothing_is_allowed_before_the_authorizer_was_asked():
    """Its answer may be kept, and disclosure is as the client asks."""
    assert not Ask().allowed
    assert Ask().cache
    assert Ask().disclose == "allow"
