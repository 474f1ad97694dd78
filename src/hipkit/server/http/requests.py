"""A request as it came, and the little that is read of it before it is known what it means."""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import parse_qsl

from hipkit.api.errors import BadRequestError
from hipkit.server.services.access.authentication import Credentials

__all__ = [
    "Message",
    "Receive",
    "Request",
    "Scope",
    "Send",
    "describe_decode_error",
    "parse_fields",
    "parse_pairs",
]

Scope = MutableMapping[str, object]
Message = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
MOST_FIELDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request."""

    method: str
    path: bytes
    """As it stood on the request line, without the query and what the server is mounted at."""
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    """Names in lower case; of several with one name, the first."""
    root: str
    """Scheme and host that the client used, and what the server is mounted at."""
    peer: str
    receive: Receive

    @classmethod
    def from_scope(cls, scope: Scope, receive: Receive) -> Request:
        """Read what the HTTP server says about a request.

        Raises:
            BadRequestError: The query cannot be read.
        """
        headers: dict[str, str] = {}
        for name, value in cast("list[tuple[bytes, bytes]]", scope["headers"]):
            # An HTTP server gives names in lower case.
            headers.setdefault(name.decode("latin-1"), value.decode("latin-1"))
        mount = cast("str", scope.get("root_path") or "")
        path = cast("bytes", scope.get("raw_path") or b"").partition(b"?")[0]
        query = cast("bytes", scope.get("query_string") or b"")
        client = cast("tuple[str, int] | None", scope.get("client"))
        return cls(
            method=cast("str", scope["method"]).upper(),
            path=path.removeprefix(mount.encode()),
            query=_grouped(
                parse_pairs(query, what="query", most=MOST_FIELDS, encoding="ascii")
            )
            if query
            else {},
            headers=headers,
            root=_root(scope, headers) + mount,
            peer="" if client is None else client[0],
            receive=receive,
        )

    def check_query(self) -> None:
        """Refuse a query with a NUL character, whoever reads the argument.

        Operations look at each argument that they read, and pass over the others.

        Raises:
            BadRequestError: It has one.
        """
        _refuse_nul(self.query, "query")

    def first(self, name: str) -> str | None:
        """Return a query argument's first value."""
        values = self.query.get(name)
        return values[0] if values else None

    def bearer(self) -> str | None:
        """Return the token that came along, in the header or the query."""
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and token.strip():
            return token.strip()
        return self.first("auth_token") or None

    def credentials(self) -> Credentials | None:
        """Return the client id and secret that came along.

        Raises:
            BadRequestError: The header is not what it says.
        """
        kind, _, encoded = self.headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            text = base64.b64decode(encoded.strip(), validate=True).decode()
        except ValueError as error:
            raise BadRequestError("The Authorization header is not base64") from error
        client_id, _, secret = text.partition(":")
        return Credentials(client_id=client_id, secret=secret)


def parse_pairs(
    text: bytes, *, what: str, most: int, encoding: str = "utf-8"
) -> list[tuple[str, str]]:
    """Read a query or a form: names with values, in their order.

    Args:
        text: As it came.
        what: What an error calls it.
        most: How many fields it may have.
        encoding: Of what is not escaped; what is escaped has to be UTF-8.

    Raises:
        BadRequestError: It has more, or cannot be read.
    """
    try:
        return parse_qsl(
            text.decode(encoding),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=most,
        )
    except UnicodeDecodeError as error:
        told = describe_decode_error(error)
        raise BadRequestError(
            f"The {what} cannot be decoded as UTF-8: {told}"
        ) from None
    except ValueError as error:
        raise BadRequestError(f"The {what} has more than {most} fields") from error


def describe_decode_error(error: UnicodeDecodeError) -> str:
    """Return what is wrong, with the place, as Python 2 told HipChat: it called UTF-8 `utf8`."""
    return str(error).replace("'utf-8'", "'utf8'", 1)


def parse_fields(text: bytes, *, what: str, most: int) -> dict[str, list[str]]:
    """Read a form like `parse_pairs`, all values of a name together.

    Raises:
        BadRequestError: It has too many fields, holds a NUL character, or cannot be read.
    """
    found = _grouped(parse_pairs(text, what=what, most=most))
    _refuse_nul(found, what)
    return found


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _refuse_nul(fields: Mapping[str, list[str]], what: str) -> None:
    if any("\0" in value for values in fields.values() for value in values):
        raise BadRequestError(f"The {what} holds a NUL character")


def _root(scope: Scope, headers: Mapping[str, str]) -> str:
    host = headers.get("host", "")
    if HOST.fullmatch(host) is None:
        # Nothing that could end up in a link as more than a host.
        server = cast("tuple[str, int | None] | None", scope.get("server"))
        name, port = server or ("localhost", None)
        host = f"[{name}]" if ":" in name else name
        host += f":{port}" if port else ""
    return f"{'https' if scope.get('scheme') == 'https' else 'http'}://{host}"
