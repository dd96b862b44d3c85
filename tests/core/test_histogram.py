"""Durations, counted in ranges."""

from __future__ import annotations

from bisect import bisect_left

from hypothesis import given
from hypothesis import strategies as st

from wsocket.core.histogram import BOUNDS, Histogram


@given(st.floats(0, 100) | st.sampled_from(BOUNDS))
def test_a_duration_is_counted_in_its_range(seconds):
    """The upper end of a range belongs to it."""
    histogram = Histogram()
    histogram.add(seconds)
    expected = [0] * (len(BOUNDS) + 1)
    expected[bisect_left(BOUNDS, seconds)] = 1
    assert (histogram.counts, histogram.total) == (tuple(expected), seconds)
