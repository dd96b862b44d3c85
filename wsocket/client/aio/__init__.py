"""The client for asyncio, around the same core."""
