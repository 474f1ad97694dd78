"""Handlers: rooms, who is in them, and what is said there."""

from __future__ import annotations

from hipkit.server.services.context import Context
from hipkit.server.services.messages import history as histories
from hipkit.server.services.messages import posting as room_messages
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.expansion import Expansion
from hipkit.server.services.rooms import members as room_people
from hipkit.server.services.rooms import rooms as room_service
from hipkit.v2.models import (
    Created,
    MessageEnvelope,
    MessagePage,
    Room,
    RoomPage,
    RoomStatistics,
    SentMessage,
    UserPage,
)
from hipkit.v2.rooms import (
    AddMember,
    CreateRoom,
    DeleteRoom,
    DeleteRoomAvatar,
    GetAllMembers,
    GetAllParticipants,
    GetAllRooms,
    GetRecentRoomHistory,
    GetRoom,
    GetRoomAvatar,
    GetRoomHistory,
    GetRoomMessage,
    GetRoomStatistics,
    InviteUser,
    RemoveMember,
    ReplyToMessage,
    SendMessage,
    SendRoomNotification,
    SetTopic,
    ShareFileWithRoom,
    ShareLinkWithRoom,
    UpdateRoom,
    UpdateRoomAvatar,
)

__all__ = [
    "add_member",
    "create_room",
    "delete_room",
    "delete_room_avatar",
    "get_all_members",
    "get_all_participants",
    "get_all_rooms",
    "get_recent_room_history",
    "get_room",
    "get_room_avatar",
    "get_room_history",
    "get_room_message",
    "get_room_statistics",
    "invite_user",
    "remove_member",
    "reply_to_message",
    "send_message",
    "send_room_notification",
    "set_topic",
    "share_file_with_room",
    "share_link_with_room",
    "update_room",
    "update_room_avatar",
]


@handles(GetAllRooms)
async def get_all_rooms(context: Context, request: GetAllRooms) -> RoomPage:
    """List rooms."""
    return await room_service.get_all_rooms(context, request)


@handles(CreateRoom)
async def create_room(context: Context, request: CreateRoom) -> Created:
    """Make a room."""
    return await room_service.create_room(context, request)


@handles(GetRoom)
async def get_room(context: Context, request: GetRoom) -> Room:
    """Answer with a room."""
    expand = Expansion(request.expand)
    return await room_service.get_room(context, request.room_id_or_name, expand)


@handles(UpdateRoom)
async def update_room(context: Context, request: UpdateRoom) -> None:
    """Give a room's settings anew."""
    await room_service.update_room(context, request)


@handles(DeleteRoom)
async def delete_room(context: Context, request: DeleteRoom) -> None:
    """Delete a room."""
    await room_service.delete_room(context, request.room_id_or_name)


@handles(GetRoomAvatar)
async def get_room_avatar(context: Context, request: GetRoomAvatar) -> str:
    """Lead to a room's picture."""
    return await room_service.get_room_avatar(context, request.room_id_or_name)


@handles(UpdateRoomAvatar)
async def update_room_avatar(context: Context, request: UpdateRoomAvatar) -> None:
    """Give a room a picture."""
    await room_service.update_room_avatar(context, request)


@handles(DeleteRoomAvatar)
async def delete_room_avatar(context: Context, request: DeleteRoomAvatar) -> None:
    """Take a room's picture away."""
    await room_service.delete_room_avatar(context, request.room_id_or_name)


@handles(GetRoomStatistics)
async def get_room_statistics(
    context: Context, request: GetRoomStatistics
) -> RoomStatistics:
    """Answer with a room's statistics."""
    return await room_service.get_room_statistics(context, request.room_id_or_name)


@handles(GetAllMembers)
async def get_all_members(context: Context, request: GetAllMembers) -> UserPage:
    """List a room's members."""
    return await room_people.get_all_members(context, request)


@handles(AddMember)
async def add_member(context: Context, request: AddMember) -> None:
    """Make somebody a member."""
    await room_people.add_member(context, request)


@handles(RemoveMember)
async def remove_member(context: Context, request: RemoveMember) -> None:
    """End a membership."""
    await room_people.remove_member(context, request)


@handles(GetAllParticipants)
async def get_all_participants(
    context: Context, request: GetAllParticipants
) -> UserPage:
    """List who is in a room."""
    return await room_people.get_all_participants(context, request)


@handles(InviteUser)
async def invite_user(context: Context, request: InviteUser) -> None:
    """Ask somebody into a room."""
    await room_people.invite_user(context, request)


@handles(SendMessage)
async def send_message(context: Context, request: SendMessage) -> SentMessage:
    """Say something in a room."""
    return await room_messages.send_message(context, request)


@handles(SendRoomNotification)
async def send_room_notification(
    context: Context, request: SendRoomNotification
) -> None:
    """Post a notification."""
    await room_messages.send_room_notification(context, request)


@handles(ReplyToMessage)
async def reply_to_message(context: Context, request: ReplyToMessage) -> None:
    """Answer a message."""
    await room_messages.reply_to_message(context, request)


@handles(ShareFileWithRoom)
async def share_file_with_room(context: Context, request: ShareFileWithRoom) -> None:
    """Share a file in a room."""
    await room_messages.share_file_with_room(context, request)


@handles(ShareLinkWithRoom)
async def share_link_with_room(context: Context, request: ShareLinkWithRoom) -> None:
    """Share a link in a room."""
    await room_messages.share_link_with_room(context, request)


@handles(SetTopic)
async def set_topic(context: Context, request: SetTopic) -> None:
    """Change a room's topic."""
    await room_messages.set_topic(context, request)


@handles(GetRoomHistory)
async def get_room_history(context: Context, request: GetRoomHistory) -> MessagePage:
    """Answer with a page of a room's history."""
    return await histories.get_history(context, request)


@handles(GetRecentRoomHistory)
async def get_recent_room_history(
    context: Context, request: GetRecentRoomHistory
) -> MessagePage:
    """Answer with a room's latest messages."""
    return await histories.get_recent_history(context, request)


@handles(GetRoomMessage)
async def get_room_message(
    context: Context, request: GetRoomMessage
) -> MessageEnvelope:
    """Answer with one message of a room."""
    return await histories.get_message(context, request)
