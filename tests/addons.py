"""An add-on that is installed on a HipChat server in memory, for tests of the add-on's side.

The server is the real one; requests of HipChat are signed and sent by hand, so that forged and
damaged ones can be sent too.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import jwt

from hipkit.addon.addon import AddOn
from hipkit.addon.asgi.app import AddOnApp
from hipkit.addon.storage.memory import MemoryStorage
from hipkit.addon.storage.protocol import Storage
from hipkit.testing import AsyncMemoryTransport, HipChatServer
from hipkit.testing.values import TestClient
from hipkit.transports.protocol import Options, RawResponse, Request

HOST = "https://hipchat.test"
BASE = "https://karma.example.com"
SENDER = {"id": 41, "name": "Jane Doe", "mention_name": "jane"}


class Installed:
    """An add-on and its host.

    Attributes:
        app: The add-on's app.
        server: The host.
        client: The installation's credentials.
        room_id: The host's first room.
    """

    def __init__(
        self,
        addon: AddOn,
        server: HipChatServer,
        storage: Storage,
        base: str = BASE,
        *,
        replay_memory: bool = False,
    ) -> None:
        self.server = server
        self.client: TestClient = server.add_oauth_client(
            *(addon.identity.scopes or ("view_group",))
        )
        self.room_id = server.client.rooms.get_room(server.room).id
        self.storage = storage
        self._base = base
        self._to_host = AsyncMemoryTransport(app=server.app)
        self.app: AddOnApp = addon.asgi(
            base_url=base,
            storage=storage,
            replay_memory=replay_memory,
            transport=self._to_host,
        )
        self._to_app = AsyncMemoryTransport(app=self.app)

    async def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> RawResponse:
        """Send a request to the add-on."""
        request = Request(
            method,
            "https",
            "karma.example.com",
            443,
            path,
            tuple((headers or {}).items()),
            body or None,
        )
        return await self._to_app.send(request, Options())

    def token(self, **changed: object) -> str:
        """Return a signature of the host; a claim that is `...` is left out."""
        now = int(time.time())
        usual: dict[str, object] = {
            "iss": self.client.id,
            "sub": str(SENDER["id"]),
            "iat": now,
            "exp": now + 3600,
            "context": {"room_id": self.room_id, "user_tz": "Europe/Berlin"},
        }
        claims = {k: v for k, v in (usual | changed).items() if v is not ...}
        return jwt.encode(claims, self.client.secret, algorithm="HS256")

    def event(self, event: str = "room_message", **item: object) -> dict[str, Any]:
        """Return the body of a webhook."""
        room = {"id": self.room_id, "name": self.server.room}
        return {
            "event": event,
            "item": {"room": room, **item},
            "webhook_id": 7,
            "oauth_client_id": self.client.id,
        }

    def message(self, text: str, **changed: object) -> dict[str, Any]:
        """Return the body of a webhook with a message."""
        message = {
            "id": f"id of {text}",
            "date": "2016-09-09T08:23:02.932694+00:00",
            "from": SENDER,
            "mentions": [],
            "message": text,
            "type": "message",
        }
        return self.event(message=message | changed)

    async def post(self, key: str, body: dict[str, Any], **headers: str) -> RawResponse:
        """Post a signed event to a handler."""
        signed = {"Authorization": f"JWT {self.token()}"}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.request(
            "POST", f"/webhook/{key}", json.dumps(body).encode(), signed | given
        )

    async def say(self, key: str, text: str, **headers: str) -> RawResponse:
        """Post a message to a handler, and wait until it was handled."""
        response = await self.post(key, self.message(text), **headers)
        await self.app.drain()
        return response

    def replies(self) -> list[str]:
        """Return the notifications in the host's room."""
        return [each.message or "" for each in self.server.messages()]

    def install_body(self) -> bytes:
        """Return what the host posts to install the add-on."""
        return json.dumps(
            {
                "oauthId": self.client.id,
                "oauthSecret": self.client.secret,
                "capabilitiesUrl": f"{HOST}/v2/capabilities",
                "groupId": 1,
            }
        ).encode()

    async def install(self) -> RawResponse:
        """Install the add-on."""
        return await self.request("POST", "/installable", self.install_body())

    async def aclose(self) -> None:
        """Stop the add-on."""
        await self._to_app.aclose()
        await self._to_host.aclose()


@asynccontextmanager
async def installed(
    addon: AddOn,
    server: HipChatServer,
    storage: Storage | None = None,
    *,
    replay_memory: bool = False,
) -> AsyncIterator[Installed]:
    """Install an add-on on a server, and stop it in the end."""
    made = Installed(
        addon, server, storage or MemoryStorage(), replay_memory=replay_memory
    )
    try:
        response = await made.install()
        assert response.status == 200, response.body
        yield made
    finally:
        await made.aclose()
