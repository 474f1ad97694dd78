"""People to whom senders write before anybody has added them."""

from __future__ import annotations

from hipkit.api.errors import NotFoundError
from hipkit.server.senders import LOWEST_MADE_ID
from hipkit.server.services.access.lookup import find_user, look_up_user, row_id
from hipkit.server.services.context import Context
from hipkit.server.services.errors import FullError
from hipkit.server.services.people.accounts import insert_user
from hipkit.server.services.people.names import NAME_CHARACTERS
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.users import UserRecord
from hipkit.v2.users import CreateUser

__all__ = ["NO_DOMAIN", "find_recipient", "first_free_id"]

NO_DOMAIN = "@relay.invalid"
"""The domain of addresses that nobody has; no mail ever gets there."""


async def find_recipient(
    context: Context, stores: Stores, reference: str | int
) -> UserRecord:
    """Within a command: return whom a private message goes to; a sender's is made.

    They have no password: nobody can sign in as them until the operator sets one.

    Raises:
        NotFoundError: There is no such user, and this id or name can be nobody's.
        BadRequestError: It is no address, mention name or id.
        FullError: There are as many people as may be made.
    """
    actor, policy = context.actor, context.runtime.senders
    if actor.kind == "sender":
        reference = str(reference).strip()
    found = await look_up_user(stores, actor.group_id, reference)
    if actor.kind != "sender" or policy is None or found is not None:
        return await find_user(stores, actor, reference)
    user_id = row_id(reference)
    is_nobody = user_id is not None and not policy.is_id(user_id)
    # Those are of users who were made here, and of senders themselves.
    if is_nobody or str(reference).lower().endswith(NO_DOMAIN):
        raise NotFoundError(f"User {reference} not found")
    if await stores.users.count(actor.group_id) >= policy.settings.new_people:
        raise FullError(
            f"No user is made for this message: there are {policy.settings.new_people}"
            " already. Delete some, or raise new_people in [senders]"
        )
    new = _new_user(str(reference), user_id)
    free_id = await first_free_id(stores) if user_id is None else user_id
    added_id = await insert_user(
        stores, actor.group_id, new, context.now_us, user_id=free_id
    )
    return await find_user(stores, actor, added_id)


def _new_user(reference: str, user_id: int | None) -> CreateUser:
    if user_id is not None:
        return CreateUser(f"User {user_id}", email=f"user-{user_id}{NO_DOMAIN}")
    if "@" in reference[1:]:
        name = reference.partition("@")[0][:NAME_CHARACTERS]
        return CreateUser(name, email=reference)
    mention = reference.removeprefix("@")
    return CreateUser(
        mention[:NAME_CHARACTERS],
        email=f"{mention[:NAME_CHARACTERS]}{NO_DOMAIN}",
        mention_name=mention,
    )


async def first_free_id(stores: Stores) -> int:
    """Within a command: return an id for a user that is none of HipChat's."""
    return await stores.users.next_id(LOWEST_MADE_ID)
