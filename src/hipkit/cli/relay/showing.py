"""Show what would be sent to a target, without any secret of the route (pure)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import quote, urlsplit

import msgspec

from hipkit.api.secret import HIDDEN, Secret
from hipkit.relay.targets.protocol import (
    FILE_MARK,
    AppriseCall,
    HttpCall,
    Mail,
    Rendered,
    Settings,
)

__all__ = ["show_rendered", "shown_lines"]

PRIVATE_HEADER = re.compile(r"auth|cookie|key|secret|sign|token", re.IGNORECASE)
LONGEST_TEXT = 20_000
INDENT = "  "


def show_rendered(rendered: Rendered, settings: Settings) -> dict[str, object]:
    """Return what a target rendered as a JSON object, with `***` in place of secrets.

    Args:
        rendered: The request, mail or notification.
        settings: The route's settings of the target, which hold its secrets.
    """
    mask = _Mask(settings.secrets)
    match rendered:
        case HttpCall():
            shown: dict[str, object] = {
                "method": rendered.method,
                "url": mask.url(rendered.url.reveal()),
                "headers": {
                    name: HIDDEN if PRIVATE_HEADER.search(name) else mask.text(value)
                    for name, value in rendered.headers
                },
                "body": mask.body(rendered.body),
            }
            if rendered.file is not None:
                shown["files"] = [rendered.file.name]
            return shown
        case Mail():
            message = rendered.message
            return {
                "server": f"{rendered.host}:{rendered.port}",
                "recipients": list(rendered.recipients),
                "headers": {
                    name: mask.text(str(value)) for name, value in message.items()
                },
                "body": mask.text(_text_of(message)),
                "files": [file.name for file in rendered.files],
            }
        case AppriseCall():
            return {
                "url": HIDDEN,
                "type": rendered.type,
                "title": mask.text(rendered.title),
                "body": mask.text(rendered.text),
            }


def shown_lines(shown: dict[str, object]) -> Iterator[str]:
    """Yield an object of `show_rendered` as lines to read."""
    first = [
        str(shown[name])
        for name in ("method", "server", "type", "url")
        if name in shown
    ]
    yield " ".join(first)
    headers = shown.get("headers")
    if isinstance(headers, dict):
        for name, value in headers.items():
            yield f"{INDENT}{name}: {value}"
    if "server" in shown:
        yield ""
    if "title" in shown:
        yield f"{INDENT}{shown['title']}"
    body = shown["body"]
    text = (
        body
        if isinstance(body, str)
        else json.dumps(body, indent=2, ensure_ascii=False)
    )
    for line in text.splitlines():
        yield f"{INDENT}{line}"
    files = shown.get("files")
    if isinstance(files, list):
        for name in files:
            yield f"{INDENT}with {name}"


@dataclass(frozen=True, slots=True)
class _Mask:
    secrets: tuple[Secret, ...]

    def text(self, text: str) -> str:
        """Return a text without the secrets, however they are written in it."""
        for secret in self.secrets:
            for written in _spellings(secret):
                text = text.replace(written.reveal(), HIDDEN)
        return text

    def url(self, url: str) -> str:
        """Return a URL: what is left of it without secrets, after its host."""
        masked = self.text(url)
        if not masked.startswith(HIDDEN):
            return masked
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]  # The port is not in `hostname`.
        return f"{parts.scheme}://{host}/{masked}"

    def body(self, body: bytes) -> object:
        """Return a body: as it is in JSON, else its text."""
        text = self.text(body.replace(FILE_MARK, b"...").decode("utf-8", "replace"))
        try:
            found: object = msgspec.json.decode(text)
        except (ValueError, RecursionError):
            return text[:LONGEST_TEXT]
        return found


def _spellings(secret: Secret) -> tuple[Secret, ...]:
    """Return a secret as it is, as in JSON, and as in a URL."""
    return (
        secret,
        Secret(json.dumps(secret.reveal())[1:-1]),
        Secret(json.dumps(secret.reveal(), ensure_ascii=False)[1:-1]),
        Secret(quote(secret.reveal(), safe="")),
        Secret(quote(secret.reveal())),
    )


def _text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    return "" if part is None else str(part.get_content())[:LONGEST_TEXT]
