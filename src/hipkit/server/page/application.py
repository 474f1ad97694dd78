"""The page's ASGI application: what happens to every request before and after its view."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import cast

import jinja2

from hipkit.api.errors import (
    ApiError,
    ForbiddenError,
    NotFoundError,
    StorageError,
)
from hipkit.server.app import Server
from hipkit.server.http.bodies.reading import (
    FORM,
    ClientGoneError,
    content_type_of,
    read_body,
)
from hipkit.server.http.errors import answer_for, problem_of
from hipkit.server.http.requests import Receive, Request, Scope, Send, parse_fields
from hipkit.server.http.responses import Answer, Header, header, send_answer
from hipkit.server.page.formatting import (
    iso_timestamp,
    show_code,
    show_command,
    token_name,
    webhook_name,
)
from hipkit.server.page.rendering import Renderer
from hipkit.server.page.sections import Section, load_section
from hipkit.server.page.security import (
    add_safe_headers,
    check_origin,
    read_cookie,
)
from hipkit.server.page.sidebar import address_of, show_count
from hipkit.server.page.static_files import StaticFiles
from hipkit.server.page.streams.feed import Feeds
from hipkit.server.page.streams.stream import EventStreamAnswer
from hipkit.server.page.views import load_routes
from hipkit.server.page.visit import ViewRoute, Visit, text_answer
from hipkit.server.services.access.web_sessions import find_session, touch_session
from hipkit.server.services.errors import plain_words
from hipkit.server.services.representations.lines import one_line

__all__ = ["Page"]

log = logging.getLogger("hipkit.server")

SAFE_METHODS = ("GET", "HEAD")
METHODS = (*SAFE_METHODS, "POST")
MOST_FIELDS = 500


class Page:
    """Finds a request's view, and does what all views need: session, origin of forms, errors."""

    def __init__(self, server: Server) -> None:
        self._runtime = server.runtime
        self._static = StaticFiles()
        sections = [load_section(package) for package in server.sections]
        self._environment = _make_environment(self._static, sections)
        self._routes = load_routes(sections)
        outside_pictures = server.settings.outside_pictures
        renderer = Renderer(self._environment, outside_pictures=outside_pictures)
        self.feeds = Feeds(server.database, server.runtime.signals, renderer)
        server.before_stop.append(self.feeds.close)
        server.open_streams = lambda: self.feeds.streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request as an ASGI application."""
        method = str(scope["method"]).upper()
        path = _path_of(scope)
        if method not in METHODS:
            answer = text_answer(405, "Method Not Allowed")
            answer.headers.append(header("Allow", ", ".join(self._methods_of(path))))
        elif method in SAFE_METHODS and (found := self._static.find(path)):
            answer = found
        else:
            answer = await self._answer(scope, receive, method, path)
        add_safe_headers(answer)
        has_body = method != "HEAD"
        if isinstance(answer, EventStreamAnswer) and has_body:
            await answer.send(receive, send)
        else:
            await send_answer(send, answer, with_body=has_body)

    def may_be_for_people(self, scope: Scope) -> bool:
        """Return whether a browser may have sent a request.

        A browser asks for any path, but sends forms only where this page has one.
        """
        if str(scope["method"]).upper() in SAFE_METHODS:
            return True
        path = _path_of(scope)
        is_of_page = any(route.pattern.fullmatch(path) for route in self._routes)
        return is_of_page or self._static.find(path) is not None

    async def _answer(
        self, scope: Scope, receive: Receive, method: str, path: str
    ) -> Answer:
        try:
            request = Request.from_scope(scope, receive)
            request.check_query()
            context = self._runtime.context(root=request.root, peer=request.peer)
        except ApiError as error:
            # The address itself cannot be read, so there is no page to show the error on.
            return text_answer(error.status, plain_words(error.message))
        route, arguments = self._find_view(method, path)
        visit = Visit(
            request=request,
            path=path,
            arguments=arguments,
            feeds=self.feeds,
            environment=self._environment,
            context=context,
        )
        try:
            headers = cast("list[Header]", scope["headers"])
            answer = await _visit(visit, route, headers)
        except ClientGoneError:
            log.info("page %s: the client disconnected", route.path)
            return Answer(400)
        except Exception as error:  # the page's one place where everything is caught
            answer = await _show_error(visit, route, error)
        log.info("page %s %s: %d", method, route.path, answer.status)
        return answer

    def _find_view(self, method: str, path: str) -> tuple[ViewRoute, dict[str, str]]:
        wanted = "GET" if method == "HEAD" else method
        for route in self._routes:
            if wanted == route.method and (found := route.pattern.fullmatch(path)):
                return route, found.groupdict()
        return NOT_FOUND, {}

    def _methods_of(self, path: str) -> tuple[str, ...]:
        """Return the methods that a path of the page has."""
        return tuple(
            method
            for method in METHODS
            if self._find_view(method, path)[0] is not NOT_FOUND
            or (method in SAFE_METHODS and self._static.find(path))
        )


def _path_of(scope: Scope) -> str:
    return str(scope["path"]).removeprefix(str(scope.get("root_path") or ""))


async def _visit(visit: Visit, route: ViewRoute, headers: list[Header]) -> Answer:
    """Check session, origin and access, read the form, and answer with the view."""
    await _find_session(visit)
    if visit.request.method not in SAFE_METHODS:
        check_origin(headers, visit.context.addresses.root)
        if content_type_of(visit.request) == FORM:
            body = await read_body(visit.request, visit.context.runtime.settings)
            visit.fields = parse_fields(body, what="form", most=MOST_FIELDS)
    if visit.session is None and not route.is_public:
        return visit.redirect_to_sign_in()
    if not (route.for_guests or route.is_public) and visit.user.is_guest:
        raise ForbiddenError("Guests can use the rooms they are members of only")
    return await route.view(visit)


async def _find_session(visit: Visit) -> None:
    """Find the session of the browser's cookie; its user becomes the actor."""
    context = visit.context
    secret = read_cookie(visit.request, is_secure=visit.is_secure)
    if secret:
        visit.session = await find_session(context.stores, secret, context.now_us)
    if visit.session is not None:
        visit.secret = secret
        context.actor_or_none = context.actor = visit.session.actor
        # With a full disk the page can still be read.
        with contextlib.suppress(StorageError):
            await touch_session(context, visit.session)


