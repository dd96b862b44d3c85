"""Patterns as other routers and shells write them, with ``*``, which are none here."""

from __future__ import annotations

from typing import NoReturn

from wsocket.wamp.protocol.uris import Match


def refuse_stars(name: str, uri: str, match: Match | None) -> NoReturn:
    """Refuse a URI or a pattern that has a ``*``.

    The specification allows this character in a URI (Basic Profile, "URIs"), where it
    stands for nothing but itself: ``com.*`` would never fit ``com.example``.

    Args:
        match: None for a URI that is no pattern, such as that of a call.

    Raises:
        ValueError: Always; the message begins with *name*, and says what to write.
    """
    advice = "write the whole URI"
    if match is not None:
        pattern, meant = _meant(uri, match)
        advice = f"write {pattern!r:.100} with match={meant!r}"
    raise ValueError(
        f"{name}: expected a URI without '*', which stands for nothing but itself, "
        f"got {uri!r:.100}; {advice}"
    )


def _meant(uri: str, match: Match) -> tuple[str, Match]:
    """What fits what *uri* was probably written for, and how that is compared."""
    parts = uri.split(".")
    pattern = ".".join("" if part in ("*", "**") else part for part in parts)
    beginning = uri[: uri.index("*")]
    if "*" not in pattern and (match == "wildcard" or pattern != beginning):
        return pattern, "wildcard"
    return beginning, "prefix"
