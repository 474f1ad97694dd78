"""Hides secrets in requests and responses that are shown on the page (pure).

A secret that can be read is hidden by its name. What cannot be read, because it is broken or of
an unknown kind, is shown up to the first word that may name a secret, and no further.
"""

from __future__ import annotations

import json
import re
from urllib.parse import unquote, unquote_plus

from hipkit.api.redaction import is_secret_name, mask_path
from hipkit.api.secret import HIDDEN

__all__ = [
    "mask_addresses",
    "mask_body",
    "mask_header",
    "mask_target",
    "readable",
]

SECRET_WORD = re.compile(
    r"passw|(?<!\w)pass(?!\w)|pwd|secret|token|(?<!\w)code(?!\w)|jwt|assertion"
    r"|(?:api|access|private)[_-]?key|credential"
    r"|signed_request|guest_access_url|temp_(?:download_)?url|signature|authorization|bearer|cookie|session"
    r"|\\u00",  # a letter that nobody needs to write so
    re.IGNORECASE,
)
ADDRESS_BEGINS = re.compile(r"\s*[a-zA-Z]+://|(?=\s*/)|(?=[^\s?]*\?)")
LOOKS_LIKE_FORM = re.compile(r"[^\s=&<>{}\"']+=")
FORM_PAIR = re.compile("[^&;]+")
NO_FORM_VALUE = re.compile(r"[\s<>{}\[\]\"']")
"""What a form escapes; a value that holds it may be something else."""
HOLDS_FIELDS = re.compile(r"\A\s*[{\[]|=")
"""The sign of JSON in a text, or of an address or form with fields of its own."""
MOST_ESCAPED = 3
"""How many layers of escapes are read."""
USER_IN_ADDRESS = re.compile(
    r"""((?::|%3A)(?:\\?/|%2F){2})(?:(?!%2F|%40)[^\s/?#@<>"'&\\])+(?=@|%40)""",
    re.IGNORECASE,
)
"""The name and password before an address's host; slashes may be escaped."""
SCHEME = re.compile("[A-Za-z_-]{1,16}")
"""A scheme such as `Bearer`; a longer word may be the token itself."""

JSON_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*(?:"|\\?$))  # also one that the end cuts off
        |(?P<mark>[{}\[\]:,])
        |(?P<word>[-+\w.]+)
    )""",
    re.VERBOSE | re.DOTALL,
)


def readable(raw: bytes) -> str:
    """Return bytes as text, with replacement characters for those of no text."""
    text = raw.decode("utf-8", "replace")
    return "".join(
        letter if letter.isprintable() or letter in "\r\n\t" else "\ufffd"
        for letter in text
    )


def mask_addresses(text: str) -> str:
    """Hide names and passwords before the hosts of addresses, anywhere in a text."""
    return USER_IN_ADDRESS.sub(rf"\1{HIDDEN}", text)


def mask_target(target: str) -> str:
    """Hide the secret segments of a path, and the secrets in its query."""
    path, mark, query = target.partition("?")
    # Doubled slashes and needless escapes lead to the same operation. And a program may write
    # `&auth_token=` without a question mark before it: then the path holds what a query would.
    plain = re.sub(r"/(?:\.?/)+", "/", unquote(path))
    masked = _mask_form(mask_path(plain))
    return (path if masked == plain else masked) + mark + _mask_form(query)


def mask_header(name: bytes, value: bytes) -> str:
    """Hide a header's secret."""
    shown = value.decode("latin-1")
    if name == b"authorization":
        scheme, space, _ = shown.partition(" ")
        is_scheme = space and SCHEME.fullmatch(scheme)
        return f"{scheme} {HIDDEN}" if is_scheme else HIDDEN
    if is_secret_name(name.decode("latin-1")):
        return HIDDEN
    if name == b"user-agent":
        return _up_to_secret(shown)
    begins = ADDRESS_BEGINS.match(shown)
    if begins is None:
        return shown
    return begins[0] + mask_target(shown[begins.end() :].replace("#", "?", 1))


def mask_body(text: str, *, is_cut: bool) -> str:
    """Hide the secrets in a body, or in its beginning if there was more of it.

    The body itself shows how to read it: its Content-Type may be wrong.
    """
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        if is_cut or _is_json(text):
            return _mask_json(text)
    elif LOOKS_LIKE_FORM.match(text):
        return _mask_form(text)
    return _up_to_secret(text)


def _unescaped(text: str) -> str:
    for _ in range(MOST_ESCAPED):
        text = unquote_plus(text)
    return text


def _up_to_secret(text: str) -> str:
    found = SECRET_WORD.search(text)
    if found is not None:
        return text[: found.end()] + HIDDEN
    return HIDDEN if SECRET_WORD.search(_unescaped(text)) else text


def _mask_form(form: str) -> str:
    # Some programs put semicolons between the fields.
    return FORM_PAIR.sub(lambda found: _mask_pair(found[0]), form)


def _mask_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    if value and is_secret_name(_unescaped(name)):
        value = HIDDEN
    elif NO_FORM_VALUE.search(value) or HOLDS_FIELDS.search(_unescaped(value)):
        value = _up_to_secret(value)
    return name + equals + value


def _is_json(text: str) -> bool:
    try:
        json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return False
    return True


def _mask_json(text: str) -> str:
    """Hide the values of secret names in JSON, which may be cut off anywhere.

    At the first mark that JSON does not have, reading ends. If a secret name came before, all
    that follows is hidden, however far away.
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
            shown.append(_mask_inner(found[0], found["text"]))
            if mark != ":":
                name = _secret_name(found["text"]) if before != ":" else ""
                has_secret = has_secret or bool(name)
        before = mark
    return "".join(shown)


def _mask_inner(written: str, quoted: str | None) -> str:
    """Hide what follows a secret name in a text that is JSON or a form again."""
    if quoted is None or HOLDS_FIELDS.search(quoted[1:]) is None:
        return written
    try:
        text = str(json.loads(quoted))
    except ValueError:
        # The end cut it off: its escapes count as signs of a secret.
        return _up_to_secret(written)
    masked = _up_to_secret(text)
    return written if masked == text else json.dumps(masked)


def _secret_name(quoted: str | None) -> str:
    """Return a member's name if it is that of a secret, or cannot be read."""
    if quoted is None:
        return ""
    try:
        name = str(json.loads(quoted))
    except ValueError:
        return quoted
    return name if is_secret_name(name) else ""
