"""The errors of a response: what the server reports, or why it is not the API's (pure)."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urljoin, urlsplit

import msgspec

from hipkit.api.addresses import split_web_address
from hipkit.api.bodies.json_grammar import parse_json
from hipkit.api.errors import (
    ApiError,
    ForbiddenError,
    RateLimitError,
    ResponseError,
    ServerError,
    error_class,
)
from hipkit.api.limits import LATEST_UNIX_SECONDS, seconds_until_allowed
from hipkit.api.operation import Operation
from hipkit.api.redaction import redact
from hipkit.api.response import RequestSummary
from hipkit.api.secret import Secret
from hipkit.client.error_bodies import (
    error_details,
    error_message,
    error_model,
    first_text,
)
from hipkit.transports.protocol import RawResponse, Request

__all__ = ["HTML_TYPES", "MAX_EXCERPT_BYTES", "REDIRECTS", "Reply", "SentCall"]

HTML_TYPES = ("text/html", "application/xhtml+xml")
REDIRECTS = (301, 302, 303, 307, 308)
CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})
PAGE = re.compile(
    r"(?i)(?:^[\ufeff\s]*<|<(?:!doctype|html|head|body|title|meta|script|form)\b)[^>]{0,1000}>\s*\S"
)
"""Matches a body that begins with markup or with a page's first tags, followed by content."""
MAX_EXCERPT_BYTES = 8_000
"""More than `redact` reads, so that it recognises a cut text."""
REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
}
NOT_JSON = object()
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
SCOPES = re.compile(r"scopes?:? *\[([^\]]*)\]")
"""HipChat's Python-style list: `[u'view_group', u'view_room']`."""
SCOPE = re.compile("[a-z]+_[a-z_]+")


class SentCall(Protocol):
    """A call whose request was sent; what only errors need is computed when they ask for it."""

    @property
    def operation(self) -> Operation[object]:
        """The operation, with its arguments."""

    @property
    def request_id(self) -> str:
        """The id of the call."""

    @property
    def request(self) -> Request:
        """The last request, whose public parts errors show."""

    @property
    def url(self) -> str:
        """The URL of the request, to resolve a relative redirect."""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Texts that no error may show, besides the operation's own."""

    def now(self) -> float:
        """Return the time in UNIX seconds."""


