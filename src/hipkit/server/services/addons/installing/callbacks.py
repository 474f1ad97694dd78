"""Notifies add-ons of their installation, update or removal.

No transaction is open meanwhile: an add-on asks for a token while it handles the call.
"""

from __future__ import annotations

import html
import logging
import re
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

import msgspec

from hipkit.api.errors import BadRequestError, RateLimitError
from hipkit.api.secret import HIDDEN
from hipkit.server.events.fetching import FetchError, shown_origin
from hipkit.server.services.addons.installing.calling import call_addon
from hipkit.server.services.context import Context
from hipkit.v2.models import Installation

__all__ = ["CALL_SECONDS", "notify_installed", "notify_removed"]

log = logging.getLogger("hipkit.server")

CALL_SECONDS = 20.0
"""How long an add-on may take, which asks this server for a token in the meantime."""

LONGEST_ANSWER = 64 * 1024
LONGEST_SHOWN = 300
MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)


async def notify_installed(
    context: Context,
    url: str,
    installation: Installation,
    *,
    name: str,
    what: Literal["installed", "updated"],
) -> None:
    """Post an installation, or without a secret an update, to an add-on.

    Args:
        context: The context of the call.
        url: The add-on's, for this.
        installation: What it is sent.
        name: The add-on's, for errors.
        what: What is done, for errors.

    Raises:
        BadRequestError: The add-on did not accept it, with a sentence for the administrator.
    """
    origin = shown_origin(url)
    try:
        fetched = await call_addon(
            context,
            "POST",
            url,
            content=msgspec.json.encode(installation),
            most_bytes=LONGEST_ANSWER,
            seconds=CALL_SECONDS,
        )
    except FetchError as error:
        log.info("add-on %s: not %s: no answer", installation.oauth_id, what)
        raise BadRequestError(
            f"{name} was not {what}: its server {origin} gave no answer: {error}"
        ) from None
    log.info("add-on %s: %s: %s", installation.oauth_id, what, fetched.status)
    is_strict = context.runtime.settings.strict
    if fetched.status == 200 or (fetched.is_success and not is_strict):
        return
    problem = f"{name} was not {what}: its server {origin} answered {fetched.status}"
    if fetched.is_success:
        raise BadRequestError(f"{problem}, and this server accepts only 200")
    if 300 <= fetched.status < 400:
        raise BadRequestError(f"{problem}, a redirect, which is not followed")
    said = _shown(fetched.body, installation.oauth_secret)
    raise BadRequestError(f"{problem}: {said}" if said else problem)


async def notify_removed(context: Context, url: str, client_id: str) -> str | None:
    """Report a removal to an add-on; return what went wrong, if anything did.

    The installation is gone whatever the add-on answers.
    """
    parts = urlsplit(url)
    path = f"{parts.path.rstrip('/')}/{client_id}"
    target = urlunsplit(parts._replace(path=path))
    try:
        fetched = await call_addon(context, "DELETE", target, most_bytes=LONGEST_ANSWER)
    except (FetchError, RateLimitError) as error:
        log.info("add-on %s: removed: no answer", client_id)
        return f"its server {shown_origin(url)} gave no answer: {error}"
    log.info("add-on %s: removed: %s", client_id, fetched.status)
    if fetched.is_success:
        return None
    return f"its server {shown_origin(url)} answered {fetched.status}"


def _shown(body: bytes, secret: str | None) -> str:
    """Return what an add-on says, as one short line without markup or the secret."""
    text = body[: 4 * LONGEST_ANSWER].decode(errors="replace")
    if secret:
        text = text.replace(secret, HIDDEN)
    text = html.unescape(MARKUP.sub(" ", _message_in(text)))
    if secret:
        text = text.replace(secret, HIDDEN)
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    line = " ".join(printable.split())
    return line if len(line) <= LONGEST_SHOWN else line[:LONGEST_SHOWN] + "..."


def _message_in(text: str) -> str:
    """Return the message in a JSON body, or the text itself."""
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    for name in ("error", "message", "error_description", "detail"):
        if isinstance(found, dict) and isinstance(found.get(name), (str, dict)):
            found = found[name]
    return found if isinstance(found, str) else text
