"""Which refused origins have a line in the log."""

from __future__ import annotations

import pytest

from wsocket.core.web.refused_origins import MOST, PAUSE, RefusedOrigins
from wsocket.errors import HttpError, OriginRefused

HERE = "example.com"


def refusal(origin: str, host: str = HERE) -> OriginRefused:
    return OriginRefused("no", origin=origin, host=host)


@pytest.fixture
def origins() -> RefusedOrigins:
    return RefusedOrigins()


def lines(caplog) -> list[str]:
    """What was logged since the last look."""
    found = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return found


def test_one_page_does_not_hide_another(caplog, origins):
    """The one tries all the time; the other is the mistake of the owner."""
    for second in range(50):
        origins.look_at(refusal("https://other.example"), float(second))
    origins.look_at(refusal("https://foo.example"), 50.0)
    origins.look_at(refusal("https://foo.example", "backend:8080"), 50.0)
    first, second, third = lines(caplog)
    assert "https://other.example" in first
    assert "https://foo.example" in second
    assert "backend:8080" in third


def test_the_same_page_has_a_line_a_minute_with_how_often_it_came(caplog, origins):
    """It tries again and again."""
    for now in (0.0, 1.0, PAUSE - 1, PAUSE):
        origins.look_at(refusal("https://other.example"), now)
    first, second = lines(caplog)
    assert "more since" not in first
    assert second.endswith("(2 more since the last such line)")


def test_made_up_origins_do_not_fill_the_log(caplog, origins):
    """There are so many lines a minute; then the rest is counted."""
    for number in range(10 * MOST):
        origins.look_at(refusal(f"https://{number}.example"), 1.0)
    assert len(lines(caplog)) == MOST
    origins.look_at(refusal("https://foo.example"), 1.0 + PAUSE)
    [line] = lines(caplog)
    assert line.endswith(f"({9 * MOST} of further origins have no line)")


def test_origins_that_begin_alike_for_long_are_one(caplog, origins):
    """Nobody makes this keep much."""
    for end in "ab":
        origins.look_at(refusal("https://" + "x" * 1000 + end), 1.0)
    assert len(lines(caplog)) == 1


def test_other_refusals_have_no_line(caplog, origins):
    """They are for what the client has sent."""
    origins.look_at(HttpError("400 Bad Request", "no"), 1.0)
    assert lines(caplog) == []
