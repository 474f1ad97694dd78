"""Links that add-ons create for their modules: who opens one sees the module's page.

HipChat's led into its client, which opened the module. Nothing is known of their lifetime.
"""

from __future__ import annotations

from hipkit.api.errors import BadRequestError, NotFoundError
from hipkit.server.services.access.authentication import hash_token
from hipkit.server.services.access.keys import new_token
from hipkit.server.services.addons.modules.extensions import own_client_id
from hipkit.server.services.context import Context
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.storage.protocol import Stores
from hipkit.v2.integrations import (
    CreateIntegrationLink,
    DeleteIntegrationLink,
    InvokeIntegrationLink,
)
from hipkit.v2.models import IntegrationLink, Links

__all__ = ["LONGEST_SECONDS", "create_link", "delete_link", "open_link"]

LONGEST_SECONDS = 365 * 24 * 60 * 60
MOST_LINKS = 10_000
"""Of a client, the expired ones aside."""


@handles(CreateIntegrationLink)
async def create_link(
    context: Context, request: CreateIntegrationLink
) -> IntegrationLink:
    """Create a link to a module of the add-on that asks.

    Raises:
        BadRequestError: It has no such module, or too many links, or `ttl` is out of bounds.
    """
    if not 1 <= request.ttl <= LONGEST_SECONDS:
        problem = f"is not from 1 to {LONGEST_SECONDS}, in seconds"
        raise InvalidValueError("ttl", "range", problem, request.ttl)
    actor, token = context.actor, new_token()
    client_id = own_client_id(actor)
    expires_us = context.now_us + request.ttl * SECOND_US

    async def command(stores: Stores) -> None:
        modules = await stores.extensions.with_key(
            client_id, actor.room_id, request.target
        )
        if not modules:
            problem = "is not the key of a module of this add-on"
            raise InvalidValueError("target", "exists", problem, request.target)
        if await stores.extensions.count_links(client_id, context.now_us) >= MOST_LINKS:
            raise BadRequestError(
                f"The add-on has {MOST_LINKS} links, and cannot have more: delete some, or"
                " give them a shorter lifetime"
            )
        await stores.extensions.add_link(
            hash_token(token), client_id, modules[0].id, expires_us
        )

    await context.write(command)
    links = Links(self_=context.addresses.addon_link(token))
    return IntegrationLink(token=token, links=links)


@handles(InvokeIntegrationLink)
async def open_link(context: Context, request: InvokeIntegrationLink) -> str:
    """Return the address of the page that a link opens; that page asks who wants to see it.

    Raises:
        NotFoundError: There is no such link, or it has expired.
    """
    module = await context.stores.extensions.link_target(
        hash_token(request.token), context.now_us
    )
    if module is None:
        raise NotFoundError("Link not found")
    return context.addresses.module_page(module.id, module.room_id)


@handles(DeleteIntegrationLink)
async def delete_link(context: Context, request: DeleteIntegrationLink) -> None:
    """Delete a link.

    Raises:
        NotFoundError: There is no such link, it has expired, or it is another add-on's.
    """
    link_hash = hash_token(request.token)
    client_id = own_client_id(context.actor)

    async def command(stores: Stores) -> None:
        found = await stores.extensions.link_target(
            link_hash, context.now_us, client_id=client_id
        )
        if found is None:
            raise NotFoundError("Link not found")
        await stores.extensions.delete_link(link_hash)

    await context.write(command)
