"""A server in relay mode, and what programs send to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hipkit.api.secret import Secret
from hipkit.server.senders import SenderSettings, SenderToken
from tests.unit.server.asgi import RawResponse, Site

MakeSite = Callable[..., Site]
OLD = "an-old-token-that-nobody-knows"


def listed(token: str, name: str, **others: Any) -> SenderToken:
    return SenderToken(token=Secret(token), name=name, **others)


def relay_site(make_site: MakeSite, **settings: Any) -> Site:
    return make_site(senders=SenderSettings(**settings))


def notify(site: Site, room: str, text: str = "up", **options: Any) -> RawResponse:
    options.setdefault("token", OLD)
    return site.post(f"/v2/room/{room}/notification", {"message": text}, **options)


def said(site: Site, room: str) -> list[str]:
    return [message["message"] for message in site.messages(room)]
