"""Modules that add-ons create, change, read and delete: by calls, and by their descriptors.

The kinds differ in nothing but their members, which the spec declares; so there is one function
for each of the three actions, for all kinds, in rooms and in the group. A client has its own
modules and sees no others. Read next: `modules.py`, which checks a module.
"""

from __future__ import annotations

from typing import Any, cast, get_args

from hipkit.api.errors import BadRequestError, ForbiddenError, NotFoundError
from hipkit.api.operation import Operation
from hipkit.descriptors.modules import MODULES, Module
from hipkit.server.services.access.actor import Actor
from hipkit.server.services.access.lookup import find_room
from hipkit.server.services.addons.modules.modules import (
    check_module,
    declared_modules,
    module_json,
    read_module,
)
from hipkit.server.services.context import Context
from hipkit.server.services.registry import handles
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.clients import ClientRecord
from hipkit.server.storage.stores.extensions import ExtensionRecord, NewExtension
from hipkit.v2.extensions import (
    CreateGlobalAction,
    CreateGlobalDialog,
    CreateGlobalExternalPage,
    CreateGlobalGlance,
    CreateGlobalWebPanel,
    DeleteGlobalAction,
    DeleteGlobalDialog,
    DeleteGlobalExternalPage,
    DeleteGlobalGlance,
    DeleteGlobalWebPanel,
    GetGlobalAction,
    GetGlobalDialog,
    GetGlobalExternalPage,
    GetGlobalGlance,
    GetGlobalWebPanel,
)
from hipkit.v2.models import AddonCapabilities, CreatedExtension, Links
from hipkit.v2.rooms import (
    CreateRoomAction,
    CreateRoomDialog,
    CreateRoomExternalPage,
    CreateRoomGlance,
    CreateRoomWebPanel,
    DeleteRoomAction,
    DeleteRoomDialog,
    DeleteRoomExternalPage,
    DeleteRoomGlance,
    DeleteRoomWebPanel,
    GetRoomAction,
    GetRoomDialog,
    GetRoomExternalPage,
    GetRoomGlance,
    GetRoomWebPanel,
)

__all__ = [
    "MOST_MODULES",
    "create_extension",
    "delete_extension",
    "get_extension",
    "own_client_id",
    "replace_extensions",
]

MOST_MODULES = 1_000
"""Of a client in a room, and for all rooms together."""

CreateRequest = (
    CreateRoomGlance
    | CreateRoomWebPanel
    | CreateRoomDialog
    | CreateRoomAction
    | CreateRoomExternalPage
    | CreateGlobalGlance
    | CreateGlobalWebPanel
    | CreateGlobalDialog
    | CreateGlobalAction
    | CreateGlobalExternalPage
)
GetRequest = (
    GetRoomGlance
    | GetRoomWebPanel
    | GetRoomDialog
    | GetRoomAction
    | GetRoomExternalPage
    | GetGlobalGlance
    | GetGlobalWebPanel
    | GetGlobalDialog
    | GetGlobalAction
    | GetGlobalExternalPage
)
DeleteRequest = (
    DeleteRoomGlance
    | DeleteRoomWebPanel
    | DeleteRoomDialog
    | DeleteRoomAction
    | DeleteRoomExternalPage
    | DeleteGlobalGlance
    | DeleteGlobalWebPanel
    | DeleteGlobalDialog
    | DeleteGlobalAction
    | DeleteGlobalExternalPage
)


async def create_extension(
    context: Context, request: CreateRequest
) -> CreatedExtension:
    """Create a module, or change the one with its key.

    Raises:
        BadRequestError: It is invalid, or the client has too many.
        ForbiddenError: The caller is not an add-on.
    """
    kind = _kind_of(request)
    model = MODULES[kind]
    # The operation has the members of the model, and the room beside them.
    values = {name: getattr(request, name) for name in model.__struct_fields__}
    module = model(**values)
    check_module(module)
    actor = context.actor
    client_id = own_client_id(actor)

    async def command(stores: Stores) -> tuple[int | None, int]:
        room_id = await _room_of(stores, actor, request)
        extension = NewExtension(
            group_id=actor.group_id,
            room_id=room_id,
            client_id=client_id,
            kind=kind,
            key=module.key,
            body=module_json(module),
            from_descriptor=False,
        )
        return room_id, await _put(context, stores, extension)

    room_id, extension_id = await context.write(command)
    link = context.addresses.extension(room_id, kind, module.key)
    return CreatedExtension(id=extension_id, links=Links(self_=link))


