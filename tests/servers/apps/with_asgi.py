"""For ASGI servers: the application itself, and mounted in one of FastAPI."""

from fastapi import FastAPI

from tests.servers.apps.own import app
from wsocket.asgi import as_asgi

asgi_app = as_asgi(app)

fastapi_app = FastAPI()


@fastapi_app.get("/fast")
async def fast() -> str:
    return "from FastAPI"


fastapi_app.mount("/", asgi_app)
