# What _first_byte.c offers; first_byte.py says what it does.

from msgspec import Raw

def first_byte(part: Raw, /) -> int: ...
