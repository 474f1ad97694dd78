"""A request as the HTTP server passes it on: query, headers, token, and where it came from."""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
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
    bearer: str | None = field(repr=False)
    """The token that came along, in the header or the query."""
    credentials: Credentials | None
    """The client id and secret that came along."""
    has_bad_credentials: bool
    """Whether they could not be read. That is an error only where they are needed: programs
    behind a proxy send a password for something else beside their `auth_token`."""
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
        query: dict[str, list[str]] = {}
        if raw_query := cast("bytes", scope.get("query_string") or b""):
            query = _grouped(
                parse_pairs(raw_query, what="query", most=MOST_FIELDS, encoding="ascii")
            )
        kind, _, secret = headers.get("authorization", "").partition(" ")
        kind, secret = kind.lower(), secret.strip()
        bearer = secret if kind == "bearer" else ""
        credentials = _read_credentials(secret) if kind == "basic" else None
        client = cast("tuple[str, int] | None", scope.get("client"))
        return cls(
            method=cast("str", scope["method"]).upper(),
            path=path.removeprefix(mount.encode()),
            query=query,
            headers=headers,
            bearer=bearer or query.get("auth_token", [""])[0] or None,
            credentials=credentials,
            has_bad_credentials=kind == "basic" and credentials is None,
            root=_root(scope, headers) + mount,
            peer="" if client is None else client[0],
            receive=receive,
        )

    def check_query(self) -> None:
        """Check that no argument of the query holds a NUL character.

        Operations check each argument that they read, and pass over the others.

        Raises:
            BadRequestError: It has one.
        """
        _check_no_nul(self.query, "query")


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
        problem = describe_decode_error(error)
        raise BadRequestError(
            f"The {what} cannot be decoded as UTF-8: {problem}"
        ) from None
    except ValueError as error:
        raise BadRequestError(f"The {what} has more than {most} fields") from error


def describe_decode_error(error: UnicodeDecodeError) -> str:
    """Return what is wrong, and where, as HipChat's Python 2 wrote it: it called UTF-8 `utf8`."""
    return str(error).replace("'utf-8'", "'utf8'", 1)


def _read_credentials(encoded: str) -> Credentials | None:
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except ValueError:
        return None
    client_id, _, secret = text.partition(":")
    return Credentials(client_id=client_id, secret=secret)


def parse_fields(text: bytes, *, what: str, most: int) -> dict[str, list[str]]:
    """Read a form like `parse_pairs`, all values of a name together.

    Raises:
        BadRequestError: It has too many fields, holds a NUL character, or cannot be read.
    """
    found = _grouped(parse_pairs(text, what=what, most=most))
    _check_no_nul(found, what)
    return found


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _check_no_nul(fields: Mapping[str, list[str]], what: str) -> None:
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
