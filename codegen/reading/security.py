"""What an operation needs: a token, an API key, a user and password, or nothing.

A document that declares nothing needs nothing, whatever its API does; `x-auth` and the command's
`--auth` say otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from codegen.reading.document import Node, SpecError

AUTH = ("bearer", "basic", "none")
"""What `x-auth` and `--auth` may say."""
ORDER = ("bearer", "basic", "key")
BEARER_TYPES = ("oauth2", "openIdConnect")
PLACES = ("header", "query", "cookie")
COOKIE_OR_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"


@dataclass(frozen=True, slots=True)
class Access:
    """How an operation is authorised, in the words of `hipkit.api.operation`."""

    auth: str
    key_in: tuple[str, str] | None = None
    """Where an API key goes, and under which name."""
    is_optional: bool = False


NOTHING = Access("none")


def access_of(operation: Node, default: str = "none") -> Access:
    """Return what an operation needs; `default` if nothing is declared."""
    root = operation.document.root
    declared = operation.get("x-auth")
    if declared is None and not operation.has("security"):
        declared = root.get("x-auth")
    if declared is not None:
        if declared.value not in AUTH:
            raise declared.error("must be 'bearer', 'basic' or 'none'")
        return Access(str(declared.value))
    security = operation.get("security") or root.get("security")
    if security is None:
        return Access(default)
    alternatives = security.elements()
    if not alternatives:
        return NOTHING
    needed = [each for each in alternatives if list(each.items())]
    found: list[Access] = []
    errors: list[SpecError] = []
    for requirement in needed:
        try:
            found.append(_access(root, requirement))
        except SpecError as error:
            errors.append(error)
    if needed and not found:
        raise errors[0]
    # A token, where there is a choice: a key in an address ends up in logs.
    access = min(found, key=lambda each: ORDER.index(each.auth), default=NOTHING)
    return replace(access, is_optional=len(needed) < len(alternatives) and bool(found))


def _access(root: Node, requirement: Node) -> Access:
    (name, place), *others = requirement.items()
    if others:
        raise requirement.error(
            "several credentials at once are not supported; require one of them"
        )
    owner: Node | None = root.get("components")
    schemes = root.get("securityDefinitions") or (
        owner.get("securitySchemes") if owner else None
    )
    scheme = schemes.get(name) if schemes else None
    if scheme is None:
        raise place.error(f"no security scheme is called {name!r}; define it")
    scheme = scheme.follow()
    kind = scheme.text("type")
    if kind in BEARER_TYPES:
        return Access("bearer")
    if kind == "basic":
        return Access("basic")
    if kind == "http":
        word = scheme.text("scheme").lower()
        if word in ("bearer", "basic"):
            return Access(word)
        raise scheme.error(
            f"the scheme {word!r} is not supported; use 'bearer' or 'basic'"
        )
    if kind == "apiKey":
        where, key = scheme.text("in"), scheme.text("name")
        if where not in PLACES or not key:
            raise scheme.error("a key needs 'in' (header, query or cookie) and 'name'")
        if where != "query" and not re.fullmatch(COOKIE_OR_HEADER_NAME, key):
            raise scheme.error(f"{key!r} is not a valid name of a {where}; correct it")
        return Access("key", (where, key))
    raise scheme.error(
        f"security of the type {kind!r} is not supported; use bearer, basic or apiKey"
    )
