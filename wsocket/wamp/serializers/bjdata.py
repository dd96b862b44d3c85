"""BJData (Binary JData), the form of UBJSON that WAMP clients use.

The reader accepts the types of JSON, binary values, and lists of numbers of one type.
It refuses tables and arrays of several dimensions. It allocates nothing for a length
before the bytes are there, and it limits depth and number of values."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from struct import Struct, unpack
from typing import Any

MAX_DEPTH = 200
# Values and keys. Each takes Python about a microsecond, in which the loop does nothing
# else, and an event is read up to four times: to find its end, and for each other
# serializer. So it is the limit of the writer, too.
MAX_VALUES = 10_000
_TYPED_NUMBERS = 16  # take as long as one value
_DIGITS = 32  # of one number, take as long, too
_MAX_DIGITS = 310  # no float has more; to read and write them takes quadratic time

_NOOP, _TYPE, _COUNT, _BYTE = b"N$#B"
_OPEN_ARRAY, _CLOSE_ARRAY, _OPEN_OBJECT, _CLOSE_OBJECT = b"[]{}"

# Marker -> struct format of the number that follows, which is little-endian.
_CODES = {
    "i": "b", "U": "B", "I": "h", "u": "H", "l": "i", "m": "I", "L": "q", "M": "Q",
    "h": "e", "d": "f", "D": "d", "B": "B",
}  # fmt: skip
_NUMBERS = {ord(marker): Struct("<" + code) for marker, code in _CODES.items()}
_LENGTHS = {marker: _NUMBERS[marker] for marker in b"iUIulmLM"}

_DECIMAL = re.compile(rb"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(rb"-?\d+", re.ASCII)


class BjdataError(ValueError):
    """These bytes are not BJData, or exceed a limit of the reader."""


class Reader:
    """Reads values one after another.

    Attributes:
        position: Where the next one begins, in bytes.
    """

    __slots__ = ("_data", "_depth", "_values", "position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._depth = self._values = 0
        self.position = 0

    def value(self) -> Any:
        """Read a value.

        Raises:
            BjdataError: The value is malformed, or exceeds a limit.
        """
        self._count()
        marker = self._marker()
        read = _READERS.get(marker)
        if read is None:
            raise self._unexpected("the marker of a value", marker)
        return read(self)

    def _count(self, values: int = 1) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise BjdataError(f"more than {MAX_VALUES} values and keys")

    def skip(self) -> None:
        """Read a value without keeping it; raises the same."""
        self.value()

    def elements(self) -> Iterator[None]:
        """Open a list of values of any type, and stop at each item.

        Raises:
            BjdataError: This is not such a list.
        """
        marker = self._marker()
        if marker != _OPEN_ARRAY:
            raise self._unexpected("a list", marker)
        kind, count = self._head()
        if kind is not None:
            raise BjdataError("expected a list, got numbers of one type")
        return self._each(count, _CLOSE_ARRAY)

    def complete(self) -> None:
        """Check that all bytes were read.

        Raises:
            BjdataError: More bytes follow.
        """
        rest = len(self._data) - self.position
        if rest:
            raise BjdataError(f"{rest} bytes follow the message")

    # Bytes

    def _peek(self) -> int:
        if self.position >= len(self._data):
            raise BjdataError(f"truncated at byte {self.position}")
        return self._data[self.position]

    def _marker(self) -> int:
        position = self.position
        if position >= len(self._data):
            raise BjdataError(f"truncated at byte {position}")
        self.position = position + 1
        return self._data[position]

    def _take(self, size: int) -> bytes:
        start, end = self.position, self.position + size
        if end > len(self._data):
            raise BjdataError(
                f"truncated: {size} bytes expected at byte {start}, "
                f"got {len(self._data) - start}"
            )
        self.position = end
        return self._data[start:end]

    def _unexpected(self, expected: str, marker: int) -> BjdataError:
        at = self.position - 1
        return BjdataError(f"expected {expected} at byte {at}, got {chr(marker)!r}")

    # Values

    def _number(self, form: Struct) -> Any:
        start, self.position = self.position, self.position + form.size
        if self.position > len(self._data):
            raise BjdataError(f"truncated: a number expected at byte {start}")
        return form.unpack_from(self._data, start)[0]

    def _length(self) -> int:
        marker = self._marker()
        form = _LENGTHS.get(marker)
        if form is None:
            raise self._unexpected("a length", marker)
        length: int = self._number(form)
        if length < 0:
            raise BjdataError(f"length {length} before byte {self.position}")
        return length

    def _text(self) -> str:
        length = self._length()
        start = self.position
        try:
            return self._take(length).decode()
        except UnicodeDecodeError as error:
            raise BjdataError(f"text at byte {start} is not UTF-8: {error}") from error

    def _character(self) -> str:
        character = self._take(1)
        if not character.isascii():
            raise BjdataError(f"character at byte {self.position - 1} is not ASCII")
        return character.decode()

    def _decimal(self) -> int | float:
        """Read decimal digits: the value is that of the same text in JSON."""
        length = self._length()
        if length > _MAX_DIGITS:
            raise BjdataError(f"a number of more than {_MAX_DIGITS} digits")
        self._count(length // _DIGITS)
        digits = self._take(length)
        if not _DECIMAL.fullmatch(digits):
            raise BjdataError(f"expected a number before byte {self.position}")
        if _INTEGER.fullmatch(digits):
            return int(digits)
        number = float(digits)
        if number in (float("inf"), float("-inf")):
            raise BjdataError(f"number out of range before byte {self.position}")
        return number

    def _array(self) -> Any:
        kind, count = self._head()
        if kind is not None:
            assert count is not None
            return self._typed_array(kind, count)
        self._enter()
        items = []
        for _ in self._each(count, _CLOSE_ARRAY):
            items.append(self.value())
        self._depth -= 1
        return items

    def _typed_array(self, kind: int, count: int) -> Any:
        data = self._take(count * _NUMBERS[kind].size)
        if kind == _BYTE:
            self._count()  # it takes as long as two values
            return data
        self._count(count // _TYPED_NUMBERS)
        return list(unpack(f"<{count}{_CODES[chr(kind)]}", data))

    def _object(self) -> dict[str, Any]:
        kind, count = self._head()
        self._enter()
        items = {}
        for _ in self._each(count, _CLOSE_OBJECT):
            self._count()
            key = self._text()
            items[key] = self.value() if kind is None else self._number(_NUMBERS[kind])
        self._depth -= 1
        return items

    # Containers

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise BjdataError(f"nested more than {MAX_DEPTH} levels deep")

    def _head(self) -> tuple[int | None, int | None]:
        """Read type and number of the elements; each is None if it is not given."""
        kind = None
        if self._peek() == _TYPE:
            self.position += 1
            kind = self._marker()
            if kind not in _NUMBERS:
                raise self._unexpected("the type of a number", kind)
            if self._peek() != _COUNT:
                raise BjdataError(f"expected '#' after a type at byte {self.position}")
        if self._peek() != _COUNT:
            return kind, None
        self.position += 1
        if self._peek() == _OPEN_ARRAY:
            raise BjdataError("arrays of several dimensions are not supported")
        count = self._length()
        if count > len(self._data) - self.position:  # each takes a byte, at least
            raise BjdataError(
                f"truncated: {count} elements expected at byte {self.position}, "
                f"got {len(self._data) - self.position} bytes"
            )
        return kind, count

    def _each(self, count: int | None, closing: int) -> Iterator[None]:
        """Stop at each element of the open container."""
        read = 0
        while read != count:
            marker = self._peek()
            if marker == _NOOP:
                self._count()
                self.position += 1
            elif marker == closing and count is None:
                self.position += 1
                return
            else:
                yield
                read += 1


def _number_reader(form: Struct) -> Callable[[Reader], Any]:
    return lambda reader: reader._number(form)


_READERS: dict[int, Callable[[Reader], Any]] = {
    **{marker: _number_reader(form) for marker, form in _NUMBERS.items()},
    ord("Z"): lambda reader: None,
    ord("T"): lambda reader: True,
    ord("F"): lambda reader: False,
    ord("H"): Reader._decimal,
    ord("C"): Reader._character,
    ord("S"): Reader._text,
    _OPEN_ARRAY: Reader._array,
    _OPEN_OBJECT: Reader._object,
}


def write(value: Any) -> bytes:
    """Encode None, bool, int, float, str, bytes, list, or a dict with keys of str.

    Raises:
        TypeError: The value is, or contains, something else.
        ValueError: A str in it cannot be encoded as UTF-8, or there are more than
            `MAX_VALUES` values and keys.
        RecursionError: It is nested too deeply.
    """
    parts: list[bytes] = []
    _write(value, parts.append, itertools.count(1))
    return b"".join(parts)


def _write(value: Any, put: Callable[[bytes], None], numbers: Iterator[int]) -> None:
    if next(numbers) > MAX_VALUES:
        raise ValueError(f"more than {MAX_VALUES} values and keys")
    if value is None or value is True or value is False:
        put(b"Z" if value is None else b"T" if value else b"F")
    elif isinstance(value, str):
        put(b"S" + _sized(value.encode()))
    elif isinstance(value, int):
        put(_integer(value))
    elif isinstance(value, float):
        put(b"D" + _NUMBERS[ord("D")].pack(value))
    elif isinstance(value, (list, tuple)):
        put(b"[")
        for item in value:
            _write(item, put, numbers)
        put(b"]")
    elif isinstance(value, dict):
        put(b"{")
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"a key is a str in BJData, got {type(key).__name__}")
            next(numbers)
            put(_sized(key.encode()))
            _write(item, put, numbers)
        put(b"}")
    elif isinstance(value, (bytes, bytearray, memoryview)):
        put(b"[$B#" + _sized(bytes(value)))
    else:
        raise TypeError(f"{type(value).__name__} has no form in BJData")


def _sized(data: bytes) -> bytes:
    return _integer(len(data)) + data


def _integer(value: int) -> bytes:
    """The shortest form; if two are equally short, the unsigned one."""
    for limit, marker in _UNSIGNED if value >= 0 else _SIGNED:
        if -limit <= value < limit:
            return bytes((marker,)) + _NUMBERS[marker].pack(value)
    return b"H" + _sized(b"%d" % value)


# For non-negative and for negative numbers: first value that is too large, marker.
_UNSIGNED = [(2**8, ord("U")), (2**16, ord("u")), (2**32, ord("m")), (2**64, ord("M"))]
_SIGNED = [(2**7, ord("i")), (2**15, ord("I")), (2**31, ord("l")), (2**63, ord("L"))]
