"""Which requests need not wait while memory for responses is scarce."""

from __future__ import annotations

from wsocket.core.http.response_sizes import ResponseSizes

LARGE, SMALL = 1_000_000, 1000


def sizes(*noted: tuple[str, int]) -> ResponseSizes:
    made = ResponseSizes()
    for target, size in noted:
        made.note(target, size)
    return made


def test_a_path_that_was_answered_with_little_is_known_for_it():
    assert sizes(("/page", SMALL)).little("/page")


def test_of_a_path_that_was_never_asked_for_nobody_knows():
    assert not sizes(("/page", SMALL)).little("/other")


def test_the_query_makes_no_difference():
    assert sizes(("/page?a=1", SMALL)).little("/page?b=2")


def test_a_large_response_is_remembered_for_some_small_ones():
    """A view may answer with an error now and then."""
    made = sizes(("/file", SMALL), ("/file", LARGE))
    for _ in range(3):
        made.note("/file", SMALL)
        assert not made.little("/file")
    made.note("/file", SMALL)
    assert made.little("/file")


def test_clients_that_invent_paths_take_no_memory():
    """All are forgotten then, and the next response tells again."""
    made = sizes(("/page", SMALL))
    for number in range(5000):
        made.note(f"/{number}", SMALL)
    assert not made.little("/page")
    made.note("/page", SMALL)
    assert made.little("/page")
