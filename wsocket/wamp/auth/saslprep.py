"""SASLprep: one form for user names and passwords that look the same (RFC 4013).

It uses Unicode 3.2, as stringprep demands: a name that is prepared today must equal one
that was stored years ago."""

from __future__ import annotations

import stringprep
from unicodedata import ucd_3_2_0

PROHIBITED = (  # section 2.3
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def saslprep(text: str, *, allow_unassigned: bool) -> str:
    """Prepare a user name or a password.

    Args:
        allow_unassigned: Accept code points that are not in Unicode 3.2: for strings
            that are looked up, not for stored ones (RFC 3454, section 7).

    Raises:
        ValueError: The result is empty, or a character is not allowed.
    """
    spaced = (" " if stringprep.in_table_c12(char) else char for char in text)
    kept = "".join(char for char in spaced if not stringprep.in_table_b1(char))
    prepared = ucd_3_2_0.normalize("NFKC", kept)
    if not prepared:
        raise ValueError("SASLprep: nothing is left of the string")
    for char in prepared:
        if any(is_prohibited(char) for is_prohibited in PROHIBITED):
            raise ValueError("SASLprep: a prohibited character (RFC 4013, section 2.3)")
        if not allow_unassigned and stringprep.in_table_a1(char):
            raise ValueError(
                "SASLprep: a character that is not in Unicode 3.2 cannot be stored "
                "(RFC 4013, section 2.5)"
            )
    check_bidirectional(prepared)
    return prepared


def check_bidirectional(text: str) -> None:
    """Right-to-left text must be so from start to end (RFC 3454, section 6)."""
    if not any(stringprep.in_table_d1(char) for char in text):
        return
    ends = stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    if not ends or any(stringprep.in_table_d2(char) for char in text):
        raise ValueError("SASLprep: mixed directions (RFC 3454, section 6)")
