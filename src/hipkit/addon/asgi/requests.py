"""A request to the add-on: its path below the add-on's root, and its body with a limit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

__all__ = [
    "BadFormError",
    "BodyTooLargeError",
    "DisconnectedError",
    "HttpRequest",
    "Receive",
    "Scope",
    "Send",
    "read_fields",
    "relative_path",
]

# ASGI's own terms: a message is a dictionary, whose members depend on its type.
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 1_000


class BodyTooLargeError(Exception):
    """The body is larger than allowed."""


class BadFormError(Exception):
    """A query or form cannot be read."""


class DisconnectedError(Exception):
    """The client went away before its request was complete."""


class HttpRequest:
    """A request.

    Args:
        scope: ASGI's description of it.
        receive: Returns the parts of its body.
        base_path: The path of the add-on's address, which a proxy may or may not have removed.
    """

    def __init__(self, scope: Scope, receive: Receive, base_path: str) -> None:
        root = str(scope.get("root_path") or "")
        path = relative_path(str(scope["path"]), (root, base_path))
        self.method: str = scope["method"]
        self.parts: tuple[str, ...] = tuple(path.strip("/").split("/"))
        """The parts of the path below the add-on's root, decoded."""
        self.query: str = scope.get("query_string", b"").decode("latin-1")
        self.headers: list[tuple[bytes, bytes]] = [
            (bytes(name).lower(), bytes(value))
            for name, value in scope.get("headers", ())
        ]
        self._first = dict(reversed(self.headers))
        """The first value of each header."""
        self._receive = receive

    def header(self, name: str) -> str:
        """Return the first value of a header; empty if there is none."""
        value = self._first.get(name.lower().encode(), b"")
        return value.decode("latin-1").strip()

    @property
    def is_form(self) -> bool:
        """Whether the body is a form."""
        return self.header("content-type").partition(";")[0].strip().lower() == FORM

    async def read_body(self, limit: int) -> bytes:
        """Return the body.

        Args:
            limit: Its maximum size in bytes.

        Raises:
            BodyTooLargeError: It is larger.
            DisconnectedError: It is not complete.
        """
        declared = self.header("content-length")
        if declared.isdecimal() and (len(declared) > 18 or int(declared) > limit):
            raise BodyTooLargeError
        chunks: list[bytes] = []
        left = limit
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise DisconnectedError
            chunk = bytes(message.get("body", b""))
            left -= len(chunk)
            if left < 0:
                raise BodyTooLargeError
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)


def relative_path(path: str, prefixes: Iterable[str]) -> str:
    """Return a path without the first of some prefixes that it begins with.

    Servers and frameworks differ in whether the path of a mounted app begins with the place where
    it is mounted, and proxies in whether they remove it.
    """
    for prefix in prefixes:
        prefix = prefix.rstrip("/")
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            return path[len(prefix) :]
    return path


def read_fields(text: str | bytes) -> dict[str, str]:
    """Return the fields of a query or form; the last one of each name.

    Raises:
        BadFormError: There are too many, or a character is not UTF-8.
    """
    try:
        decoded = text if isinstance(text, str) else text.decode("ascii")
        return dict(
            parse_qsl(
                decoded,
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MOST_FIELDS,
            )
        )
    except ValueError:
        raise BadFormError from None
