"""Attackers within their limits, and what they cost everybody else.

`python -m tests.attacks` (``make attacks``) runs each attack on both servers. Four
processes take part: the server, which is measured; the attacker (`attacker.py`); the
others, whose round trips are measured meanwhile (`others.py`); and the one that starts
them and reads the server's memory and descriptors (`trial.py`).

An attack is a function in `kinds`, marked with `attack`. It speaks with sockets and
with serializers that are not ours.
"""
