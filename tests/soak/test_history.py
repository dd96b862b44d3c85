"""The judge of histories: it accepts good ones, and finds each fault in bad ones."""

from __future__ import annotations

import pytest

from tests.soak.history import (
    Acknowledged,
    Answered,
    Called,
    Left,
    Lost,
    Published,
    Received,
    Stalled,
    Subscribed,
    Unsubscribed,
    faults,
)

PUBLISHER, READER, CALLER = 1, 2, 3
TOPIC = "com.example.topic"


def event(number, time):
    """One event, with its confirmation."""
    return [
        Published(time, PUBLISHER, TOPIC, number),
        Acknowledged(time + 0.1, PUBLISHER, TOPIC, number),
    ]


def received(number, time=9.0, publisher=PUBLISHER):
    return Received(time, READER, TOPIC, publisher, number)


SUBSCRIBED = Subscribed(0.0, READER, TOPIC)
THREE = [SUBSCRIBED, *event(1, 1.0), *event(2, 2.0), *event(3, 3.0)]
CALL = Called(1.0, CALLER, 5, "x")
RESULT = Answered(2.0, CALLER, 5, "x", False)

GOOD = {
    "nothing": [],
    "every event in order": [*THREE, received(1), received(2), received(3)],
    "an event that was sent before the subscription": [
        *event(1, 0.1),
        Subscribed(1.0, READER, TOPIC),
        *event(2, 2.0),
        received(2),
    ],
    "an event from the moment of the subscription": [
        *event(1, 0.1),
        Subscribed(1.0, READER, TOPIC),
        received(1),
    ],
    "an event that was under way when it unsubscribed": [
        SUBSCRIBED,
        *event(1, 1.0),
        Unsubscribed(2.0, READER, TOPIC),
        *event(2, 3.0),
        received(1),
        received(2),
    ],
    "events after it unsubscribed": [
        SUBSCRIBED,
        Unsubscribed(0.5, READER, TOPIC),
        *event(1, 1.0),
    ],
    "an event without a confirmation": [
        SUBSCRIBED,
        Published(1.0, PUBLISHER, TOPIC, 1),
    ],
    "events for a client that has left": [SUBSCRIBED, Left(0.5, READER), *event(1, 1)],
    "events for a client that does not read": [
        SUBSCRIBED,
        Stalled(0.5, READER),
        *event(1, 1.0),
        *event(2, 2.0),
        received(2),
    ],
    "a second subscription": [
        SUBSCRIBED,
        *event(1, 1.0),
        received(1, 1.5),
        Unsubscribed(2.0, READER, TOPIC),
        *event(2, 3.0),
        Subscribed(4.0, READER, TOPIC),
        *event(3, 5.0),
        received(3),
    ],
    "a client that does not read is disconnected": [
        Stalled(0.5, READER),
        Lost(1.0, READER, "1006"),
    ],
    "an answer": [CALL, RESULT],
    "an error": [CALL, Answered(2.0, CALLER, 5, None, True)],
    "a caller that has left": [CALL, Left(2.0, CALLER)],
    "the same number in two sessions": [
        CALL,
        Called(1.0, CALLER + 1, 5, "y"),
        Answered(1.5, CALLER + 1, 5, "y", False),
        RESULT,
    ],
}

BAD = {
    "lost": ([*THREE, received(1), received(3)], "1 events were lost, the first is 2"),
    "the last one lost": ([*THREE, received(1), received(2)], "the first is 3"),
    "all lost": (THREE, "3 events were lost"),
    "lost before it left": (
        [SUBSCRIBED, *event(1, 1.0), Left(2.0, READER)],
        "1 events were lost",
    ),
    "lost before it stalled": (
        [SUBSCRIBED, *event(1, 1.0), Stalled(2.0, READER)],
        "1 events were lost",
    ),
    "doubled": (
        [*THREE, received(1), received(1), received(2), received(3)],
        "event 1 came twice",
    ),
    "doubled later": (
        [*THREE, received(1), received(2), received(1), received(3)],
        "event 1 came after 2",
    ),
    "reordered": (
        [*THREE, received(1), received(3), received(2)],
        "event 2 came after 3",
    ),
    "reordered at a client that does not read": (
        [
            SUBSCRIBED,
            Stalled(0.5, READER),
            *event(1, 1.0),
            *event(2, 2.0),
            received(2),
            received(1),
        ],
        "event 1 came after 2",
    ),
    "never published": (
        [*THREE, received(1), received(2), received(3), received(4)],
        "event 4 was never published",
    ),
    "of another publisher": (
        [*THREE, received(1), received(2), received(3), received(1, publisher=7)],
        "nobody published that",
    ),
    "without a subscription": (
        [*event(1, 1.0), received(1)],
        "an event without a subscription",
    ),
    "disconnected": (
        [SUBSCRIBED, Lost(1.0, READER, "1006")],
        "a client was disconnected",
    ),
    "unanswered": ([CALL], "never answered"),
    "answered twice": (
        [CALL, RESULT, RESULT],
        "a call was answered twice",
    ),
    "answered and failed": (
        [CALL, RESULT, Answered(3.0, CALLER, 5, None, True)],
        "a call was answered twice",
    ),
    "answered before the call": (
        [RESULT._replace(time=0.5), CALL],
        "an answer without a call",
    ),
    "the answer of somebody else": (
        [CALL, Answered(2.0, CALLER, 5, "y", False)],
        "a wrong answer",
    ),
    "another number": (
        [CALL, Answered(2.0, CALLER, 6, "x", False)],
        "an answer without a call",
    ),
    "against time": (
        [CALL, RESULT._replace(time=0.0)],
        "the history is not in order",
    ),
}


@pytest.mark.parametrize("history", list(GOOD.values()), ids=list(GOOD))
def test_nothing_is_wrong_with_a_good_history(history):
    """Not even where time leaves open what happened first."""
    assert faults(history) == []


@pytest.mark.parametrize(("history", "problem"), list(BAD.values()), ids=list(BAD))
def test_every_fault_is_found(history, problem):
    """And named."""
    found = faults(history)
    assert any(problem in each for each in found), found
