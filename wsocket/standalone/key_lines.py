"""On which line of a TOML text each key is.

Python's reader of TOML does not say it. This one looks at keys and brackets only, and
steps over values: the text must be valid TOML, which the other reader has found out.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from wsocket.standalone.problems import KeyPath

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_\-]+")
_STRINGS = {
    '"""': re.compile(r'"""(?:\\.|[^\\])*?"{3,5}', re.DOTALL),
    "'''": re.compile(r"'''.*?'{3,5}", re.DOTALL),
    '"': re.compile(r'"((?:\\.|[^"\\])*)"'),
    "'": re.compile(r"'([^']*)'"),
}
# A number, a date, true or false; a date may have a space in it.
_PLAIN = re.compile(r"[^,\]}#\n]+")
_ESCAPE = re.compile(r'\\(?:u(.{4})|U(.{8})|x(..)|(["\\/bfnrte]))')
_ESCAPED = dict(zip('"\\/bfnrte', '"\\/\b\f\n\r\t\x1b', strict=True))


def lines_of_keys(text: str) -> dict[KeyPath, int]:
    """The line of each table, key and item of a list; the first line is 1.

    Args:
        text: Valid TOML, with ``\\n`` at the end of each line.
    """
    return _Scan(text).document()


class _Scan:
    """One pass over a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self._lines: dict[KeyPath, int] = {}
        # How many tables a list of tables (``[[...]]``) has so far.
        self._tables: dict[KeyPath, int] = {}

    def document(self) -> dict[KeyPath, int]:
        """Every line of the text."""
        table: KeyPath = ()
        while self._skip(_BLANK) < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
        return self._lines

    def _header(self) -> KeyPath:
        """``[a.b]`` or ``[[a.b]]``; returns the path of the table that begins."""
        begin = self._at
        brackets = 2 if self._text.startswith("[[", begin) else 1
        self._at += brackets
        path: KeyPath = ()
        keys = self._keys()
        for number, key in enumerate(keys, 1):
            path = (*path, key)
            self._note(path, begin)
            if number == len(keys) and brackets == 2:
                self._tables[path] = self._tables.get(path, 0) + 1
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
                self._note(path, begin)
        self._lines[path] = self._line(begin)
        self._at += brackets
        return path

    def _pair(self, table: KeyPath) -> None:
        """``a.b = VALUE``."""
        begin = self._at
        path = table
        for key in self._keys():
            path = (*path, key)
            self._note(path, begin)
        self._at += 1  # the equals sign
        self._value(path)

    def _keys(self) -> list[str]:
        """Keys with dots between them; ends before the bracket or equals sign."""
        keys = []
        while True:
            self._skip(_SPACE)
            keys.append(self._key())
            self._skip(_SPACE)
            if self._text[self._at] != ".":
                return keys
            self._at += 1

    def _key(self) -> str:
        if self._text[self._at] == '"':
            return _ESCAPE.sub(_unescaped, self._take(_STRINGS['"'])[1])
        if self._text[self._at] == "'":
            return self._take(_STRINGS["'"])[1]
        return self._take(_BARE_KEY)[0]

    def _value(self, path: KeyPath) -> None:
        self._skip(_SPACE)
        opening = self._text[self._at]
        if opening == "[":
            self._items(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            quotes = next((q for q in _STRINGS if self._starts_with(q)), None)
            self._take(_PLAIN if quotes is None else _STRINGS[quotes])

    def _items(self, path: KeyPath) -> None:
        self._at += 1
        number = 0
        while not self._ends("]"):
            self._note((*path, number), self._at)
            self._value((*path, number))
            number += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        while not self._ends("}"):
            self._pair(path)

    def _ends(self, closing: str) -> bool:
        """Step over what separates items, and over *closing* if that comes next."""
        while self._skip(_BLANK) < len(self._text) and self._starts_with(","):
            self._at += 1
        found = self._starts_with(closing)
        self._at += found
        return found

    def _starts_with(self, text: str) -> bool:
        return self._text.startswith(text, self._at)

    def _skip(self, pattern: re.Pattern[str]) -> int:
        self._at = self._take(pattern).end()
        return self._at

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise ValueError(f"no valid TOML on line {self._line(self._at)}")
        self._at = found.end()
        return found

    def _note(self, path: KeyPath, at: int) -> None:
        self._lines.setdefault(path, self._line(at))

    def _line(self, at: int) -> int:
        return bisect_right(self._starts, at)


def _unescaped(found: re.Match[str]) -> str:
    digits = found[1] or found[2] or found[3]
    return chr(int(digits, 16)) if digits else _ESCAPED[found[4]]
