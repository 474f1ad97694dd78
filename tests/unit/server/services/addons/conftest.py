"""An add-on in memory, which asks for a token while it is being installed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from hipkit.server.services.addons.installing.installing import Installed
from hipkit.server.services.addons.installing.offers import Offer, read_offer
from hipkit.server.services.addons.installing.updating import install
from hipkit.server.services.context import Context
from hipkit.server.services.representations.urls import Addresses
from hipkit.transports.protocol import (
    Options,
    RawResponse,
    Request,
    Sink,
    TransportError,
)
from tests.unit.server.asgi import FORM, Site, basic, call, open_site

ADDRESS = "https://karma.example/capabilities"


def look_up(host: str, port: int) -> list[str]:
    if host.endswith("internal"):
        return ["10.0.0.1"]
    return ["93.184.216.34"]


@dataclass
class MemoryAddon:
    """A transport that leads to one small add-on."""

    name = "memory"
    site: Site = field(init=False)
    descriptor: Any = field(default_factory=dict)
    status: int = 200
    answer: bytes = b""
    asks_for_token: bool = True
    scopes: str | None = None
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    token_statuses: list[int] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    during: Callable[[], Any] | None = None
    is_down: bool = False

    async def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        address = f"{request.scheme}://{request.host}{request.target}"
        if self.is_down:
            raise TransportError("connect", "connection refused")
        if request.method == "GET":
            self.calls.append(("GET", address, None))
            served = self.descriptor
            body = served if isinstance(served, bytes) else json.dumps(served).encode()
            return self._respond(200, body, sink)
        assert request.content is None or isinstance(request.content, bytes)
        posted = json.loads(request.content) if request.content else None
        self.calls.append((request.method, address, posted))
        if posted is not None and "event" in posted:
            return self._respond(self.status, self.answer, sink)
        if posted is not None and "oauthSecret" in posted:
            self.secrets[posted["oauthId"]] = posted["oauthSecret"]
        client_id = (
            posted["oauthId"]
            if posted
            else address.rpartition("/")[2].partition("?")[0]
        )
        if self.asks_for_token and self.status < 300:
            await self.ask_for_token(client_id)
        if self.during is not None:
            await self.during()
        return self._respond(self.status, self.answer, sink)

    async def ask_for_token(self, client_id: str) -> None:
        wanted = {"grant_type": "client_credentials"}
        if self.scopes is not None:
            wanted["scope"] = self.scopes
        response = await call(
            self.site.server,
            "POST",
            b"/v2/oauth/token",
            [("Host", "chat.test"), FORM, basic(client_id, self.secrets[client_id])],
            [urlencode(wanted).encode()],
        )
        self.token_statuses.append(response.status)
        if response.status == 200:
            self.tokens.append(response.json["access_token"])

    async def aclose(self) -> None:
        raise AssertionError("the transport of the settings is left open")

    def _respond(self, status: int, body: bytes, sink: Sink | None) -> RawResponse:
        if sink is not None and 200 <= status < 300:
            sink(body)
            body = b""
        return RawResponse(status, {}, body)

    @property
    def posted(self) -> list[tuple[str, str, Any]]:
        return [one for one in self.calls if one[0] != "GET"]


def descriptor(**capabilities: Any) -> dict[str, Any]:
    """Return the descriptor of an add-on that is installed by a callback."""
    capabilities.setdefault(
        "installable", {"callbackUrl": "https://karma.example/installable"}
    )
    capabilities.setdefault("hipchatApiConsumer", {"scopes": ["send_notification"]})
    return {
        "key": "com.example.karma",
        "name": "Karma",
        "description": "Counts karma",
        "links": {"self": ADDRESS},
        "capabilities": capabilities,
    }


@pytest.fixture
def addon() -> MemoryAddon:
    return MemoryAddon(descriptor=descriptor())


@pytest.fixture
def make_host(tmp_path: Path, addon: MemoryAddon) -> Iterator[Callable[..., Site]]:
    opened: list[Site] = []

    def make(**settings: Any) -> Site:
        site = open_site(tmp_path, outgoing=addon, look_up=look_up, **settings)
        opened.append(site)
        addon.site = site
        return site

    yield make
    for one in opened:
        one.server.close()


@pytest.fixture
def host(make_host: Callable[..., Site]) -> Site:
    return make_host()


async def operator(site: Site) -> Context:
    context = await site.server.runtime.operator_context()
    context.addresses = Addresses("https://chat.test")
    return context


async def put_in(
    context: Context, room: str | None = None, address: str = ADDRESS
) -> Installed:
    return await install(context, await read_offer(context, address, room=room))


def install_at(
    site: Site, room: str | None = None, context: Context | None = None
) -> Installed:
    async def work() -> Installed:
        used = context or await operator(site)
        used.addresses = Addresses("https://chat.test")
        return await put_in(used, room)

    return asyncio.run(work())


def clients(site: Site) -> list[str]:
    store = site.server.database.stores.clients
    return [client.id for client in asyncio.run(store.of_group(1))]


async def read_offer_of(site: Site, room: str | None) -> Offer:
    return await read_offer(await operator(site), ADDRESS, room=room)
