"""Tests of the authentication methods, without a router around them."""
