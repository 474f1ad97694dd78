"""A network in memory: servers, add-ons, and the event loop in which all of them run.

Every request between them passes here, so this is where calls are recorded and faults happen.
"""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Coroutine, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs

import msgspec

from hipkit.api.errors import ApiError
from hipkit.server.http.routes import Match, Router
from hipkit.testing.addons.clock import TestClock
from hipkit.testing.addons.faults import Faults
from hipkit.testing.addons.records import TestCall, remember_scopes
from hipkit.testing.addons.tampering import Tampering, signature_in, tampered
from hipkit.testing.addons.transports import FunctionTransport
from hipkit.testing.memory import AsyncMemoryTransport, LoopThread
from hipkit.transports.protocol import (
    Options,
    RawResponse,
    Request,
    Sink,
    TransportError,
)
from hipkit.v2.catalog import OPERATIONS

if TYPE_CHECKING:
    from hipkit.addon.addon import AddOn
    from hipkit.addon.asgi.app import AddOnApp
    from hipkit.addon.storage.protocol import Storage
    from hipkit.server.app import Server

__all__ = ["ADDONS", "WRONG_HOST", "Network", "RunningAddOn"]

T = TypeVar("T")

ADDONS = "addons.test"
"""The host of all add-ons, each below its key."""
WRONG_HOST = "wrong.test"
"""A host that answers as the server does that an add-on was called by."""
API = "/v2/"
MOST_REQUESTS = 500
"""How many events may follow from one before that is taken to have no end."""
PATIENCE_SECONDS = 60.0


@dataclass
class RunningAddOn:
    """An add-on that runs in the network."""

    addon: AddOn
    app: AddOnApp
    transport: AsyncMemoryTransport
    storage: Storage
    allowed_hosts: tuple[str, ...] | None


