"""A router that a file describes: from TOML to a running server."""
