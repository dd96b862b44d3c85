"""The application as a client of its own router."""