class Network:
    """Servers and add-ons that reach each other."""

    def __init__(self) -> None:
        self.clock = TestClock()
        self.servers: dict[str, Server] = {}
        """By their hosts."""
        self.addons: dict[str, RunningAddOn] = {}
        """By their keys."""
        self.calls: list[TestCall] = []
        self.faults = Faults()
        self.tampering: Tampering | None = None
        self.requests: list[Request] = []
        """Signed requests to add-ons, as they arrived."""
        self._to_servers: dict[str, AsyncMemoryTransport] = {}
        self._router = Router(OPERATIONS)
        self._owners: dict[str, str] = {}
        """Token -> the installation that it was issued to."""
        self._caller = ""
        self._sent, self._most_sent = 0, inf
        self._loop = LoopThread()
        self._thread: int = self._loop.do(_thread_id())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the network's event loop, and wait for it.

        Raises:
            TimeoutError: It does not end: a handler waits for something, for example.
            RuntimeError: A handler of an add-on called this, which the loop is busy with.
        """
        if threading.get_ident() == self._thread:
            work.close()
            raise RuntimeError(
                "this is for tests; it cannot be called in an add-on's handler"
            )
        return self._loop.do(_patiently(work))

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine in the network's event loop."""
        return self._loop.submit(work)

    def add_server(self, host: str, server: Server) -> None:
        """Add a server, which is reached under a name."""
        self.servers[host] = server
        self._to_servers[host] = AsyncMemoryTransport(app=server.api)

    def to_addons(self, host: str) -> FunctionTransport:
        """Return the transport by which a server calls add-ons, from any event loop."""

        async def send(
            request: Request, options: Options, sink: Sink | None
        ) -> RawResponse:
            work = self.send_to_addon(host, request, options, sink)
            return await asyncio.wrap_future(self.submit(work))

        return FunctionTransport(send)

    def start(
        self,
        addon: AddOn,
        storage: Storage | None,
        allowed_hosts: Iterable[str] | None,
    ) -> RunningAddOn:
        """Return an add-on as it runs here. It starts with its first request.

        Args:
            addon: The add-on.
            storage: Where it keeps its data; without one, in memory.
            allowed_hosts: The servers that may install it.

        Raises:
            ValueError: Another one with its key runs.
        """
        from hipkit.addon.storage.memory import MemoryStorage

        key = addon.identity.key
        running = self.addons.get(key)
        if running is None:
            hosts = None if allowed_hosts is None else tuple(allowed_hosts)
            running = self._running(addon, storage or MemoryStorage(), hosts)
            self.addons[key] = running
        elif running.addon is not addon:
            raise ValueError(f"another add-on with the key {key} runs: use update")
        return running

    async def replace(self, addon: AddOn) -> None:
        """Stop an add-on, and run a newer version on its storage."""
        key = addon.identity.key
        old = self.addons[key]
        await old.transport.aclose()
        self.addons[key] = self._running(addon, old.storage, old.allowed_hosts)

    async def send_to_server(
        self, addon: AddOn, request: Request, options: Options, sink: Sink | None
    ) -> RawResponse:
        """Send a call of an add-on to the server that it is for, unless a fault happens to it."""
        host = self._caller if request.host == WRONG_HOST else request.host
        server = self._to_servers.get(host)
        if server is None:
            raise _no_server(request)
        match = self._match(request)
        operation = "" if match is None else match.entry.operation_id
        status = None
        try:
            response = await self.faults.answer(operation)
            if response is None:
                response = await server.send(request, options, sink)
            status = response.status
        finally:
            if match is not None:
                self._record(addon, request, match, status)
        if operation == "generate_token":
            self._learn_owner(request, response)
        return response

    async def send_to_addon(
        self, host: str, request: Request, options: Options, sink: Sink | None
    ) -> RawResponse:
        """Send a call of a server to an add-on."""
        running = self.addons.get(request.target.strip("/").split("/")[0])
        if request.host != ADDONS or running is None:
            raise _no_server(request)
        self._sent += 1
        if self._sent > self._most_sent:
            raise TransportError("broken", "the add-ons answer each other without end")
        self._caller = host
        if self.tampering is not None:
            request = await self._tamper(host, request, self.tampering)
        if signature_in(request) is not None:
            self.requests.append(request)
        return await running.transport.send(request, options, sink)

    async def settle(self) -> None:
        """Deliver events until add-ons have handled all of them, and nobody answers any more.

        Raises:
            RuntimeError: There is no end to it.
        """
        sent, self._most_sent = -1, self._sent + MOST_REQUESTS
        while sent < self._sent <= self._most_sent:
            sent = self._sent
            for server in self.servers.values():
                sender = server.create_sender()
                try:
                    await sender.drain()
                finally:
                    sender.close()
            for running in [*self.addons.values()]:
                await running.app.drain()
        is_endless, self._most_sent = self._sent > self._most_sent, inf
        if is_endless:
            raise RuntimeError("the add-ons answer each other without end")

    async def repeat(self) -> int:
        """Send the last signed POST to an add-on once more; return the answer's status.

        Raises:
            LookupError: There was none.
        """
        posts = [each for each in self.requests if each.method == "POST"]
        if not posts:
            raise LookupError("no event was delivered to an add-on yet")
        request = posts[-1]
        running = self.addons[request.target.strip("/").split("/")[0]]
        response = await running.transport.send(request, Options())
        await self.settle()
        return response.status

    def close(self) -> None:
        """Stop all add-ons."""
        self.run(self._stop())
        self._loop.end()

    async def _stop(self) -> None:
        for running in self.addons.values():
            await running.transport.aclose()
        for transport in self._to_servers.values():
            await transport.aclose()

    def _running(
        self, addon: AddOn, storage: Storage, allowed_hosts: tuple[str, ...] | None
    ) -> RunningAddOn:
        app = addon.asgi(
            base_url=f"https://{ADDONS}/{addon.identity.key}",
            storage=storage,
            allowed_hosts=allowed_hosts,
            transport=FunctionTransport(partial(self.send_to_server, addon)),
            now=self.clock.now,
        )
        transport = AsyncMemoryTransport(app=app)
        return RunningAddOn(addon, app, transport, storage, allowed_hosts)

    async def _tamper(self, host: str, request: Request, how: Tampering) -> Request:
        secret, token = None, signature_in(request)
        if token is not None:
            issuer = _claims(token)["iss"]
            stores = self.servers[host].runtime.stores
            secret = await stores.clients.signing_secret(str(issuer))
        earlier = signature_in(self.requests[-1]) if self.requests else None
        return tampered(
            request,
            how,
            secret=secret,
            earlier=earlier,
            wrong_host=f"https://{WRONG_HOST}",
        )

    def _match(self, request: Request) -> Match | None:
        path = request.target.partition("?")[0]
        if not path.startswith(API):
            return None
        with suppress(ApiError):
            return self._router.match(
                request.method, path.removeprefix(API[:-1]).encode()
            )
        return None

    def _record(
        self, addon: AddOn, request: Request, match: Match, status: int | None
    ) -> None:
        allowing = set(match.entry.load().scopes)
        call = TestCall(
            addon=addon.identity.key,
            installation_id=self._owners.get(_credentials(request, "bearer")),
            operation=match.entry.operation_id,
            arguments=match.arguments,
            body=_json(request.content),
            status=status,
            scopes=tuple(each for each in addon.identity.scopes if each in allowing),
        )
        self.calls.append(call)
        remember_scopes(call)

    def _learn_owner(self, request: Request, response: RawResponse) -> None:
        issued = _json(response.body)
        if isinstance(issued, Mapping) and "access_token" in issued:
            pair = base64.b64decode(_credentials(request, "basic")).decode()
            self._owners[str(issued["access_token"])] = pair.partition(":")[0]


def _credentials(request: Request, scheme: str) -> str:
    for name, value in request.headers:
        if name.lower() == "authorization" and value.lower().startswith(f"{scheme} "):
            return value[len(scheme) + 1 :]
    query = parse_qs(request.target.partition("?")[2])
    return query.get("auth_token", [""])[0] if scheme == "bearer" else ""


def _claims(token: str) -> dict[str, object]:
    import jwt

    claims: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return claims


def _json(content: object) -> object:
    if not isinstance(content, bytes):
        return None
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:
        return None


def _no_server(request: Request) -> TransportError:
    return TransportError(
        "connect", f"there is no server {request.host}", may_have_arrived=False
    )


async def _patiently(work: Coroutine[Any, Any, T]) -> T:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await work
    except TimeoutError:
        raise TimeoutError(
            f"server and add-on were not done after {PATIENCE_SECONDS:g} seconds"
        ) from None


async def _thread_id() -> int:
    return threading.get_ident()
