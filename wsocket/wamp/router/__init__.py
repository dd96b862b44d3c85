"""The router: its realms, their parts put together, and logins."""
