"""People: everybody sees who they are, administrators add, change and delete them."""

from __future__ import annotations

from hipkit.api.errors import ApiError, BadRequestError, ForbiddenError
from hipkit.server.http.responses import Answer
from hipkit.server.page.forms import is_touched, read_operation, shown_values
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.services.access.lookup import check_group_admin, find_user
from hipkit.server.services.access.password_links import (
    create_password_link,
    password_link,
)
from hipkit.server.services.people.accounts import (
    add_user,
    change_user,
    delete_account,
    find_changeable_user,
    undelete_user,
)
from hipkit.server.services.people.details import full_user
from hipkit.server.services.people.users import get_all_users
from hipkit.server.storage.stores.users import UserRecord
from hipkit.v2.users import CreateUser, GetAllUsers, UpdateUser

__all__ = ["VIEWS"]

PAGE_LENGTH = 1_000

NOBODY = {
    "name": "",
    "mention_name": "",
    "email": "",
    "title": "",
    "is_group_admin": "",
}
"""The values of an empty form."""


async def show_people(visit: Visit) -> Answer:
    """Show everybody in the group; to administrators also who was deleted."""
    start = visit.query_number("start")
    found = await get_all_users(
        visit.context,
        GetAllUsers(
            start_index=start,
            max_results=PAGE_LENGTH,
            include_guests=True,
            include_deleted=visit.user.is_group_admin,
            expand=["items"],
        ),
    )
    has_more = found.links is not None and found.links.next is not None
    return await visit.page(
        "people.html",
        people=sorted(found.items, key=lambda person: (person.name or "").casefold()),
        start=start,
        earlier=max(0, start - PAGE_LENGTH),
        later=start + PAGE_LENGTH if has_more else None,
    )


async def show_person(visit: Visit, error: ApiError | None = None) -> Answer:
    """Show a person, with a form for those who may change them."""
    context = visit.context
    person = await find_user(context.stores, context.actor, visit.number("user_id"))
    group = await context.stores.groups.get(person.group_id)
    # The forms to delete and to restore have no such fields.
    of_form = error if "name" in visit.fields else None
    values = None
    if await _may_change(visit, person):
        values = shown_values(visit, _stored(person), of_form)
    was_admin = _stored(person)["is_group_admin"]
    if of_form is not None:
        was_admin = visit.field("is_group_admin_before")
    return await visit.page(
        "person.html",
        error=error,
        person=await full_user(context, context.stores, person),
        is_owner=group is not None and group.owner_id == person.id,
        values=values,
        was_admin=was_admin,
    )


async def save_person(visit: Visit) -> Answer:
    """Change a person."""
    context, user_id = visit.context, visit.number("user_id")
    check_group_admin(context.actor)
    person = await find_user(context.stores, context.actor, user_id)
    members: dict[str, object] = {name: visit.field(name) for name in NOBODY}
    is_admin = person.is_group_admin
    if is_touched(visit, "is_group_admin"):
        is_admin = visit.is_checked("is_group_admin")
    members["is_group_admin"] = is_admin
    if is_admin != person.is_group_admin:
        members["roles"] = ["admin" if is_admin else "user"]
    try:
        request = await read_operation(
            context, UpdateUser, members, id_or_email=user_id
        )
        await change_user(context, user_id, request)
    except ApiError as error:
        return await show_person(visit, error)
    return visit.redirect(f"/people/{user_id}", done="saved")


async def show_new(visit: Visit, error: ApiError | None = None) -> Answer:
    """Show the form for a new person."""
    check_group_admin(visit.context.actor)
    values = shown_values(visit, NOBODY, error)
    return await visit.page("new_person.html", error=error, values=values)


async def add_person(visit: Visit) -> Answer:
    """Add a person, and show the link with which they set a password."""
    context = visit.context
    check_group_admin(context.actor)
    members: dict[str, object] = {name: visit.field(name) for name in NOBODY}
    members["mention_name"] = visit.field("mention_name") or None
    members["is_group_admin"] = visit.is_checked("is_group_admin")
    try:
        person = await add_user(
            context, await read_operation(context, CreateUser, members)
        )
    except ApiError as error:
        return await show_new(visit, error)
    return await _show_link(visit, person)


async def create_link(visit: Visit) -> Answer:
    """Create a link to set a password, and show it once."""
    context = visit.context
    person = await find_user(context.stores, context.actor, visit.number("user_id"))
    return await _show_link(visit, person)


async def delete_person(visit: Visit) -> Answer:
    """Delete a person."""
    check_group_admin(visit.context.actor)
    try:
        if not visit.is_checked("sure"):
            raise BadRequestError("Nothing was deleted: check the box first")
        await delete_account(visit.context, visit.number("user_id"))
    except BadRequestError as error:
        return await show_person(visit, error)
    return visit.redirect("/people", done="person")


async def restore_person(visit: Visit) -> Answer:
    """Restore a deleted person."""
    user_id = visit.number("user_id")
    try:
        await undelete_user(visit.context, user_id)
    except BadRequestError as error:
        return await show_person(visit, error)
    return visit.redirect(f"/people/{user_id}", done="restored")


async def _show_link(visit: Visit, person: UserRecord) -> Answer:
    context = visit.context
    key = await create_password_link(context, person.id)
    link = password_link(context.addresses.root, key)
    return await visit.page("password_link.html", person=person, link=link)


async def _may_change(visit: Visit, person: UserRecord) -> bool:
    context = visit.context
    if person.is_deleted or not context.actor.is_group_admin:
        return False
    try:
        await find_changeable_user(context, context.stores, person.id)
    except ForbiddenError:
        return False
    return True


def _stored(person: UserRecord) -> dict[str, str]:
    return {
        "name": person.name,
        "mention_name": person.mention_name,
        "email": person.email,
        "title": person.title,
        "is_group_admin": "on" if person.is_group_admin else "",
    }


VIEWS = [
    ViewRoute("/people", show_people),
    ViewRoute("/people/new", show_new),
    ViewRoute("/people/new", add_person, method="POST"),
    ViewRoute("/people/{user_id}", show_person),
    ViewRoute("/people/{user_id}", save_person, method="POST"),
    ViewRoute("/people/{user_id}/password-link", create_link, method="POST"),
    ViewRoute("/people/{user_id}/delete", delete_person, method="POST"),
    ViewRoute("/people/{user_id}/restore", restore_person, method="POST"),
]
