"""A FastAPI service that posts to HipChat: one client for the whole service.

```sh
pip install fastapi uvicorn
uvicorn fastapi_service:app
curl http://127.0.0.1:8000/deployments -d '{"project": "shop", "version": "1.2.0"}' \
  -H 'Content-Type: application/json'
```

The URL and the token come from HIPCHAT_BASE_URL and HIPCHAT_TOKEN, the room from HIPCHAT_ROOM.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from hipkit import AsyncHipChat, HipkitError, RateLimitError, RequestError


class Deployment(BaseModel):
    """What the caller posts."""

    project: str = Field(min_length=1, max_length=100)
    version: str = Field(min_length=1, max_length=100)
    succeeded: bool = True


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the client with the service, and close it with the service."""
    # A caller waits for the answer, so a call may take ten seconds, retries included.
    async with AsyncHipChat(deadline=10) as client:
        app.state.hipchat = client
        yield


app = FastAPI(lifespan=lifespan)


def hipchat(request: Request) -> AsyncHipChat:
    """Return the service's client; tests replace it (`app.dependency_overrides`)."""
    client: AsyncHipChat = request.app.state.hipchat
    return client


@app.post("/deployments", status_code=204)
async def announce(
    deployment: Deployment, client: Annotated[AsyncHipChat, Depends(hipchat)]
) -> None:
    """Announce a deployment in the room."""
    outcome = "was deployed" if deployment.succeeded else "could not be deployed"
    await client.rooms.send_room_notification(
        os.environ.get("HIPCHAT_ROOM", "Deployments"),
        message=f"{deployment.project} {deployment.version} {outcome}",
        message_format="text",  # Otherwise callers could write HTML into the room.
        color="green" if deployment.succeeded else "red",
        notify=not deployment.succeeded,
    )


@app.exception_handler(HipkitError)
async def report(_: Request, error: HipkitError) -> JSONResponse:
    """Answer with what the caller can do: try again later, or ask the operator."""
    is_passing = isinstance(error, (RateLimitError, RequestError))
    status = 503 if is_passing else 502
    # An error's text holds no token and no message.
    return JSONResponse({"detail": str(error)}, status)
