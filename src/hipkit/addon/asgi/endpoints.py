"""What the add-on answers at each of its addresses.

The webhook's answer is sent once the event is stored; handlers run afterwards.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256
from html import escape
from typing import Literal, cast
from uuid import uuid4

from hipkit.addon.asgi.consent import begin_consent, finish_consent
from hipkit.addon.asgi.requests import HttpRequest, read_fields
from hipkit.addon.asgi.responses import (
    NO_CONTENT,
    Response,
    json_response,
    page_response,
    text_response,
)
from hipkit.addon.asgi.runtime import Runtime
from hipkit.addon.describe import describe
from hipkit.addon.descriptor.identity import Identity
from hipkit.addon.handlers.handler import Handler
from hipkit.addon.handlers.registry import CONFIGURATION, Registry, ViewKind
from hipkit.addon.handlers.views import ViewRequest, to_glance_content, to_view_response
from hipkit.addon.installations.requests import LONGEST_REQUEST
from hipkit.addon.installations.verification import (
    SignedRequest,
    check_event,
    renew,
    verify_request,
)
from hipkit.addon.storage.protocol import LONGEST_DELIVERY, NewEvent
from hipkit.api.bodies.reading import UnreadableError
from hipkit.v2.models import Message, Room
from hipkit.webhooks import WebhookEvent, read_event

__all__ = ["BROWSER_PATHS", "CORS", "Endpoint", "Endpoints"]

LARGEST_BODY = 1024 * 1024
DELIVERY = "X-Hipkit-Delivery"
SIGNATURE = "signed_request"
HOST_PARAMETERS = frozenset(
    {SIGNATURE, "theme", "xdm_e", "xdm_c", "connect_client_api_version"}
)
"""Parameters that HipChat adds to an address."""
CORS = {"Access-Control-Allow-Origin": "*"}
PREFLIGHT = {
    **CORS,
    "Access-Control-Allow-Methods": "GET, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Requested-With",
    "Access-Control-Max-Age": "86400",
}
BROWSER_PATHS = ("installed", "updated", "uninstalled")
BROWSER_PARAMETERS = ("installable_url", "redirect_url")
VIEW_FAILED = "This page could not be made. Try again later."

Endpoint = Callable[[HttpRequest], Awaitable[Response]]
Change = Callable[[str, str], Awaitable[str]]


class Endpoints:
    """The answers of an add-on.

    Args:
        identity: Who the add-on is.
        registry: Its handlers.
        runtime: What it has while it runs.
    """

    def __init__(
        self,
        identity: Identity,
        registry: Registry,
        runtime: Runtime,
    ) -> None:
        self._identity = identity
        self._registry = registry
        self._runtime = runtime

    def find(self, parts: tuple[str, ...]) -> dict[str, Endpoint] | None:
        """Return the answers for a path, by method; `None` if there is nothing."""
        installer = self._runtime.installer
        match parts:
            case ("capabilities",):
                return {"GET": self._capabilities}
            case ("icon.svg",):
                return {"GET": self._icon}
            case ("installable",):
                return {"POST": self._install}
            case ("installable", "update"):
                return {"POST": self._update}
            case ("installable", oauth_id):
                return {"DELETE": lambda _: self._remove(oauth_id)}
            case ("installed",):
                return _in_browser(installer.install_in_browser)
            case ("updated",):
                return _in_browser(installer.update_in_browser)
            case ("uninstalled",):
                return _in_browser(installer.remove_in_browser)
            case ("authorize",) if self._identity.user_tokens:
                return {"GET": self._authorize}
            case ("authorized",) if self._identity.user_tokens:
                return {"GET": self._authorized}
            case ("webhook", key) if key in self._registry.handlers:
                handler = self._registry.handlers[key]
                return {"POST": lambda request: self._webhook(request, handler)}
            case ("configuration",):
                return self._view(CONFIGURATION, CONFIGURATION)
            case (("panel" | "dialog" | "page") as kind, key):
                return self._view(cast("ViewKind", kind), key)
            case ("glance", key) if ("glance", key) in self._registry.views:
                glance = self._registry.views["glance", key]
                return {
                    "GET": lambda request: self._glance(request, glance),
                    "OPTIONS": _preflight,
                }
            case _:
                return None

    def _view(self, kind: ViewKind, key: str) -> dict[str, Endpoint] | None:
        handler = self._registry.views.get((kind, key))
        if handler is None:
            return None

        async def answer(request: HttpRequest) -> Response:
            return await self._page(request, handler)

        return {"GET": answer, "POST": answer}

    async def _capabilities(self, _: HttpRequest) -> Response:
        base_url = self._runtime.base_url
        descriptor = describe(self._identity, self._registry, base_url)
        return Response(200, descriptor.to_json(), "application/json", CORS)

    async def _icon(self, _: HttpRequest) -> Response:
        letter = escape(self._identity.name.strip()[0].upper())
        image = (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
            '<rect width="16" height="16" rx="3" fill="#205081"/>'
            '<text x="8" y="12" font-family="sans-serif" font-size="11" font-weight="bold" '
            f'text-anchor="middle" fill="#fff">{letter}</text></svg>'
        )
        return Response(200, image.encode(), "image/svg+xml", CORS)

    # Installations

    async def _install(self, request: HttpRequest) -> Response:
        body = await request.read_body(LONGEST_REQUEST)
        await self._runtime.installer.install(body)
        return json_response({})

    async def _update(self, request: HttpRequest) -> Response:
        body = await request.read_body(LONGEST_REQUEST)
        await self._runtime.installer.update(body)
        return json_response({})

    async def _remove(self, oauth_id: str) -> Response:
        await self._runtime.installer.remove(oauth_id)
        return NO_CONTENT

    # Tokens of users

    async def _authorize(self, request: HttpRequest) -> Response:
        signed = await self._verify(request)
        runtime = self._runtime
        return await begin_consent(
            runtime.users, self._identity, signed, base_url=runtime.base_url
        )

    async def _authorized(self, request: HttpRequest) -> Response:
        runtime = self._runtime
        return await finish_consent(
            runtime.users, self._identity, request, base_url=runtime.base_url
        )

    # Events

    async def _webhook(self, request: HttpRequest, handler: Handler) -> Response:
        """Store an event that is signed, and then answer."""
        body = await request.read_body(LARGEST_BODY)
        once = self._runtime.replay_memory
        signed = await self._verify(request, once=once)
        try:
            event = read_event(body)
        except UnreadableError:
            return text_response(400, "The body is not an event.")
        check_event(signed, event)
        room_id = _room_of(event)
        if event.event != handler.event or room_id is None:
            return text_response(400, f"The body is not a {handler.event} in a room.")
        await self._runtime.store(
            NewEvent(
                oauth_id=signed.installation.oauth_id,
                host=signed.installation.host,
                ordering_key=str(room_id),
                handler=handler.key,
                body=body,
                delivery=_delivery_of(request, handler, event),
                received_at=self._runtime.now(),
            )
        )
        return NO_CONTENT

    async def _verify(
        self,
        request: HttpRequest,
        form: dict[str, str] | None = None,
        *,
        once: bool = False,
    ) -> SignedRequest:
        return await verify_request(
            self._runtime.installations,
            headers=request.headers,
            query=request.query,
            form=form,
            once=once,
            now=self._runtime.now(),
        )

    # Views

    async def _page(self, request: HttpRequest, handler: Handler) -> Response:
        view = await self._read_view(request)
        caller = self._runtime.caller(view.installation)
        try:
            reply = await self._runtime.dispatcher.call(handler, view, caller)
            made = to_view_response(reply)
        except Exception as error:
            await self._runtime.dispatcher.report_view(error, handler, view, caller)
            return page_response(500, VIEW_FAILED)
        # Views stay open longer than a signature is good.
        headers = {**made.headers, "JWT": view.token, "X-acpt": view.token}
        return Response(made.status, made.body, made.content_type, headers)

    async def _glance(self, request: HttpRequest, handler: Handler) -> Response:
        view = await self._read_view(request)
        caller = self._runtime.caller(view.installation)
        try:
            reply = await self._runtime.dispatcher.call(handler, view, caller)
            content = to_glance_content(reply)
        except Exception as error:
            await self._runtime.dispatcher.report_view(error, handler, view, caller)
            return text_response(500, "There is no content.", CORS)
        return json_response(content.to_dict(), CORS)

    async def _read_view(self, request: HttpRequest) -> ViewRequest:
        query = read_fields(request.query)
        body, form = b"", dict[str, str]()
        if request.method == "POST":
            body = await request.read_body(LARGEST_BODY)
            form = read_fields(body) if request.is_form else form
        signed = await self._verify(request, form)
        theme = query.get("theme")
        return ViewRequest(
            installation=signed.installation,
            user_id=signed.subject if signed.user_id is None else signed.user_id,
            room_id=signed.room_id,
            timezone=signed.timezone,
            theme=cast("Literal['light', 'dark']", theme)
            if theme in ("light", "dark")
            else None,
            token=renew(signed, now=self._runtime.now()),
            method=request.method,
            query={k: v for k, v in query.items() if k not in HOST_PARAMETERS},
            form={k: v for k, v in form.items() if k != SIGNATURE},
            body=body,
        )


def _in_browser(change: Change) -> dict[str, Endpoint]:
    """Return the answer to a browser that HipChat sent after an installation was changed."""

    async def answer(request: HttpRequest) -> Response:
        query = read_fields(request.query)
        installable_url, redirect_url = map(query.get, BROWSER_PARAMETERS)
        if not installable_url or not redirect_url:
            return page_response(
                400, "HipChat sends browsers here, with two addresses that are missing."
            )
        return Response(
            302, headers={"Location": await change(installable_url, redirect_url)}
        )

    return {"GET": answer}


async def _preflight(_: HttpRequest) -> Response:
    return Response(204, headers=PREFLIGHT)


def _room_of(event: WebhookEvent) -> int | None:
    room = getattr(event.item, "room", None)
    return room.id if isinstance(room, Room) else None


def _delivery_of(request: HttpRequest, handler: Handler, event: WebhookEvent) -> str:
    """Return what is the same for every repeat of an event."""
    message = getattr(event.item, "message", None)
    given = request.header(DELIVERY)
    if not given and isinstance(message, Message):
        given = message.id
    if not given:
        return str(uuid4())
    delivery = f"{handler.key} {given}"
    if len(delivery) > LONGEST_DELIVERY:
        return sha256(delivery.encode()).hexdigest()
    return delivery
