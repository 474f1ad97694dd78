"""How installed add-ons fare: who installed them, and the state of their calls and webhooks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from hipkit.api.errors import NotFoundError
from hipkit.server.services.access.token_calls import list_callers
from hipkit.server.services.context import Context
from hipkit.server.services.webhooks.management import WebhookStatus, list_webhooks
from hipkit.server.storage.stores.installations import ListedInstallation

__all__ = ["AddonStatus", "describe_addon", "describe_addons"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddonStatus:
    """An installation, and how it fares.

    Attributes:
        record: The installation.
        room_name: The name of its room; `None` for one of the whole group.
        installed_by: The user who installed it; `None` for the operator.
        scopes: The scopes that were agreed to, by name.
        calls: How many of its latest calls are kept.
        failed: How many of these failed.
        last_call_us: When it called last; `None` if no call of it is kept.
        webhooks: Its webhooks.
    """

    record: ListedInstallation
    room_name: str | None
    installed_by: str | None
    scopes: Sequence[str]
    calls: int
    failed: int
    last_call_us: int | None
    webhooks: Sequence[WebhookStatus]

    @property
    def troubled(self) -> list[WebhookStatus]:
        """The webhooks whose deliveries fail."""
        return [one for one in self.webhooks if one.state != "working"]


async def describe_addons(
    context: Context, installations: Sequence[ListedInstallation]
) -> list[AddonStatus]:
    """Return how installations fare, in their order.

    Args:
        context: The context of the call.
        installations: Installations that the actor may see.
    """
    client_id = installations[0].client_id if len(installations) == 1 else ""
    recent = context.runtime.recent_calls
    counts: defaultdict[str | None, list[int]] = defaultdict(lambda: [0, 0])
    last: dict[str | None, int] = {}
    for caller in await list_callers(context, client_id):
        owner = caller.token.client_id
        calls, failed = recent.count_of(caller.token.id)
        counts[owner][0] += calls
        counts[owner][1] += failed
        # They come with the latest caller first.
        last.setdefault(owner, recent.last_us(caller.token.id) or 0)
    webhooks: defaultdict[str | None, list[WebhookStatus]] = defaultdict(list)
    if installations:
        for webhook in await list_webhooks(context, client_id=client_id or None):
            webhooks[webhook.record.client_id].append(webhook)
    rooms = {
        room_id: await _room_name(context, room_id)
        for room_id in {one.room_id for one in installations}
    }
    users = {
        user_id: await _user_name(context, user_id)
        for user_id in {one.installed_by for one in installations}
    }
    return [
        AddonStatus(
            record=one,
            room_name=rooms[one.room_id],
            installed_by=users[one.installed_by],
            scopes=one.scopes.split(),
            calls=counts[one.client_id][0],
            failed=counts[one.client_id][1],
            last_call_us=last.get(one.client_id),
            webhooks=webhooks[one.client_id],
        )
        for one in installations
    ]


async def describe_addon(context: Context, client_id: str) -> AddonStatus:
    """Return how one installation fares, which the actor may see.

    Raises:
        NotFoundError: It was removed meanwhile.
    """
    found = await context.stores.installations.listed(client_id)
    if found is None:
        raise NotFoundError(f"Add-on {client_id} not found")
    [status] = await describe_addons(context, [found])
    return status


async def _room_name(context: Context, room_id: int | None) -> str | None:
    if room_id is None:
        return None
    room = await context.stores.rooms.get(room_id)
    return "a deleted room" if room is None else room.name


async def _user_name(context: Context, user_id: int | None) -> str | None:
    if user_id is None:
        return None
    user = await context.stores.users.get(user_id)
    return "somebody who was deleted" if user is None else user.name