class Reply(msgspec.Struct, frozen=True, gc=False):
    """A response, with the call that it is for."""

    call: SentCall
    response: RawResponse

    @property
    def operation(self) -> Operation[object]:
        """The operation that was called."""
        return self.call.operation

    def check_success(self) -> None:
        """Check that a successful response without a documented body comes from the API.

        Servers of different years used different statuses, and some sent a body: both are
        accepted. But a sign-in page, a captive portal or the web server at a wrong URL answers
        200 to every request without carrying it out, and some gateways answer an error with 200.

        Raises:
            ResponseError: The body is a web page, or reports an error.
        """
        body = self.response.body
        if not body.strip():
            return
        self.check_no_error()
        if self._is_web_page() and _read(body) is NOT_JSON:
            raise self.unexpected(
                f"{self.response.status}, but the response is not one of the API"
            )

    def check_no_error(self, members: tuple[str, ...] = ()) -> None:
        """Check that a successful response does not hold an error instead of the result.

        Raises:
            ResponseError: The body reports an error and has none of the result's `members`.
        """
        body = self.response.body
        document = _read(body) if b'"error"' in body else NOT_JSON
        if not isinstance(document, dict) or not document.get("error"):
            return
        if document.keys().isdisjoint(members):
            details = error_details(document)
            message = first_text(
                details, "message", "error_description", "error", "type"
            )
            message = self._redact(message)
            problem = f"the body reports an error: {message or 'without a message'}"
            raise self.unexpected(f"{self.response.status}, but {problem}", "$.error")

    def redirect_target(self) -> str:
        """Return the absolute target of a redirect.

        Raises:
            ResponseError: There is none.
        """
        with suppress(KeyError, ValueError):
            target = urljoin(self.call.url, self.response.headers["location"])
            split_web_address(target)
            return target
        raise self.unexpected(
            f"{self.response.status}, but the redirect names no http or https URL"
        )

    def unexpected(self, problem: str, where: str = "") -> ResponseError:
        """Return the error for a response that is not one of the API, quoting its beginning."""
        error = ResponseError(
            f"{self.operation}: {problem}{self._beginning()}",
            operation=self.operation,
            where=where,
            status=self.response.status,
            body=self.response.body,
        )
        error.request_id = self.call.request_id
        return error

    def redirect_error(self) -> ResponseError:
        """Return the error for a redirect that is not followed."""
        leads = ""
        with suppress(KeyError, ValueError):
            parts = urlsplit(urljoin(self.call.url, self.response.headers["location"]))
            # User and password may precede the host, and the rest may repeat the request.
            host = parts.netloc.rpartition("@")[2]
            leads = f" to {self._redact(f'{parts.scheme}://{host}')}"
        return self.unexpected(
            f"unexpected answer {self.response.status}{leads}; "
            "redirects are not followed, check the base URL"
        )

    def api_error(self) -> ApiError:
        """Return the error that the server reports."""
        call, response = self.call, self.response
        operation, status = call.operation, response.status
        document = _read(response.body)
        details, message = error_details(document), error_message(document)
        shown = self._redact(message) or REASONS.get(status, "rejected")
        error = error_class(status)(
            f"{operation}: {status}, {shown}",
            message=message,
            status=status,
            type=first_text(details, "type", "error"),
            field=first_text(details, "field") or None,
            validation=first_text(details, "validation") or None,
            expected_type=details.get("expected_type"),
            operation=operation,
            headers=response.headers,
            body=response.body,
            model=error_model(operation, response),
            request=_summary(operation, call.request),
        )
        error._secrets = call.secrets
        error.request_id = call.request_id
        error.args = (f"{error}{self._next_step(error)}",)
        return error

    def is_html(self) -> bool:
        """Return whether the media type is that of a web page."""
        media_type = self.response.headers.get("content-type", "").partition(";")[0]
        return media_type.strip().lower() in HTML_TYPES

    def _next_step(self, error: ApiError) -> str:
        """Set which scopes are lacking or when calls are accepted; return a text that says so."""
        if isinstance(error, ForbiddenError):
            listed = SCOPES.search(error.message)
            error.scopes = tuple(SCOPE.findall(listed[1])) if listed else ()
            if not error.scopes and self.operation.scopes:
                error.scopes = self.operation.scopes
                return f"; the call needs one of the scopes {', '.join(error.scopes)}"
        if isinstance(error, RateLimitError):
            now = self.call.now()
            wait = seconds_until_allowed(self.response.headers, now)
            if wait is not None:
                at = datetime.fromtimestamp(min(now + wait, LATEST_UNIX_SECONDS), UTC)
                error.retry_at = at
                return f"; calls are accepted again at {at:%Y-%m-%d %H:%M:%S} UTC"
        if isinstance(error, ServerError):
            return f"; request id {self._shown_ids()}"
        return ""

    def _shown_ids(self) -> str:
        """Return the call's id, and the one that the server or a proxy uses if it differs."""
        sent = self.call.request_id
        other = self._redact(self.response.headers.get("x-request-id", ""))
        if other == sent or not REQUEST_ID.fullmatch(other):
            return sent
        return f"{sent}, on the server {other}"

    def _redact(self, text: str, *, is_page: bool = False) -> str:
        return redact(text, self.operation, self.call.secrets, is_page=is_page)

    def _is_web_page(self) -> bool:
        """Return whether this is a web page by its media type or by its first characters."""
        return self.is_html() or PAGE.search(_excerpt(self.response.body)) is not None

    def _beginning(self) -> str:
        """Return a description of a body that is not JSON, without private text."""
        if self.response.status in REDIRECTS:
            return ""
        import html  # Needed only for errors.

        content_type = self._redact(self.response.headers.get("content-type", ""))
        labelled = f" (Content-Type: {content_type or 'not given'!r})"
        text = _excerpt(self.response.body).lstrip("\ufeff \t\r\n")
        # Broken JSON may hold other users' messages.
        if not text or text.startswith(("{", "[", '"')):
            return "" if "json" in content_type else labelled
        # Unescaped, since a page may escape what it quotes in several ways.
        shown = self._redact(html.unescape(text), is_page=True)
        if not self._is_web_page():
            return f"{labelled}: {shown}"
        return (
            f"; this is a web page ({content_type or 'no Content-Type'}), not the API: "
            "is the base URL right, or does a proxy or sign-in page answer? "
            f"It begins: {shown}"
        )


def _excerpt(body: bytes) -> str:
    """Decode the beginning of a body for display."""
    is_wide = body.startswith((b"\xff\xfe", b"\xfe\xff"))
    return body[:MAX_EXCERPT_BYTES].decode("utf-16" if is_wide else "utf-8", "replace")


def _read(body: bytes) -> object:
    with suppress(ValueError, RecursionError):
        return parse_json(body)
    return NOT_JSON


def _summary(operation: Operation[object], request: Request) -> RequestSummary:
    names = (name.lower() for name, _ in request.all_headers)
    shown = tuple(name for name in names if name not in CREDENTIALS)
    return RequestSummary(request.method, operation.template(), shown)
