"""The page's ASGI application: what happens to every request before and after its view."""

from __future__ import annotations

import contextlib
import logging
from http import HTTPStatus

import jinja2
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hipkit.api.errors import (
    ApiError,
    ForbiddenError,
    NotFoundError,
    StorageError,
)
from hipkit.server.app import Server
from hipkit.server.http.bodies import ClientGoneError, content_type_of, read_body
from hipkit.server.http.errors import answer_for, problem_of
from hipkit.server.http.requests import Request as RawRequest
from hipkit.server.http.requests import parse_fields
from hipkit.server.page.chat import Chat
from hipkit.server.page.formatting import iso_timestamp, one_line
from hipkit.server.page.security import (
    SESSION,
    SafeHeaders,
    check_origin,
    read_cookie,
)
from hipkit.server.page.static_files import StaticFiles
from hipkit.server.page.views import (
    account,
    authorize,
    calls,
    clients,
    guests,
    rooms,
    search,
    sign_in,
    tokens,
    webhooks,
)
from hipkit.server.page.visit import ViewRoute, Visit, view
from hipkit.server.services.access.web_sessions import find_session, touch_session

__all__ = ["make_page"]

log = logging.getLogger("hipkit.server")

MODULES = (
    sign_in,
    account,
    tokens,
    clients,
    calls,
    webhooks,
    authorize,
    rooms,
    search,
    guests,
)
"""Every module with views, in the order in which their addresses are tried."""

SAFE_METHODS = frozenset({"GET", "HEAD"})
FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 500


def make_page(server: Server) -> ASGIApp:
    """Return the page of a server."""
    page = _Page(server)
    views = [route for module in MODULES for route in module.VIEWS]
    routes = [
        Route("/static/{version}/{name}", page.static.answer, name="static"),
        *(page.route(route) for route in views),
        page.route(NOT_FOUND),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(SafeHeaders)])
    app.state.chat = page.chat
    return app


class _Page:
    """Wraps views: session, origin of forms, errors."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.static = StaticFiles()
        self._environment = _make_environment(self.static)
        self.chat = Chat(server, self._environment)

    def route(self, route: ViewRoute) -> Route:
        """Return a view's route."""

        async def endpoint(request: Request) -> Response:
            return await self._answer(request, route)

        return Route(route.path, endpoint, methods=list(route.methods), name=route.path)

    async def _answer(self, request: Request, route: ViewRoute) -> Response:
        try:
            raw = RawRequest.from_scope(request.scope, request.receive)
            raw.check_query()
            context = self._server.runtime.context(root=raw.root, peer=raw.peer)
        except ApiError as error:
            # Not even the address can be read, so no page is made for it.
            return PlainTextResponse(error.message, error.status)
        visit = Visit(
            request=request,
            server=self._server,
            environment=self._environment,
            context=context,
            session=None,
            secret="",
            is_secure=context.addresses.root.startswith("https:"),
        )
        try:
            response = await self._visit(visit, raw, route)
        except ClientGoneError:
            log.info("page %s: the client hung up", route.path)
            return Response(status_code=400)
        except Exception as error:  # the page's one place where everything is caught
            response = await _show_error(visit, route, error)
        log.info("page %s %s: %d", raw.method, route.path, response.status_code)
        return response

    async def _visit(self, visit: Visit, raw: RawRequest, route: ViewRoute) -> Response:
        await _recognise(visit)
        if raw.method not in SAFE_METHODS:
            check_origin(visit.request, visit.context.addresses.root)
            await self._read_form(visit, raw)
        if visit.session is None and not route.is_public:
            return visit.redirect_to_sign_in()
        if not route.for_guests and visit.user.is_guest:
            raise ForbiddenError("Guests see their rooms alone")
        return await route.view(visit)

    async def _read_form(self, visit: Visit, raw: RawRequest) -> None:
        """Read a form in the plain encoding; a body of another kind stays unread."""
        settings = self._server.settings
        if content_type_of(raw) == FORM:
            body = await read_body(
                raw, settings.largest_body_bytes, settings.body_seconds
            )
            visit.fields = parse_fields(body, what="form", most=MOST_FIELDS)


async def _recognise(visit: Visit) -> None:
    """Find the session that the browser's cookie stands for."""
    context, is_secure = visit.context, visit.is_secure
    context.actor_or_none = None
    secret = read_cookie(visit.request, SESSION, is_secure=is_secure)
    if secret:
        visit.session = await find_session(context.stores, secret, context.now_us)
    if visit.session is not None:
        visit.secret = secret
        context.actor_or_none = visit.session.actor
        # A disk that is full shall not keep people from reading.
        with contextlib.suppress(StorageError):
            await touch_session(context, visit.session, visit.peer)


async def _show_error(visit: Visit, route: ViewRoute, error: Exception) -> Response:
    status = answer_for(error, f"page {route.path}").status
    problem = problem_of(error)
    if not visit.is_htmx:
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            # What failed may fail again, so this page reads nothing.
            return visit.part("error.html", status, problem=problem)
        return await visit.page("error.html", status, problem=problem)
    # Where a piece was to stand, a whole page is of no use: a line above the content tells it.
    response = visit.part("problem.html", status, problem=problem)
    response.headers.update({"HX-Retarget": "#problem", "HX-Reswap": "outerHTML"})
    return response


async def _not_found(visit: Visit) -> Response:
    raise NotFoundError("There is no such page")


NOT_FOUND = view(
    "/{path:path}", _not_found, methods=("GET", "HEAD", "POST"), is_public=True
)


def _make_environment(static: StaticFiles) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("hipkit.server.page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static"] = static.address
    environment.filters["iso"] = iso_timestamp
    environment.filters["one_line"] = one_line
    return environment
