"""The same application on an ASGI server: uvicorn, hypercorn, or inside FastAPI."""

from __future__ import annotations

from wsocket.asgi.door import as_asgi

__all__ = ["as_asgi"]
