"""Calls add-ons, a few at a time: each may keep a connection busy for as long as it likes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Hashable
from ipaddress import ip_address
from typing import Literal

from hipkit.api.errors import BadRequestError, RateLimitError
from hipkit.server.events.fetching import (
    FETCH_SECONDS,
    Fetched,
    FetchError,
    fetch,
)
from hipkit.server.events.retry import judge
from hipkit.server.services.context import Context
from hipkit.transports.egress import ForbiddenAddressError, parse_endpoint

__all__ = ["call_addon", "check_reachable"]

MOST_AT_ONCE = 15
"""Fewer than the connections that the sender of events leaves free."""
MOST_OF_ACTOR = 3
UNREACHABLE = (
    "it cannot be reached, or must not be called: administrators of the group are told"
)


async def check_reachable(context: Context, url: str) -> None:
    """Check that an add-on's URL may be called.

    Only administrators of the group are told of the network: whoever may install an add-on in some
    room could ask which names are internal. For others the call itself fails, see `call_addon`.

    Raises:
        BadRequestError: It is invalid, or leads into a network that is not permitted.
    """
    if not context.actor.is_group_admin:
        parse_endpoint(url)
        return
    try:
        await context.runtime.egress.check(url)
    except BadRequestError as error:
        if not isinstance(error.__cause__, ForbiddenAddressError):
            raise
        endpoint = parse_endpoint(url)
        network = "127.0.0.1" if endpoint.host == "localhost" else endpoint.host
        if not _is_address(network):
            # Its address is not named: whoever installs add-ons would learn those of others.
            network = "NETWORK"
        raise BadRequestError(
            f"The address {endpoint.origin} leads into a network that webhooks and add-ons may"
            f" not be in: start the server with --webhook-network {network} to permit it",
            field="url",
        ) from None


def _is_address(host: str) -> bool:
    """Return whether a host is an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def call_addon(
    context: Context,
    method: Literal["GET", "POST", "DELETE"],
    url: str,
    *,
    content: bytes | None = None,
    most_bytes: int,
    seconds: float = FETCH_SECONDS,
) -> Fetched:
    """Call a URL of an add-on once; see `fetch` for the arguments.

    Everybody who owns a room may have the server do this.

    Raises:
        FetchError: No usable answer came. Whoever does not administer the group is not told why
            there was no connection.
        RateLimitError: Too many calls are under way, of all actors or of this one.
    """
    under_way: Counter[Hashable] = context.runtime.calls_under_way
    key = context.actor.limit_key
    if under_way.total() >= MOST_AT_ONCE or under_way[key] >= MOST_OF_ACTOR:
        raise RateLimitError(
            "Too many add-ons are being called just now: try again in a moment"
        )
    under_way[key] += 1
    began, status = time.perf_counter(), None
    try:
        fetched = await fetch(
            context.runtime.outgoing,
            method,
            url,
            content=content,
            most_bytes=most_bytes,
            seconds=seconds,
        )
        status = fetched.status
        return fetched
    except FetchError as error:
        if error.was_connected or context.actor.is_group_admin:
            raise
        raise FetchError(UNREACHABLE, was_connected=False) from None
    finally:
        context.runtime.observer.delivery(
            "addon", judge(status), time.perf_counter() - began
        )
        under_way[key] -= 1
        if not under_way[key]:
            del under_way[key]
