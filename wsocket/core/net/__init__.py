"""The I/O loop, and connections that it drives."""
