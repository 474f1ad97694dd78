"""Reads the answers of webhooks' receivers: some are notifications to post."""

from __future__ import annotations

from hipkit.api.bodies.json_grammar import parse_json
from hipkit.server.http.decoding import decode
from hipkit.v2.rooms import SendRoomNotification

__all__ = ["read_notification"]


def read_notification(body: bytes, room_id: int) -> SendRoomNotification | None:
    """Return the notification in an answer's body; `None` for any other answer.

    A JSON object with a `message` is one, whatever its content type says.

    Raises:
        BadRequestError: It breaks the rules of notifications.
    """
    if not body.lstrip().startswith(b"{"):
        return None
    try:
        members = parse_json(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(members, dict) or "message" not in members:
        return None
    path = {"room_id_or_name": str(room_id)}
    return decode(SendRoomNotification, path=path, body=members, strict=False)
