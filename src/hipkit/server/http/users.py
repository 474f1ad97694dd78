"""Handlers: users, and what they say to each other."""

from __future__ import annotations

from hipkit.server.services.context import Context
from hipkit.server.services.messages import history as histories
from hipkit.server.services.messages import private_chats
from hipkit.server.services.people import users as user_service
from hipkit.server.services.registry import handles
from hipkit.v2.models import (
    CreatedUser,
    MessageEnvelope,
    MessagePage,
    RoomPage,
    User,
    UserPage,
)
from hipkit.v2.users import (
    CreateUser,
    DeletePhoto,
    DeleteUser,
    GetAllUsers,
    GetAutoJoinRooms,
    GetPhoto,
    GetPrivatechatHistory,
    GetPrivatechatMessage,
    GetRecentPrivatechatHistory,
    GetUser,
    SendPrivatechatMessage,
    ShareFileWithUser,
    ShareLinkWithUser,
    UpdatePhoto,
    UpdateUser,
)

__all__ = [
    "create_user",
    "delete_photo",
    "delete_user",
    "get_all_users",
    "get_auto_join_rooms",
    "get_photo",
    "get_privatechat_history",
    "get_privatechat_message",
    "get_recent_privatechat_history",
    "get_user",
    "send_privatechat_message",
    "share_file_with_user",
    "share_link_with_user",
    "update_photo",
    "update_user",
]


@handles(GetAllUsers)
async def get_all_users(context: Context, request: GetAllUsers) -> UserPage:
    """List users."""
    return await user_service.get_all_users(context, request)


@handles(CreateUser)
async def create_user(context: Context, request: CreateUser) -> CreatedUser:
    """Add a user."""
    return await user_service.create_user(context, request)


@handles(GetUser)
async def get_user(context: Context, request: GetUser) -> User:
    """Answer with a user."""
    return await user_service.get_user(context, request.id_or_email)


@handles(UpdateUser)
async def update_user(context: Context, request: UpdateUser) -> None:
    """Give a user's settings anew."""
    await user_service.update_user(context, request)


@handles(DeleteUser)
async def delete_user(context: Context, request: DeleteUser) -> None:
    """Delete a user."""
    await user_service.delete_user(context, request.id_or_email)


@handles(GetPhoto)
async def get_photo(context: Context, request: GetPhoto) -> str:
    """Lead to a user's picture."""
    return await user_service.get_photo(context, request.id_or_email)


@handles(UpdatePhoto)
async def update_photo(context: Context, request: UpdatePhoto) -> None:
    """Give a user a picture."""
    await user_service.update_photo(context, request.id_or_email, request.photo)


@handles(DeletePhoto)
async def delete_photo(context: Context, request: DeletePhoto) -> None:
    """Take a user's picture away."""
    await user_service.delete_photo(context, request.id_or_email)


@handles(GetAutoJoinRooms)
async def get_auto_join_rooms(context: Context, request: GetAutoJoinRooms) -> RoomPage:
    """List the rooms that a user's program enters by itself."""
    return await user_service.get_auto_join_rooms(context, request)


@handles(SendPrivatechatMessage)
async def send_privatechat_message(
    context: Context, request: SendPrivatechatMessage
) -> None:
    """Say something to a user."""
    await private_chats.send_privatechat_message(context, request)


@handles(ShareFileWithUser)
async def share_file_with_user(context: Context, request: ShareFileWithUser) -> None:
    """Share a file with a user."""
    await private_chats.share_file_with_user(context, request)


@handles(ShareLinkWithUser)
async def share_link_with_user(context: Context, request: ShareLinkWithUser) -> None:
    """Share a link with a user."""
    await private_chats.share_link_with_user(context, request)


@handles(GetPrivatechatHistory)
async def get_privatechat_history(
    context: Context, request: GetPrivatechatHistory
) -> MessagePage:
    """Answer with a page of a private chat."""
    return await histories.get_history(context, request)


@handles(GetRecentPrivatechatHistory)
async def get_recent_privatechat_history(
    context: Context, request: GetRecentPrivatechatHistory
) -> MessagePage:
    """Answer with a private chat's latest messages."""
    return await histories.get_recent_history(context, request)


@handles(GetPrivatechatMessage)
async def get_privatechat_message(
    context: Context, request: GetPrivatechatMessage
) -> MessageEnvelope:
    """Answer with one message of a private chat."""
    return await histories.get_message(context, request)