async def get_extension(context: Context, request: GetRequest) -> Module:
    """Return a module as it was created.

    Raises:
        NotFoundError: It does not exist, or is not the caller's.
    """
    found = await _find_own(context.stores, context.actor, request)
    return read_module(found.kind, found.body)


async def delete_extension(context: Context, request: DeleteRequest) -> None:
    """Delete a module, with what was pushed to it.

    Raises:
        NotFoundError: It does not exist, or is not the caller's.
    """

    async def command(stores: Stores) -> None:
        found = await _find_own(stores, context.actor, request)
        await stores.extensions.delete(found.id)

    await context.write(command)


for function, requests in (
    (create_extension, CreateRequest),
    (get_extension, GetRequest),
    (delete_extension, DeleteRequest),
):
    for operation in get_args(requests):
        # Each answers with the model of its own kind, which no one type can say.
        handles(operation)(cast("Any", function))


async def replace_extensions(
    context: Context,
    stores: Stores,
    client: ClientRecord,
    capabilities: AddonCapabilities | None,
) -> None:
    """Within a command: store the modules of a descriptor in place of its older ones.

    A module that stays keeps its id and what was pushed to it. Those that the add-on created by
    calls stay, too, unless the descriptor has one with the same key.

    Args:
        context: The context of the command.
        stores: The command's.
        client: The add-on's, of a group or of one room.
        capabilities: The descriptor's; `None` for none.

    Raises:
        BadRequestError: A module is invalid, or there are too many.
    """
    declared = [] if capabilities is None else declared_modules(capabilities)
    keys = {(kind, module.key) for kind, module in declared}
    for old in await stores.extensions.of_descriptor(client.id):
        if (old.kind, old.key) not in keys:
            await stores.extensions.delete(old.id)
    for kind, module in declared:
        extension = NewExtension(
            group_id=client.group_id,
            room_id=client.room_id,
            client_id=client.id,
            kind=kind,
            key=module.key,
            body=module_json(module),
            from_descriptor=True,
        )
        await _put(context, stores, extension)


def own_client_id(actor: Actor) -> str:
    """Return the id of the add-on that acts.

    Raises:
        ForbiddenError: The actor is not an add-on.
    """
    if actor.client_id is None:
        raise ForbiddenError("This action needs the token of an add-on")
    return actor.client_id


async def _put(context: Context, stores: Stores, extension: NewExtension) -> int:
    """Store a module, unless it is one too many; return its id."""
    store = stores.extensions
    place = (extension.client_id, extension.room_id)
    known = await store.by_key(*place, extension.kind, extension.key)
    if known is None and await store.count(*place) >= MOST_MODULES:
        where = "group" if extension.room_id is None else "room"
        raise BadRequestError(
            f"The add-on has {MOST_MODULES} modules in this {where}, and cannot have more:"
            " delete one that is not needed"
        )
    return await store.put(extension, context.now_us)


async def _find_own(
    stores: Stores, actor: Actor, request: GetRequest | DeleteRequest
) -> ExtensionRecord:
    kind, room_id = _kind_of(request), await _room_of(stores, actor, request)
    client_id = own_client_id(actor)
    found = await stores.extensions.by_key(client_id, room_id, kind, request.key)
    if found is None:
        raise NotFoundError(f"{kind} {request.key} not found")
    return found


async def _room_of(
    stores: Stores, actor: Actor, request: Operation[object]
) -> int | None:
    """Return the id of the room that an operation names; `None` if it is one of the group."""
    reference = getattr(request, "room_id_or_name", None)
    if reference is None:
        return None
    return (await find_room(stores, actor, reference)).id


def _kind_of(request: Operation[object]) -> str:
    """Return the kind of module that an operation is about, as its path has it."""
    return request.path.rpartition("/extension/")[2].partition("/")[0]
