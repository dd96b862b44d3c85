"""Batches as bytes in and messages out, judged by struct and by hand."""

from __future__ import annotations

import struct
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsocket.errors import BatchError
from wsocket.wamp.serializers.batching import PREFIXED, SEPARATED, SEPARATED_BY_AUTOBAHN

TEXTS = st.text(st.characters(exclude_characters="\x1e\x18", codec="utf-8"))
SEPARATORS = [(SEPARATED, "\x1e"), (SEPARATED_BY_AUTOBAHN, "\x18")]


@pytest.mark.parametrize(("batching", "separator"), SEPARATORS)
@given(messages=st.lists(TEXTS, min_size=1))
def test_each_text_is_followed_by_the_separator(batching, separator, messages):
    """And split into the same texts again."""
    batch = batching.join(each.encode() for each in messages)
    assert batch.decode() == "".join(each + separator for each in messages)
    assert batching.split(batch.decode()) == messages


@given(messages=st.lists(st.binary(), min_size=1))
def test_each_binary_follows_its_length(messages):
    """A big-endian uint32; any byte may be in the message."""
    batch = PREFIXED.join(messages)
    assert batch == b"".join(struct.pack("!I", len(each)) + each for each in messages)
    assert PREFIXED.split(batch) == messages


@given(messages=st.lists(st.binary(max_size=5), min_size=1, max_size=5))
def test_binary_batch_that_is_cut_anywhere_is_refused_or_shorter(messages):
    """Only between two messages does the beginning of a batch make a batch."""
    batch = PREFIXED.join(messages)
    whole = {len(PREFIXED.join(messages[:n])): n for n in range(1, len(messages) + 1)}
    for end in range(len(batch) + 1):
        if end in whole:
            assert PREFIXED.split(batch[:end]) == messages[: whole[end]]
        else:
            with pytest.raises(BatchError, match="expected"):
                PREFIXED.split(batch[:end])


@given(batch=st.text(st.sampled_from("ab\x1e"), max_size=12))
def test_any_text_is_a_batch_or_refused(batch):
    """It is one if it ends with the separator."""
    if batch.endswith("\x1e"):
        assert SEPARATED.split(batch) == batch[:-1].split("\x1e")
    else:
        with pytest.raises(BatchError, match="expected"):
            SEPARATED.split(batch)


@given(batch=st.lists(st.sampled_from([0, 0, 0, 1, 2, 255]), max_size=24).map(bytes))
def test_any_bytes_are_a_batch_or_refused(batch):
    """What is accepted has every byte in its place."""
    try:
        messages = PREFIXED.split(batch)
    except BatchError:
        return
    assert batch == b"".join(struct.pack(">I", len(each)) + each for each in messages)


@pytest.mark.parametrize(
    ("batching", "empty"), [(SEPARATED, ""), (PREFIXED, b"")], ids=["text", "binary"]
)
def test_empty_batch_is_refused(batching, empty):
    """ "A batch of length 0 is illegal"."""
    with pytest.raises(BatchError, match="empty batch"):
        batching.split(empty)


@pytest.mark.parametrize(
    ("batching", "message", "batch"),
    [
        (SEPARATED, "[49,1,{}]", "[49,1,{}]\x1e"),
        (PREFIXED, b"\x93\x31\1\x80", b"\0\0\0\4\x93\x31\1\x80"),
    ],
)
def test_the_messages_of_a_large_batch_are_made_when_they_are_due(
    batching, message, batch
):
    """As objects, they would take ten times as much memory as in it."""
    many = batch * 20_000
    tracemalloc.start()
    try:
        messages = batching.split(many)
        for each in messages:
            assert each == message
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
    assert len(messages) == 20_000
    with pytest.raises(BatchError):
        batching.split(many[:-1])
