"""A call that is not in the spec: the caller gives method and path, the rest is as usual."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import quote, urlencode

import msgspec
from msgspec import UNSET, UnsetType

from hipkit.api.addresses import KEPT_IN_PATHS, has_dot_segment
from hipkit.api.bodies.writing import check_timestamp
from hipkit.api.operation import Auth, Operation, RequestParts
from hipkit.api.redaction import mask_path, secret_segments

__all__ = ["FreeRequest"]


class FreeRequest(Operation[object], frozen=True):
    """Any method on any path below the base URL.

    Args:
        verb: The HTTP method.
        route: The path, starting with `/`. Percent-encoded parts stay as they are; other
            characters are encoded.
        arguments: The query's names and values.
        json: The body, sent as JSON. Defaults to no body.
        authorize: `bearer` sends the token, `none` does not.
    """

    operation_id = "request"
    tag = ""
    method = ""
    path = ""
    result = object

    verb: str
    route: str
    arguments: Mapping[str, str | int | bool] | None = None
    json: object | UnsetType = UNSET
    authorize: Auth = "bearer"

    # Any of its names and values may be a secret.
    private_query = True
    secrets = frozenset({"route", "arguments", "json"})

    def __post_init__(self) -> None:
        if not (self.verb.isascii() and self.verb.isalpha()):
            raise ValueError("the method must be a token such as GET")
        for name, value in (self.arguments or {}).items():
            if not isinstance(value, (str, int, float)):
                raise TypeError(
                    f"the query argument {name!r} must be a string or a number"
                )
        path = self.route.partition("?")[0]
        if path[:1] != "/" or "#" in self.route or not self.route.isprintable():
            raise ValueError(
                "the path must start with '/' and have no '#' or control character"
            )
        if has_dot_segment(path):
            raise ValueError(
                "the path must not have '.' or '..' as a segment: it would address another path"
            )

    @property
    def auth(self) -> Auth:  # type: ignore[override]  # it varies between calls here
        """Whether the token is sent, as the argument says."""
        return self.authorize

    def _call(self) -> RequestParts:
        path, mark, query = self.route.partition("?")
        target = quote(path, safe=KEPT_IN_PATHS) + mark
        target += quote(query, safe=KEPT_IN_PATHS + "?")
        if self.arguments:
            pairs = {
                name: str(value).lower() if isinstance(value, bool) else value
                for name, value in self.arguments.items()
            }
            target += "&" if mark else "?"
            target += urlencode(pairs, quote_via=quote, safe="")
        _check_offsets(self.json)
        if isinstance(self.json, UnsetType):
            return RequestParts(self.verb.upper(), target, (), None)
        headers = (("Content-Type", "application/json"),)
        content = msgspec.json.encode(self.json)
        return RequestParts(self.verb.upper(), target, headers, content)

    def private_values(self) -> Iterator[object]:
        """Yield the values that must not be quoted: query values, the body, secrets in the path."""
        yield self.arguments
        yield self.json
        yield secret_segments(self.route)

    def secret_values(self) -> Iterator[object]:
        """Yield the same values, since any of them may be a secret."""
        return self.private_values()

    def shown_target(self) -> str:
        """Return the path with its secret segments hidden, and no query."""
        return mask_path(self.route.partition("?")[0])

    def template(self) -> str:
        """Return the path with its secret segments hidden; the other variable parts are unknown."""
        return self.shown_target()

    def __str__(self) -> str:
        return f"{self.verb.upper()} {self.shown_target()}"

    def __repr__(self) -> str:
        return f"FreeRequest({self.verb.upper()!r}, {self.shown_target()!r})"


def _check_offsets(value: object) -> None:
    """Check that every timestamp inside the value has a UTC offset.

    Raises:
        ValueError: One has none.
    """
    if isinstance(value, datetime):
        check_timestamp("a timestamp in json", value)
    elif isinstance(value, (Mapping, list, tuple)):
        for item in value.values() if isinstance(value, Mapping) else value:
            _check_offsets(item)
