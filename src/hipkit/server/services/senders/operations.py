"""What a sender may do: post, and read the lists that old programs read first.

Not what others sent: history, search and private chats. Nothing that administers either, but for
a room's topic, and rooms that are made before something is sent to them.
"""

from __future__ import annotations

from hipkit.api.errors import ForbiddenError
from hipkit.api.operation import Operation
from hipkit.v1 import rooms as v1_rooms
from hipkit.v1 import users as v1_users
from hipkit.v2 import emoticons, oauth_sessions, rooms, users

__all__ = ["SENDER_SCOPES", "check_sender_may"]

SENDER_SCOPES = frozenset(
    {
        "admin_room",
        "manage_rooms",
        "send_message",
        "send_notification",
        "view_group",
        "view_room",
    }
)
"""Those of the operations below, which are all that they suffice for."""

ALLOWED: frozenset[type[Operation[object]]] = frozenset(
    {
        emoticons.GetAllEmoticons,
        emoticons.GetEmoticon,
        oauth_sessions.GenerateToken,
        rooms.CreateRoom,
        rooms.GetAllRooms,
        rooms.GetRoom,
        rooms.ReplyToMessage,
        rooms.SendMessage,
        rooms.SendRoomNotification,
        rooms.SetTopic,
        rooms.ShareFileWithRoom,
        rooms.ShareLinkWithRoom,
        users.GetAllUsers,
        users.GetUser,
        users.SendPrivatechatMessage,
        users.ShareFileWithUser,
        users.ShareLinkWithUser,
        v1_rooms.RoomsCreate,
        v1_rooms.RoomsList,
        v1_rooms.RoomsMessage,
        v1_rooms.RoomsMessageByGet,
        v1_rooms.RoomsShow,
        v1_rooms.RoomsTopic,
        v1_users.UsersList,
        v1_users.UsersShow,
    }
)


def check_sender_may(kind: type[Operation[object]]) -> None:
    """Check that an operation is one of those that senders may call.

    Raises:
        ForbiddenError: It is not.
    """
    if kind.auth != "none" and kind not in ALLOWED:
        raise ForbiddenError(
            "Programs that are not set up here may send, and not do this: it needs a"
            " token of this server"
        )
