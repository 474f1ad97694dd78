"""What add-ons fetch once, with a token that comes in a browser's address.

The server need not reach the add-on for this. HipChat had it for add-ons inside networks.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec
from msgspec.structs import replace

from hipkit.api.errors import ConflictError, NotFoundError
from hipkit.server.services.access.authentication import hash_token
from hipkit.server.services.access.keys import new_installable_token
from hipkit.server.services.addons.installing.completing import complete_installation
from hipkit.server.services.context import Context
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.installations import (
    InstallableRecord,
    InstallationRecord,
)
from hipkit.v2.integrations import GetIntegrationInstallableData
from hipkit.v2.models import Installation

__all__ = ["INSTALLABLE_SECONDS", "browser_url", "get_integration_installable_data"]

INSTALLABLE_SECONDS = 15 * 60
"""How long data can be fetched: long enough to sign in at the add-on on the way."""

NOTHING = "There is nothing to fetch with this token"

Kind = Literal["install", "update", "remove"]


async def browser_url(
    context: Context,
    url: str,
    installation: InstallationRecord,
    kind: Kind,
    relay_state: str | None = None,
) -> str:
    """Return a page of an add-on with what it needs to fetch its data and to come back."""
    token = new_installable_token()
    await context.write(
        lambda stores: add_installable(context, stores, token, installation, kind)
    )
    return address_with(context, url, installation, kind, token, relay_state)


async def add_installable(
    context: Context,
    stores: Stores,
    token: str,
    installation: InstallationRecord,
    kind: Kind,
) -> None:
    """Within a command: store what an add-on may fetch with a token."""
    data = Installation(
        oauth_id=installation.client_id,
        capabilities_url=context.addresses.capabilities,
        group_id=installation.group_id,
        room_id=installation.room_id,
    )
    record = InstallableRecord(
        client_id=installation.client_id,
        addon_key=installation.addon_key,
        kind=kind,
        body=msgspec.json.encode(data).decode(),
        expires_us=context.now_us + INSTALLABLE_SECONDS * SECOND_US,
    )
    await stores.installations.add_installable(hash_token(token), record)


def address_with(
    context: Context,
    url: str,
    installation: InstallationRecord,
    kind: Kind,
    token: str,
    relay_state: str | None = None,
) -> str:
    """Return a page of an add-on with the address of its data, and the one to come back to."""
    addresses = context.addresses
    back = addresses.addons
    if kind != "remove":
        back = addresses.addon(installation.client_id)
    parts = urlsplit(url)
    added = {
        "redirect_url": back,
        "installable_url": addresses.installable(installation.client_id, token),
    }
    if relay_state is not None:
        added["relayState"] = relay_state
    query = "&".join(filter(None, (parts.query, urlencode(added))))
    return urlunsplit(parts._replace(query=query))


@handles(GetIntegrationInstallableData)
async def get_integration_installable_data(
    context: Context, request: GetIntegrationInstallableData
) -> Installation:
    """Return the data of an installation, update or removal, once.

    An installation that waited for this is complete then.

    Raises:
        NotFoundError: The token is unknown, used or expired, or is that of another add-on.
    """
    token_hash = hash_token(request.token)
    named = str(request.integration_id_or_key)

    async def command(stores: Stores) -> Installation:
        store = stores.installations
        found = await store.installable(token_hash)
        if (
            found is None
            or found.expires_us <= context.now_us
            or named not in (found.client_id, found.addon_key)
        ):
            raise NotFoundError(NOTHING)
        await store.remove_installable(token_hash)
        data = msgspec.json.decode(found.body, type=Installation)
        if found.kind != "install":
            return data
        installation = await store.get(found.client_id)
        client = await stores.clients.get(found.client_id)
        if installation is None or client is None:
            raise NotFoundError(NOTHING)
        if installation.state == "pending":
            try:
                await complete_installation(context, stores, installation, client)
            except ConflictError:
                # Another one took its place: what it was is of no concern to who asks.
                raise NotFoundError(NOTHING) from None
        secret = await stores.clients.signing_secret(client.id)
        return replace(data, oauth_secret=secret)

    return await context.write(command)
