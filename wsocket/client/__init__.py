"""Clients of a router, for programs that are none themselves."""
