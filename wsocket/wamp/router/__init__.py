"""The router: its realms, how they are built, and logins."""
