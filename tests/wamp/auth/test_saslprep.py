"""SASLprep."""

from __future__ import annotations

import pytest

from wsocket.wamp.auth.saslprep import saslprep


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),  # these five: RFC 4013, section 3
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("\u0627\u0628", "\u0627\u0628"),
        ("\u0627 1 \u0628", "\u0627 1 \u0628"),
    ],
)
def test_strings_that_look_the_same_become_the_same(text, prepared):
    """Mapped, then normalized to NFKC."""
    assert saslprep(text, allow_unassigned=False) == prepared


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\u00ad",  # nothing is left
        "\u0007",  # RFC 4013, section 3
        "\u0627\u0031",  # RFC 4013, section 3
        "\u0627a\u0628",
        "a\0b",
        "\ue000",
        "\ufffd",
        chr(0xD800),  # a lone surrogate
        "\u200e",
    ],
)
@pytest.mark.parametrize("allow_unassigned", [True, False])
def test_prohibited_strings_are_refused(text, allow_unassigned):
    """Control characters, private use, surrogates, mixed directions."""
    with pytest.raises(ValueError, match="SASLprep"):
        saslprep(text, allow_unassigned=allow_unassigned)


def test_only_a_query_may_have_characters_that_unicode_3_2_does_not_know():
    """RFC 3454, section 7."""
    assert saslprep("\U0001f600", allow_unassigned=True) == "\U0001f600"
    with pytest.raises(ValueError, match=r"Unicode 3\.2"):
        saslprep("\U0001f600", allow_unassigned=False)
