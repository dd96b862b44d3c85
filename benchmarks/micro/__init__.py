"""Micro-benchmarks: the parts of the router alone, without sockets."""
