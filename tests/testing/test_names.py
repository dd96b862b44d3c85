"""The public names of the kit."""

from __future__ import annotations

import pytest

from wsocket import testing


def test_every_public_name_can_be_imported():
    """Whichever is used first."""
    assert list(testing.__all__) == sorted(testing.__all__)
    for name in testing.__all__:
        assert getattr(testing, name).__doc__
        assert name in dir(testing)


def test_unknown_name_is_an_attribute_error():
    """As of every module."""
    with pytest.raises(
        AttributeError, match=r"'wsocket\.testing' has no attribute 'x'"
    ):
        testing.x  # noqa: B018  # looked up for its error
