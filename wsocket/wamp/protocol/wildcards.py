"""Wildcards: which patterns with empty components fit a URI.

A *shape* says which components of a pattern are empty. Applications have few shapes,
so one look-up for each shape finds everything: there is one pattern of a shape that can
fit a URI. Hostile clients can have thousands of shapes. Patterns of rare shapes go into
bit sets, which test a thousand of them at once (decision 048)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import compress
from operator import mul
from typing import Final, Generic, TypeVar

_EntryT = TypeVar("_EntryT")

# Shapes that are looked up, for each number of components: the first few, and others
# when they have many patterns.
_FIRST_SHAPES: Final = 8
_MOST_SHAPES: Final = 64
_MANY_PATTERNS: Final = 64

# Patterns in one object of bit sets. Adding one copies 128 bytes for each component.
_BLOCK: Final = 1024
_ALL_FREE: Final = (1 << _BLOCK) - 1

# Hashes are cut into pieces of 6 bits. A hundred of them have a sum of less than 62
# bits, which is quick.
_PIECE: Final = 6
_PIECE_MASK: Final = 63
_PIECES: Final = 8
_HASH_MASK: Final = (1 << _PIECE * _PIECES) - 1

# Rank, sum of hashes, and pattern.
_Candidate = tuple[bytes, int, str]


class Wildcards(Generic[_EntryT]):
    """Patterns with empty components, each of which fits any one component."""

    def __init__(self) -> None:
        self._entries: dict[str, _EntryT] = {}
        self._families: dict[int, _Family] = {}  # by number of components

    def __bool__(self) -> bool:
        return bool(self._entries)

    def entries(self) -> Iterable[_EntryT]:
        """All entries."""
        return self._entries.values()

    def get(self, uri: str) -> _EntryT | None:
        """The entry of exactly this pattern."""
        return self._entries.get(uri)

    def add(self, uri: str, entry: _EntryT) -> None:
        """Add an entry for a pattern that has none."""
        self._entries[uri] = entry
        components = uri.split(".")
        family = self._families.get(len(components))
        if family is None:
            family = self._families[len(components)] = _Family()
        family.add(uri, components)

    def remove(self, uri: str) -> None:
        """Remove the entry of a pattern.

        Raises:
            KeyError: The pattern has no entry.
        """
        del self._entries[uri]
        components = uri.split(".")
        family = self._families[len(components)]
        family.remove(uri, components)
        if not family.shapes and not family.blocks:
            del self._families[len(components)]

    def matching(self, uri: str) -> list[_EntryT]:
        """Entries that fit *uri*, in no order."""
        family = self._families.get(1 + uri.count("."))
        found: list[_EntryT] = []
        if family is None:
            return found
        components = _components(uri)
        for shape in family.shapes.values():
            entry = self._entries.get(shape.pattern(components))
            if entry is not None:
                found.append(entry)
        if family.blocks:
            hashes = _hashes(components)
            for candidate in family.candidates(hashes):
                # Patterns of the shapes above were found there.
                if candidate[0] not in family.shapes and _fits(
                    candidate, components, hashes
                ):
                    found.append(self._entries[candidate[2]])
        return found

    def best(self, uri: str) -> _EntryT | None:
        """The entry that fits *uri* and whose first components are most specific."""
        family = self._families.get(1 + uri.count("."))
        best: _EntryT | None = None
        if family is None:
            return best
        components = _components(uri)
        best_rank = b""
        for shape in family.shapes.values():
            if shape.rank > best_rank:
                entry = self._entries.get(shape.pattern(components))
                if entry is not None:
                    best, best_rank = entry, shape.rank
        if family.blocks:
            hashes = _hashes(components)
            for candidate in sorted(family.candidates(hashes), reverse=True):
                if candidate[0] <= best_rank:
                    break
                if _fits(candidate, components, hashes):
                    return self._entries[candidate[2]]
        return best


def _components(uri: str) -> list[str]:
    """The components of a URI; one that is empty fits only empty ones of patterns."""
    components = uri.split(".")
    if "" in components:  # no URI of a message is like that
        return [each or "#" for each in components]  # no pattern has this one
    return components


def _rank(components: list[str]) -> bytes:
    """The shape of a pattern: for each component 0 if it is empty, else 1.

    The pattern with the greater one has the more specific first components.
    """
    return bytes(map(bool, components))


def _fits(candidate: _Candidate, components: list[str], hashes: list[int]) -> bool:
    rank, wanted, pattern = candidate
    return (
        _sum(hashes, rank) == wanted  # quicker, and enough to tell most of them apart
        and ".".join(map(mul, components, rank)) == pattern
    )


class _Shape:
    """Which components are empty, in some patterns.

    Attributes:
        count: How many patterns have no other place.
    """

    def __init__(self, rank: bytes) -> None:
        self.rank = rank
        self.count = 0
        self._empty = [at for at, literal in enumerate(rank) if not literal]

    def pattern(self, components: list[str]) -> str:
        """The only pattern of this shape that fits a URI of these components."""
        pattern = components.copy()
        for position in self._empty:
            pattern[position] = ""
        return ".".join(pattern)


class _Family:
    """Patterns that have the same number of components.

    Attributes:
        shapes: Those that are looked up, by rank.
        blocks: The patterns of all other shapes, and those that came before their shape
            had many.
    """

    def __init__(self) -> None:
        self.shapes: dict[bytes, _Shape] = {}
        self.blocks: dict[_Block, None] = {}
        self._block_of: dict[str, _Block] = {}
        self._in_blocks: dict[bytes, int] = {}  # patterns of a shape
        self._with_room: list[_Block] = []
        self._made = 0  # blocks

    def add(self, pattern: str, components: list[str]) -> None:
        rank = _rank(components)
        if rank not in self.shapes and self._shall_be_looked_up(rank):
            self.shapes[rank] = _Shape(rank)
        shape = self.shapes.get(rank)
        if shape is None:
            self._add_to_block(rank, pattern, components)
        else:
            shape.count += 1

    def _shall_be_looked_up(self, rank: bytes) -> bool:
        shapes = len(self.shapes)
        return shapes < _FIRST_SHAPES or (
            shapes < _MOST_SHAPES and self._in_blocks.get(rank, 0) >= _MANY_PATTERNS
        )

    def _add_to_block(self, rank: bytes, pattern: str, components: list[str]) -> None:
        if not self._with_room:
            self._with_room.append(_Block(len(components), self._made))
            self._made += 1
        block = self._with_room[-1]
        block.add(rank, pattern, components)
        self.blocks[block] = None
        self._block_of[pattern] = block
        self._in_blocks[rank] = self._in_blocks.get(rank, 0) + 1
        if block.is_full:
            self._with_room.pop()

    def remove(self, pattern: str, components: list[str]) -> None:
        block = self._block_of.pop(pattern, None)
        if block is None:
            shape = self.shapes[_rank(components)]
            shape.count -= 1
            if not shape.count:
                del self.shapes[shape.rank]
            return
        was_full = block.is_full
        rank = block.remove(pattern)
        self._in_blocks[rank] -= 1
        if not self._in_blocks[rank]:
            del self._in_blocks[rank]
        if block.is_empty:
            del self.blocks[block]
            if not was_full:
                self._with_room.remove(block)
        elif was_full and not block.is_full:
            self._with_room.append(block)

    def candidates(self, hashes: list[int]) -> list[_Candidate]:
        """Patterns from the blocks for a URI: all that fit, and few others."""
        found: list[_Candidate] = []
        for block in self.blocks:
            block.collect(hashes, found)
        return found


def _hashes(components: list[str]) -> list[int]:
    return [hash(each) & _HASH_MASK for each in components]


def _sum(hashes: list[int], rank: bytes) -> int:
    """A hash of the pattern of this shape that fits: the sum over its literals."""
    return sum(compress(hashes, rank))


class _Block:
    """Up to `_BLOCK` patterns of the same number of components, one bit for each.

    For each component there is the set of patterns in which it is empty, and one set
    for each value that a piece of a hash can have. So the memory does not depend on how
    many different components there are. Python's hashes of strings are secret; each
    block uses another piece of them, so who finds out two components that are alike in
    one block has found nothing for the others.
    """

    def __init__(self, size: int, number: int) -> None:
        self._shift = number % _PIECES * _PIECE
        self._free = _ALL_FREE
        self._used = 0
        self._removed = 0  # patterns whose bits are still set in what follows
        self._empty = [0] * size
        self._literal: dict[int, int] = {}  # position and piece of the hash -> patterns
        self._bits: dict[str, int] = {}  # pattern -> its bit
        self._candidates: dict[int, _Candidate] = {}  # by the length of the bit

    @property
    def is_full(self) -> bool:
        return not self._free

    @property
    def is_empty(self) -> bool:
        return not self._used

    def add(self, rank: bytes, pattern: str, components: list[str]) -> None:
        bit = self._free & -self._free
        self._free ^= bit
        self._used |= bit
        self._bits[pattern] = bit
        hashes = _hashes(components)
        self._candidates[bit.bit_length()] = (rank, _sum(hashes, rank), pattern)
        literal = self._literal
        for position, hashed in enumerate(hashes):
            if components[position]:
                key = self._key(position, hashed)
                literal[key] = literal.get(key, 0) | bit
            else:
                self._empty[position] |= bit

    def remove(self, pattern: str) -> bytes:
        """Remove a pattern; return its rank."""
        bit = self._bits.pop(pattern)
        rank, _, _ = self._candidates.pop(bit.bit_length())
        self._used ^= bit
        self._removed += 1
        if self._removed > len(self._bits):
            self._clean()
        return rank

    def _clean(self) -> None:
        """Clear the bits of all removed patterns at once, which is much cheaper."""
        used = self._used
        self._free = _ALL_FREE ^ used
        self._removed = 0
        self._empty = [bits & used for bits in self._empty]
        self._literal = {
            key: kept for key, bits in self._literal.items() if (kept := bits & used)
        }

    def _key(self, position: int, hashed: int) -> int:
        return position << _PIECE | hashed >> self._shift & _PIECE_MASK

    def collect(self, hashes: list[int], found: list[_Candidate]) -> None:
        """Add the patterns that may fit to *found*."""
        bits, empty, literal = self._used, self._empty, self._literal
        for position, hashed in enumerate(hashes):
            bits &= empty[position] | literal.get(self._key(position, hashed), 0)
            if not bits:
                return
        while bits:
            lowest = bits & -bits
            found.append(self._candidates[lowest.bit_length()])
            bits ^= lowest
