"""HipChat servers in memory that say what a test tells them to, and count what they are asked."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from collections import Counter
from urllib.parse import parse_qs

import msgspec

from hipkit.testing import AsyncMemoryTransport
from hipkit.transports.protocol import RawResponse, Request, TransportError

OAUTH_ID = "ad1333f0-c5ae-4330-9151-38454e7c86a7"
SECRET = "Zm9vYmFyMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0"
GROUP, ROOM = 347386, 2656454


class ScriptedHost:
    """A server: its document, its clients, and what it has at other addresses."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.document: dict[str, object] = {
            "links": {
                "self": f"{origin}/v2/capabilities",
                "api": f"{origin}/v2",
                "homepage": f"{origin}",
            },
            "capabilities": {
                "hipchatApiProvider": {"url": f"{origin}/v2/"},
                "oauth2Provider": {
                    "authorizationUrl": f"{origin}/users/authorize",
                    "tokenUrl": f"{origin}/v2/oauth/token",
                },
            },
        }
        self.clients: dict[str, str] = {}
        self.grants: dict[str, dict[str, object]] = {}
        """Code or refresh token -> the answer."""
        self.owners: dict[str, int] = {}
        """Token -> the user it acts for."""
        self.files: dict[str, RawResponse] = {}
        """Path -> what is there."""
        self.token_status = 200
        self.token_answer: dict[str, object] = {
            "expires_in": 3600,
            "group_id": GROUP,
            "group_name": "Example",
            "scope": "send_notification view_room",
            "token_type": "bearer",
        }
        self.is_away = False
        self.calls: Counter[str] = Counter()
        """Method and path -> number of calls."""
        self.forms: list[dict[str, str]] = []
        self.issued: list[str] = []
        self._numbers = itertools.count(1)

    @property
    def capabilities_url(self) -> str:
        return f"{self.origin}/v2/capabilities"

    def add_client(self, oauth_id: str = OAUTH_ID, secret: str = SECRET) -> None:
        self.clients[oauth_id] = secret

    def has(self, path: str, body: object, status: int = 200) -> str:
        """Have JSON at a path; return its address."""
        self.files[path] = RawResponse(status, {}, json.dumps(body).encode())
        return self.origin + path

    def answer(self, request: Request) -> RawResponse:
        path = request.target.partition("?")[0]
        self.calls[f"{request.method} {path}"] += 1
        if self.is_away:
            raise TransportError("broken", "the server is away")
        if path in self.files:
            return self.files[path]
        if path == "/v2/capabilities":
            return RawResponse(200, {}, msgspec.json.encode(self.document))
        if path.endswith("/oauth/token") and request.method == "POST":
            return self._token(request)
        if path.startswith("/v2/oauth/token/"):
            owner = self.owners[path.rpartition("/")[2]]
            session = {"owner": {"id": owner}, "owner_type": "user", "expires_in": 9}
            return RawResponse(200, {}, msgspec.json.encode(session))
        return RawResponse(404, {}, b"{}")

    def _token(self, request: Request) -> RawResponse:
        headers = {name.lower(): value for name, value in request.headers}
        kind, _, encoded = headers["authorization"].partition(" ")
        assert kind == "Basic"
        oauth_id, _, secret = base64.b64decode(encoded).decode().partition(":")
        assert isinstance(request.content, bytes)
        fields = parse_qs(request.content.decode())
        form = {name: values[0] for name, values in fields.items()}
        self.forms.append(form)
        if self.token_status != 200:
            return RawResponse(self.token_status, {}, b"{}")
        if self.clients.get(oauth_id) != secret:
            return RawResponse(401, {}, b"{}")
        answer = dict(self.token_answer)
        grant = form.get("code") or form.get("refresh_token")
        if grant is not None:
            if grant not in self.grants:
                return RawResponse(400, {}, b"{}")
            answer |= self.grants.pop(grant)
        elif "scope" in form:
            answer["scope"] = form["scope"]
        answer.setdefault("access_token", f"token-{next(self._numbers)}")
        self.issued.append(str(answer["access_token"]))
        return RawResponse(200, {}, msgspec.json.encode(answer))


class ScriptedHosts:
    """Several servers behind one transport."""

    def __init__(self) -> None:
        self.hosts: dict[str, ScriptedHost] = {}
        self.transport = AsyncMemoryTransport(self._answer)

    def add(self, origin: str = "https://hipchat.test") -> ScriptedHost:
        host = self.hosts[origin] = ScriptedHost(origin)
        return host

    async def _answer(self, request: Request) -> RawResponse:
        await asyncio.sleep(0)  # Others go on meanwhile, as over a network.
        port = "" if request.port in (80, 443) else f":{request.port}"
        origin = f"{request.scheme}://{request.host}{port}"
        if origin not in self.hosts:
            raise TransportError("connect", "no such server", may_have_arrived=False)
        return self.hosts[origin].answer(request)
