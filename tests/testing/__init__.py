"""The kit for tests, used as its users do."""
