"""The lists of receivers in a PUBLISH, and what they cost in memory."""

from __future__ import annotations

from typing import Any

from wsocket.wamp.protocol.client_messages import PublishOptions

# Bytes of memory for a member of a list, besides its text; an estimate.
_MEMBER_SIZE = 100


def lists_size(options: PublishOptions) -> int:
    """About what the lists cost in memory, in bytes."""
    return sum(
        _MEMBER_SIZE + (len(member) if isinstance(member, str) else 0)
        for members in present_lists(options)
        for member in members
    )


def present_lists(options: PublishOptions) -> list[list[Any]]:
    """The lists that are present."""
    possible: tuple[list[Any] | None, ...] = (
        options.eligible,
        options.eligible_authid,
        options.eligible_authrole,
        options.exclude,
        options.exclude_authid,
        options.exclude_authrole,
    )
    return [each for each in possible if each is not None]