async def _show_error(visit: Visit, route: ViewRoute, error: Exception) -> Answer:
    status = answer_for(error, f"page {route.path}").status
    problem = plain_words(problem_of(error))
    if not visit.is_htmx:
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            # What failed may fail again, so this page reads nothing.
            return visit.part("error.html", status, problem=problem)
        return await visit.page("error.html", status, problem=problem)
    # htmx would put a whole page where a part belongs: the error becomes a line above the content.
    answer = visit.part("problem.html", status, problem=problem)
    answer.headers += [
        header("HX-Retarget", "#problem"),
        header("HX-Reswap", "outerHTML"),
    ]
    return answer


async def _not_found(visit: Visit) -> Answer:
    raise NotFoundError("There is no such page")


NOT_FOUND = ViewRoute("/...", _not_found, is_public=True)
"""The view of every other path."""


def _make_environment(
    static: StaticFiles, sections: Sequence[Section]
) -> jinja2.Environment:
    packages = ["hipkit.server.page", *(section.package for section in sections)]
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(list(map(jinja2.PackageLoader, packages))),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static"] = static.address
    environment.globals["sections"] = sections
    environment.filters["iso"] = iso_timestamp
    environment.filters["one_line"] = one_line
    environment.filters["show_code"] = show_code
    environment.filters["show_command"] = show_command
    environment.filters["token_name"] = token_name
    environment.filters["webhook_name"] = webhook_name
    environment.filters["address"] = address_of
    environment.filters["shown_count"] = show_count
    return environment
