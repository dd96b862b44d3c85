"""Which header fields a program may add to the upgrade request.

No error shows a value: it may be a secret.
"""

from __future__ import annotations

import re

from wsocket.core.checks import check_text
from wsocket.core.http.grammar import FIELD_VALUE, TOKEN

# What the client itself says (RFC 6455 section 4.1), and what says that a body follows.
_OURS = frozenset(
    {
        "connection",
        "content-length",
        "host",
        "origin",
        "transfer-encoding",
        "upgrade",
    }
)
_OUR_PREFIX = "sec-websocket-"
_ADVICE = {"host": "it is that of the URL", "origin": "use origin="}


def check_field(name: str, value: object) -> None:
    """Accept a field of ``connect(headers=...)``.

    Raises:
        TypeError, ValueError: It cannot be sent, or the client itself sends one.
    """
    if not re.fullmatch(TOKEN, name):
        raise ValueError(
            f"headers: expected a name of letters, digits and !#$%&'*+-.^_`|~, got "
            f"{name!a:.100}"
        )
    key = name.lower()
    if key in _OURS or key.startswith(_OUR_PREFIX):
        advice = _ADVICE.get(key, "leave it out")
        raise ValueError(f"headers[{name!a}]: this is for the client to send; {advice}")
    check_value(f"headers[{name!a}]", value)


def check_value(place: str, value: object) -> None:
    """Accept one line of text.

    Args:
        place: Where it was given, for the message.

    Raises:
        TypeError, ValueError: It is something else.
    """
    check_text(place, value)
    assert isinstance(value, str)
    if not re.fullmatch(FIELD_VALUE, value):
        raise ValueError(f"{place}: expected one line, without control characters")
