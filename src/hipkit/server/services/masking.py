"""Hides secrets in requests and answers that somebody looks at (pure).

What can be read is hidden by its name. What cannot be read, because it is broken or of an
unknown kind, is shown up to the first word that may name a secret, and no further.
"""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qsl, unquote, unquote_plus

from hipkit.model import HIDDEN
from hipkit.redaction import mask_path

__all__ = [
    "HIDDEN",
    "mask_body",
    "mask_header",
    "mask_target",
    "readable",
    "tokens_in_query",
]

SECRET_NAME = re.compile(
    r"passw|secret|token$|^code$|^jwt$|assertion|apikey|signedrequest"
    r"|guestaccessurl|authorization|cookie|session"
)
SECRET_WORD = re.compile(
    r"passw|secret|token|(?<!\w)code(?!\w)|jwt|assertion|api_?key"
    r"|signed_request|guest_access_url|authorization|bearer|cookie|session"
    r"|\\u00",  # a letter that nobody needs to write so
    re.IGNORECASE,
)
LOOKS_LIKE_FORM = re.compile(r"[^\s=&<>{}\"']+=")
NO_FORM_VALUE = re.compile(r"[\s<>{}\[\]\"']")
"""What a form writes in another way; where it stands the value may be something else."""

JSON_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*(?:"|\\?$))  # also one that the end cuts off
        |(?P<mark>[{}\[\]:,])
        |(?P<word>[-+\w.]+)
    )""",
    re.VERBOSE | re.DOTALL,
)


def readable(raw: bytes) -> str:
    """Return bytes as text; what is none, such as a file's, as replacement characters."""
    text = raw.decode("utf-8", "replace")
    return "".join(
        letter if letter.isprintable() or letter in "\r\n\t" else "\ufffd"
        for letter in text
    )


def tokens_in_query(target: str) -> list[str]:
    """Return the tokens that a path's query holds."""
    pairs = parse_qsl(target.partition("?")[2], errors="replace")
    return [value for name, value in pairs if name in ("auth_token", "access_token")]


def mask_target(target: str) -> str:
    """Hide the secret segments of a path, and the secrets in its query."""
    path, mark, query = target.partition("?")
    # Doubled slashes and needless escapes lead to the same operation.
    plain = unquote(re.sub("/+", "/", path))
    masked = mask_path(plain)
    return (path if masked == plain else masked) + mark + _mask_form(query)


def mask_header(name: bytes, value: bytes) -> str:
    """Hide a header's secret."""
    shown = value.decode("latin-1")
    if name == b"authorization":
        scheme, space, _ = shown.partition(" ")
        return f"{scheme} {HIDDEN}" if space else HIDDEN
    if _is_secret(name.decode("latin-1")):
        return HIDDEN
    return mask_target(shown) if "?" in shown else shown


def mask_body(text: str, *, is_cut: bool) -> str:
    """Hide the secrets in a body, or in its beginning if there was more of it.

    What it looks like counts, and not what it is said to be.
    """
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        if is_cut or _is_json(text):
            return _mask_json(text)
    elif LOOKS_LIKE_FORM.match(text):
        return _mask_form(text)
    return _up_to_secret(text)


def _is_secret(name: str) -> bool:
    return SECRET_NAME.search(re.sub("[-_ ]", "", name).lower()) is not None


def _up_to_secret(text: str) -> str:
    found = SECRET_WORD.search(text)
    if found is not None:
        return text[: found.end()] + HIDDEN
    return HIDDEN if SECRET_WORD.search(unquote(text)) else text


def _mask_form(form: str) -> str:
    return "&".join(map(_mask_pair, form.split("&")))


def _mask_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    if value and _is_secret(unquote_plus(name)):
        value = HIDDEN
    elif NO_FORM_VALUE.search(value) or unquote(value)[:1] in ("{", "["):
        value = _up_to_secret(value)
    return name + equals + value


def _is_json(text: str) -> bool:
    try:
        json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return False
    return True


def _mask_json(text: str) -> str:
    """Hide the values of secret names in JSON, which may end anywhere.

    From the first mark that JSON does not have nothing is certain any more: then all that
    follows a secret name is hidden, however far away.
    """
    shown: list[str] = []
    place = depth = 0
    name = before = ""
    has_secret = False
    text = text.rstrip()
    while place < len(text):
        found = JSON_TOKEN.match(text, place)
        if found is None:
            rest = text[place:]
            shown.append(HIDDEN if has_secret or depth else _up_to_secret(rest))
            break
        place = found.end()
        mark = found["mark"] or ""
        is_opening = mark != "" and mark in "{["
        if depth:
            depth += 1 if is_opening else -1 if mark and mark in "}]" else 0
        elif name and is_opening:
            depth, name = 1, ""
            shown.append(f' "{HIDDEN}"')
        elif name and not mark:
            # The code of an error is a number; that of a grant is not.
            is_number = found["word"] is not None and name == "code"
            shown.append(found[0] if is_number else f' "{HIDDEN}"')
            name = ""
        else:
            shown.append(found[0])
            if mark != ":":
                name = _secret_name(found["text"]) if before != ":" else ""
                has_secret = has_secret or bool(name)
        before = mark
    return "".join(shown)


def _secret_name(quoted: str | None) -> str:
    """Return a member's name if it is that of a secret, or cannot be read."""
    if quoted is None:
        return ""
    try:
        name = str(json.loads(quoted))
    except ValueError:
        return quoted
    return name if _is_secret(name) else ""
