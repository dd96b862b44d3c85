"""Instructions that the package executes for fixed pieces of work."""
