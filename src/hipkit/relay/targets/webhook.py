"""The plain webhook: all that is known of a message, as signed JSON for own programs (pure).

It is signed as the Standard Webhooks specification 1.0 says, so that libraries for it can check it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from hipkit.api.secret import Secret
from hipkit.relay.markup.cutting import fit
from hipkit.relay.markup.html import write_html
from hipkit.relay.markup.marked_text import text_as_typed
from hipkit.relay.markup.tree import Node
from hipkit.relay.message import (
    Attribute,
    RelayCard,
    RelayFile,
    RelayMessage,
    RelayPicture,
)
from hipkit.relay.targets.answers import read_status
from hipkit.relay.targets.protocol import (
    Answer,
    HttpCall,
    Limit,
    RenderOptions,
    Reply,
    Settings,
    Target,
)

__all__ = ["Webhook", "WebhookSettings", "sign"]

MOST_CHARACTERS = 100_000
"""Of text and HTML, each."""
PREFIX = "whsec_"
"""What a secret in Base64 begins with."""


class WebhookSettings(Settings, frozen=True, kw_only=True):
    """An address, and the secret that proves to it who calls."""

    url: Secret
    secret: Secret
    """The key of the signature: `whsec_` and Base64, or any other text as it is."""

    def __post_init__(self) -> None:
        address = urlsplit(self.url.reveal())
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise ValueError("url is no address: it begins with https://")
        if len(_key(self.secret)) < 16:
            raise ValueError("secret is shorter than 16 bytes: openssl rand -hex 32")


class Webhook(Target[WebhookSettings]):
    """A program at an address."""

    name: ClassVar[str] = "webhook"
    settings: ClassVar[type[Settings]] = WebhookSettings
    pace_seconds: ClassVar[float] = 0.0
    is_idempotent: ClassVar[bool] = False
    can_tell_repeats: ClassVar[bool] = True
    uploads_bytes: ClassVar[int] = 0
    limits: ClassVar[tuple[Limit, ...]] = (
        Limit(place="data.text", most=MOST_CHARACTERS),
        Limit(place="data.html", most=MOST_CHARACTERS),
    )

    def render(
        self, message: RelayMessage, settings: WebhookSettings, options: RenderOptions
    ) -> HttpCall:
        """Return a signed POST; refused before, it is without HTML, card and files."""
        body = msgspec.json.encode(_body(message, options))
        seconds = int((options.now or message.sent_at).timestamp())
        return HttpCall(
            method="POST",
            url=settings.url,
            headers=(
                ("Content-Type", "application/json"),
                ("webhook-id", message.id),
                ("webhook-timestamp", str(seconds)),
                ("webhook-signature", sign(settings.secret, message.id, seconds, body)),
            ),
            body=body,
        )

    def render_upload(self, file: RelayFile, settings: WebhookSettings) -> HttpCall:
        """Raise: files are linked."""
        raise NotImplementedError("a webhook's files are linked")

    def read(self, reply: Reply) -> Answer:
        """Return what the status means; the body is not read."""
        return read_status(reply)

    def read_upload(self, reply: Reply) -> Answer:
        """Raise: files are linked."""
        raise NotImplementedError("a webhook's files are linked")

    def host(self, settings: WebhookSettings) -> str:
        """Return the host of the address."""
        return urlsplit(settings.url.reveal()).hostname or ""


def sign(secret: Secret, id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a webhook, `v1,` and HMAC-SHA256 in Base64.

    Args:
        secret: As in the settings.
        id: The header `webhook-id`.
        timestamp: The header `webhook-timestamp`, UNIX seconds.
        body: The request's body, byte for byte.
    """
    signed = b"%s.%d.%s" % (id.encode(), timestamp, body)
    digest = hmac.digest(_key(secret), signed, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def _body(message: RelayMessage, options: RenderOptions) -> dict[str, Any]:
    """Return what is sent: the fields that the reference describes, every one always there."""
    text = fit(message.body, text_as_typed, MOST_CHARACTERS, link=message.link)
    data: dict[str, Any] = {
        "id": message.id,
        "room": message.room,
        "from": message.sender,
        "label": message.label,
        "title": message.title,
        "avatar_url": message.avatar_url,
        "color": message.color,
        "level": message.level,
        "notify": message.loud and options.notify != "never",
        "text": text,
        "html": None,
        "card": None,
        "files": [],
        "link": message.link,
        "thread": message.thread,
    }
    if not options.plain:
        data["html"] = fit(
            message.body, _write_html, MOST_CHARACTERS, link=message.link
        )
        data["card"] = None if message.card is None else _card(message.card)
        data["files"] = [_file(file) for file in message.files]
    sent_at = message.sent_at.isoformat().replace("+00:00", "Z")
    return {"type": message.kind, "timestamp": sent_at, "data": data}


def _card(card: RelayCard) -> dict[str, Any]:
    return {
        "id": card.id,
        "style": card.style,
        "title": card.title,
        "url": card.url,
        "description": fit(card.description, _write_html, MOST_CHARACTERS),
        "activity": fit(card.activity, _write_html, MOST_CHARACTERS),
        "attributes": [_attribute(each) for each in card.attributes],
        "icon": _picture(card.icon),
        "thumbnail": _picture(card.thumbnail),
    }


def _attribute(attribute: Attribute) -> dict[str, Any]:
    return {
        "label": attribute.label,
        "value": attribute.value,
        "url": attribute.url,
        "icon": _picture(attribute.icon),
        "level": attribute.level,
    }


def _picture(picture: RelayPicture | None) -> dict[str, Any] | None:
    if picture is None:
        return None
    return {
        "url": picture.url,
        "url_2x": picture.url_2x,
        "width": picture.width,
        "height": picture.height,
    }


def _file(file: RelayFile) -> dict[str, Any]:
    # Its key is left out: it names a place in the server's own storage.
    return {
        "name": file.name,
        "size_bytes": file.size_bytes,
        "content_type": file.content_type,
        "url": file.url,
    }


def _write_html(nodes: Sequence[Node]) -> str:
    return write_html(nodes, shows_pictures=True)


def _key(secret: Secret) -> bytes:
    text = secret.reveal()
    if not text.startswith(PREFIX):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        # From the error's cause nothing of the secret can be read.
        raise ValueError(f"secret begins with {PREFIX}, but is not Base64") from None
