"""What the tags of CBOR mean (RFC 8949, section 3.4): tag to a function that makes the
value.

A tag has a value here if the value is obvious and other serializers have a form for it.
Every other tag is refused when its value is needed, and passed on as it is where
sender and receiver both speak CBOR. docs/decisions/046-cbor-tags.md says more."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import cbor2

_MOST_BITS = 1024  # as many as the largest float has


class NoForm(ValueError):
    """This is CBOR, but no other serializer has a form for it."""


Meaning = Callable[[Any, bool], Any]
"""Gets what is tagged, and whether the value must be immutable, being a dict key."""


def _same(value: Any, immutable: bool) -> Any:
    """The tag only says how the value is meant, or how it should be shown."""
    return value


def _text(value: Any, immutable: bool) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text, got {type(value).__name__}")
    return value


def _bytes(value: Any, immutable: bool) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError(f"expected a byte string, got {type(value).__name__}")
    return value


def _bignum(value: Any, immutable: bool) -> int:
    """Not by cbor2: for many bytes it takes time in proportion to their square."""
    number = int.from_bytes(_bytes(value, immutable), "big")
    if number.bit_length() > _MOST_BITS:
        raise ValueError(f"expected an integer of at most {_MOST_BITS} bits")
    return number


def _negative_bignum(value: Any, immutable: bool) -> int:
    return -1 - _bignum(value, immutable)


def _pair(value: Any) -> tuple[int, int]:
    """Exponent and mantissa."""
    if (
        not isinstance(value, (list, tuple))
        or len(value) != 2
        or not all(type(x) is int and x.bit_length() <= _MOST_BITS for x in value)
    ):
        raise ValueError(f"expected two integers of at most {_MOST_BITS} bits")
    return value[0], value[1]


def _decimal_fraction(value: Any, immutable: bool) -> float:
    """The nearest float: only CBOR has exact fractions."""
    # Not calculated: 10 to the power of a hostile exponent has billions of digits.
    exponent, mantissa = _pair(value)
    return _finite(float(f"{mantissa}e{exponent}"))


def _bigfloat(value: Any, immutable: bool) -> float:
    exponent, mantissa = _pair(value)
    return _finite(math.ldexp(mantissa, exponent))


def _finite(value: float) -> float:
    if math.isinf(value):
        raise ValueError("the number is out of range")
    return value


def _numbers(code: str) -> Meaning:
    """A typed array (RFC 8746): the list of its numbers."""
    order, kind, size = code[0], code[1], struct.calcsize(code)

    def numbers(value: Any, immutable: bool) -> list[Any] | tuple[Any, ...]:
        data = _bytes(value, immutable)
        if len(data) % size:
            raise ValueError(f"{len(data)} bytes are no array of {size} each")
        found = struct.unpack(f"{order}{len(data) // size}{kind}", data)
        return found if immutable else list(found)

    return numbers


# Tags 64 to 87: 0b010_f_s_e_ll, with f for floats, s for signed, e for little-endian
# and ll for the size (RFC 8746, section 2.1).
def _typed_arrays() -> Iterator[tuple[int, Meaning]]:
    yield 64, _bytes  # uint8
    yield 68, _bytes  # uint8, clamped
    yield 72, _numbers("<b")
    for order, offset in ((">", 0), ("<", 4)):
        for size, code in enumerate("HIQ", start=1):
            yield 64 + offset + size, _numbers(order + code)
            yield 72 + offset + size, _numbers(order + code.lower())
        for size, code in enumerate("efd"):
            yield 80 + offset + size, _numbers(order + code)


MEANINGS: Mapping[int, Meaning] = {
    2: _bignum,
    3: _negative_bignum,
    4: _decimal_fraction,
    5: _bigfloat,
    **dict.fromkeys((21, 22, 23), _same),  # to be shown as Base64 or hexadecimal
    24: _bytes,  # encoded CBOR
    32: _text,  # a URI
    33: _text,  # Base64
    34: _text,
    41: _same,  # a list whose items have one type
    258: _same,  # a set: the list of its members
    259: _same,  # a dict with keys of any type
    **dict(_typed_arrays()),
}

# Tags that cbor2 knows a value for, which it makes itself: dates (0, 1, 100, 1004),
# UUIDs (37), what follows the mark of self-described CBOR (55799).
_KNOWN_TO_CBOR2 = (0, 1, 37, 100, 1004, 55799)

# Tags for which cbor2 would make a value that is costly, cyclic, or of a type that no
# serializer has: string and shared references (25, 28, 29, 256), rationals (30),
# regular expressions (35), MIME messages (36), IP addresses (52, 54, 260, 261), complex
# numbers (43000).
_REFUSED = {
    25: "a string reference",
    28: "a shared value",
    29: "a reference to a shared value",
    30: "a rational number",
    35: "a regular expression",
    36: "a MIME message",
    52: "an IP address",
    54: "an IP address",
    256: "string references",
    260: "an IP address",
    261: "an IP address",
    43000: "a complex number",
}


def _decoder(tag: int, meaning: Meaning) -> Meaning:
    """*meaning*, with errors that name the tag."""

    def decode(value: Any, immutable: bool) -> Any:
        try:
            return meaning(value, immutable)
        except (ValueError, OverflowError) as error:
            raise NoForm(f"CBOR tag {tag}: {error}") from error

    return decode


def _refusal(what: str) -> Meaning:
    def refuse(value: Any, immutable: bool) -> Any:
        raise ValueError(f"{what} has no form in other serializers")

    return refuse


def refuse_tag(tag: cbor2.CBORTag, immutable: bool) -> Any:
    """Refuse a tag that is not listed here: the hook of the decoder.

    Raises:
        NoForm: Always.
    """
    raise NoForm(f"CBOR tag {tag.tag} has no form in other serializers")


DECODERS: Mapping[int, Meaning] = {
    **{tag: _decoder(tag, meaning) for tag, meaning in MEANINGS.items()},
    **{tag: _decoder(tag, _refusal(what)) for tag, what in _REFUSED.items()},
}
"""For a decoder that makes values."""


def _ignored(value: Any, immutable: bool) -> Any:
    """What is tagged does not matter: nobody looks at the value."""
    return None


IGNORING: Mapping[int, Meaning] = dict.fromkeys((*DECODERS, *_KNOWN_TO_CBOR2), _ignored)
"""For a decoder that only finds the end of an item."""
