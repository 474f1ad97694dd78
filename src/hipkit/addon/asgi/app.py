"""The ASGI app of an add-on: protocol, errors, and the life of its runtime.

Read next: `endpoints.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from logging import getLogger
from urllib.parse import unquote, urlsplit
from weakref import WeakKeyDictionary

from hipkit.addon.asgi.endpoints import BROWSER_PATHS, CORS, Endpoints
from hipkit.addon.asgi.requests import (
    BadFormError,
    BodyTooLargeError,
    DisconnectedError,
    HttpRequest,
    Receive,
    Send,
)
from hipkit.addon.asgi.requests import Scope as ConnectionScope
from hipkit.addon.asgi.responses import (
    Response,
    page_response,
    send_response,
    text_response,
)
from hipkit.addon.asgi.runtime import Runtime, Settings
from hipkit.addon.describe import describe
from hipkit.addon.descriptor.identity import Identity, Scope
from hipkit.addon.handlers.registry import Registry
from hipkit.addon.installations.installation import Installation
from hipkit.api.errors import InstallationError, SignatureError, StorageError
from hipkit.api.frames import clear_locals
from hipkit.client.async_hipchat import AsyncHipChat
from hipkit.v2.models import AddonDescriptor

__all__ = ["AddOnApp"]

LOGGER = getLogger("hipkit.addon")
RETRY_SECONDS = "5"
UNAUTHORIZED = 401
HIDDEN_QUERY = b"hidden"


class AddOnApp:
    """An add-on as an ASGI app. `AddOn.asgi` creates it.

    Any ASGI server runs it, and Starlette and FastAPI mount it under a path. It starts with the
    server, or if that has no lifespans, with the first request; frameworks do not pass it on to
    what is mounted in them: see `lifespan`.
    """

    def __init__(
        self,
        identity: Identity,
        registry: Registry,
        settings: Settings,
    ) -> None:
        self._identity = identity
        self._registry = registry
        self._settings = settings
        self._base_path = unquote(urlsplit(settings.base_url).path)
        self._started: WeakKeyDictionary[
            asyncio.AbstractEventLoop, asyncio.Task[Runtime]
        ] = WeakKeyDictionary()

    @property
    def descriptor(self) -> AddonDescriptor:
        """The descriptor that it serves, with all that is registered by now."""
        return describe(self._identity, self._registry, self._settings.base_url)

    @property
    def descriptor_url(self) -> str:
        """The address of the descriptor, by which the add-on is installed."""
        return self.descriptor.links.self_

    async def __call__(
        self, scope: ConnectionScope, receive: Receive, send: Send
    ) -> None:
        """Answer a request, or run the app for the server's lifetime."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            raise ValueError(f"there is nothing for {scope['type']} here")

    @asynccontextmanager
    async def lifespan(self, app: object = None) -> AsyncIterator[None]:
        """Run the add-on while the context lasts, in a framework that it is mounted in.

        ```python
        app = FastAPI(lifespan=addon_app.lifespan)
        app.mount("/karma", addon_app)
        ```

        Args:
            app: The framework's app, which passes itself.
        """
        await self._runtime()
        try:
            yield
        finally:
            await self._stop()

    async def installations(self) -> list[Installation]:
        """Return all installations, those included whose credentials are rejected."""
        return await (await self._runtime()).installations.find_all()

    async def client(
        self, installation: Installation, scopes: Iterable[Scope] | None = None
    ) -> AsyncHipChat:
        """Return a client that acts as an installation. It need not be closed.

        Args:
            installation: The installation.
            scopes: What its tokens allow. Defaults to all scopes that were granted.
        """
        return (await self._runtime()).client(installation, scopes)

    async def forget_host(self, origin: str) -> bool:
        """Forget the addresses of a HipChat server that has moved; return whether it had any.

        They are pinned anew with its next installation.

        Args:
            origin: Scheme, name and port, such as `https://api.hipchat.com`.
        """
        return await (await self._runtime()).hosts.forget(origin)

    async def user_client(
        self, installation: Installation, user_id: int
    ) -> AsyncHipChat | None:
        """Return a client that acts as a user; `None` if they have not allowed it, or not any more.

        Users allow it at `authorize` below the `base_url`, in a page of their browser and not in a
        frame: a view links to it with its `token` as the argument `signed_request`.
        """
        users = (await self._runtime()).users
        if await users.scopes(installation, user_id) is None:
            return None
        return users.client(installation, user_id)

    async def drain(self) -> None:
        """Wait until the stored events are handled, in tests."""
        await (await self._runtime()).drain()

    async def _runtime(self) -> Runtime:
        """Return the runtime of this event loop, which starts on first use."""
        loop = asyncio.get_running_loop()
        starting = self._started.get(loop)
        if starting is not None and starting.done():
            if not starting.cancelled() and starting.exception() is None:
                return starting.result()
            starting = None
        if starting is None:
            starting = self._started[loop] = loop.create_task(self._start())
        # Shielded: a request that goes away must not end what others wait for.
        return await asyncio.shield(starting)

    async def _start(self) -> Runtime:
        runtime = Runtime(self._identity, self._registry, self._settings)
        try:
            await runtime.start()
        except BaseException:
            # The next request tries again: what this one opened must not add up.
            await runtime.close()
            raise
        return runtime

    async def _stop(self) -> None:
        starting = self._started.pop(asyncio.get_running_loop(), None)
        if starting is not None:
            await (await starting).stop()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._runtime()
        except Exception as error:
            LOGGER.exception("the add-on cannot start")
            message = f"the add-on cannot start: {type(error).__name__}"
            await send({"type": "lifespan.startup.failed", "message": message})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: ConnectionScope, receive: Receive, send: Send) -> None:
        request = HttpRequest(scope, receive, self._base_path)
        if request.query:
            # Servers log the address from here after the response; it may hold a signature.
            scope["query_string"] = HIDDEN_QUERY
        try:
            response = await self._answer(request)
        except DisconnectedError:
            return
        await send_response(send, response, is_head=scope["method"] == "HEAD")

    async def _answer(self, request: HttpRequest) -> Response:
        # A glance's content is fetched by a page of HipChat, which should see why it failed.
        headers = CORS if request.parts[0] == "glance" else {}
        try:
            runtime = await self._runtime()
            endpoints = Endpoints(self._identity, self._registry, runtime)
            return await _call(endpoints, request)
        except SignatureError as error:
            if error.status == UNAUTHORIZED:
                headers = {**headers, "WWW-Authenticate": "JWT"}
            text = f"The request is refused: {error}."
            return text_response(error.status, text, headers)
        except InstallationError as error:
            if request.parts[0] in BROWSER_PATHS:
                return page_response(error.status, str(error))
            return text_response(error.status, str(error))
        except BodyTooLargeError:
            return text_response(413, "The body is too large.", headers)
        except BadFormError:
            return text_response(400, "The fields cannot be read.", headers)
        except StorageError as error:
            # A log may show the variables of each step: bodies, signatures, secrets.
            clear_locals(error)
            LOGGER.exception("a request could not be stored")
            retry = {**headers, "Retry-After": RETRY_SECONDS}
            return text_response(503, "Try again later.", retry)
        except DisconnectedError:
            raise
        except Exception as error:
            clear_locals(error)
            LOGGER.exception("a request could not be answered")
            return text_response(500, "The add-on failed.", headers)


async def _call(endpoints: Endpoints, request: HttpRequest) -> Response:
    """Return the answer of the endpoint for a path and method."""
    found = endpoints.find(request.parts)
    if found is None:
        return text_response(404, "There is nothing here.")
    if request.method == "HEAD" and "GET" in found:
        request.method = "GET"
    endpoint = found.get(request.method)
    if endpoint is None:
        allowed = [*found, "HEAD"] if "GET" in found else [*found]
        return text_response(
            405, "This method is not allowed.", {"Allow": ", ".join(allowed)}
        )
    return await endpoint(request)
