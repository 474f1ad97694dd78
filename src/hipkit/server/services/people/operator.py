"""What an administrator does on the machine itself: people.

Like everything of `hipkit admin` it works on a database that a server may be using meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hipkit.api.errors import BadRequestError, NotFoundError
from hipkit.server.services.access.actor import operator
from hipkit.server.services.access.keys import new_password
from hipkit.server.services.access.lookup import look_up_room, look_up_user
from hipkit.server.services.access.passwords import hash_new_password
from hipkit.server.services.access.web_sessions import change_password
from hipkit.server.services.context import Context, Runtime
from hipkit.server.services.files.stored import remove_file
from hipkit.server.services.people.accounts import NewUser, changed_rights, remove_user
from hipkit.server.services.people.accounts import add_user as add_user_to_group
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.groups import GroupRecord
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.users import UserRecord

__all__ = [
    "MOST_LISTED",
    "MadeUser",
    "add_user",
    "delete_user",
    "find_group",
    "find_room",
    "find_user",
    "list_users",
    "operator_context",
    "set_admin",
    "set_password",
]

MOST_LISTED = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUser:
    """A person who was added."""

    id: int
    mention_name: str
    password: str | None = field(default=None, repr=False)
    """Made up, because none was given."""


async def add_user(
    context: Context,
    *,
    name: str,
    email: str,
    mention_name: str | None = None,
    title: str = "",
    is_group_admin: bool = False,
    is_guest: bool = False,
    password: str | None = None,
    user_id: int | None = None,
) -> MadeUser:
    """Add a person; without a password one is made up. Guests have none.

    Old programs may know a person by the number that they had with HipChat: `user_id` gives it
    back.
    """
    chosen = None if is_guest else password or new_password()
    user = NewUser(
        name=name,
        email=email,
        mention_name=mention_name,
        title=title,
        is_group_admin=is_group_admin,
        is_guest=is_guest,
        id=user_id,
        password_hash=None if chosen is None else await hash_new_password(chosen),
    )

    async def command(stores: Stores) -> UserRecord | None:
        added_id = await add_user_to_group(
            stores, context.actor.group_id, user, context.now_us
        )
        return await stores.users.get(added_id)

    added = await context.write(command)
    if added is None:
        raise RuntimeError("a user was added and is not there")
    return MadeUser(
        id=added.id,
        mention_name=added.mention_name,
        password=None if password else chosen,
    )


async def set_password(
    context: Context, reference: str | int, password: str | None = None
) -> str:
    """Give a person another password, made up if none is given, and return it.

    Raises:
        BadRequestError: It is a guest, who has no password.
    """
    chosen = new_password() if password is None else password
    password_hash = await hash_new_password(chosen)

    async def command(stores: Stores) -> None:
        user = await find_user(stores, reference)
        if user.is_guest:
            raise BadRequestError("a guest has no password")
        await change_password(stores, user.id, password_hash)

    await context.write(command)
    return chosen


async def set_admin(
    context: Context, reference: str | int, *, is_admin: bool
) -> UserRecord:
    """Make a person an administrator, or one no longer.

    Raises:
        BadRequestError: It is a guest, or the owner of the group, who always is one.
    """

    async def command(stores: Stores) -> UserRecord:
        group = await find_group(stores)
        user = await find_user(stores, reference)
        if user.is_guest and is_admin:
            raise BadRequestError("a guest cannot be an administrator")
        if user.id == group.owner_id and not is_admin:
            raise BadRequestError("the owner of the group stays its administrator")
        changed = changed_rights(user, is_admin=is_admin)
        await stores.users.replace(changed)
        return changed

    return await context.write(command)


async def operator_context(runtime: Runtime) -> Context:
    """Return the context of a command that the operator runs in the first group.

    Raises:
        NotFoundError: There was no first start yet.
    """
    group = await find_group(runtime.stores)
    return runtime.context(operator(group.id))


async def delete_user(context: Context, reference: str | int) -> UserRecord:
    """Delete a person's account, with all that acts for them, and return what it was.

    Raises:
        BadRequestError: It is the owner of the group, which would have nobody else to rule it.
    """

    async def command(stores: Stores) -> UserRecord:
        group = await find_group(stores)
        user = await find_user(stores, reference)
        if user.id == group.owner_id:
            raise BadRequestError("the owner of the group cannot be deleted")
        await remove_user(context, stores, user)
        return user

    gone = await context.write(command)
    await remove_file(context.runtime.blobs, gone.photo_key)
    return gone


async def list_users(context: Context) -> list[UserRecord]:
    """Return everybody but the deleted."""
    return await context.stores.users.page(
        context.actor.group_id,
        include_guests=True,
        include_deleted=False,
        start=0,
        count=MOST_LISTED,
    )


async def find_group(stores: Stores, group_id: int | None = None) -> GroupRecord:
    """Return a group: the one that the first start made, if not told else.

    Raises:
        NotFoundError: There was no first start yet.
    """
    groups = stores.groups
    group = await (groups.first() if group_id is None else groups.get(group_id))
    if group is None:
        raise NotFoundError("the database is empty: start hipkit serve once")
    return group


async def find_room(
    stores: Stores, reference: str | int, group_id: int | None = None
) -> RoomRecord:
    """Return a room by id or name, of the first group if not told else.

    Raises:
        NotFoundError: There is none.
    """
    group = await find_group(stores, group_id)
    room = await look_up_room(stores, group.id, reference)
    if room is None:
        raise NotFoundError(f"no room is called {reference}")
    return room


async def find_user(
    stores: Stores, reference: str | int, group_id: int | None = None
) -> UserRecord:
    """Return a person by id, e-mail address or mention name, as `find_room` does.

    Raises:
        NotFoundError: There is none.
    """
    group = await find_group(stores, group_id)
    user = await look_up_user(stores, group.id, reference)
    if user is None or user.is_deleted:
        raise NotFoundError(f"nobody is called {reference}")
    return user
