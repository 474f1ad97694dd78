"""Failed calls for tests of advice, made of only what a test names."""

from __future__ import annotations

from typing import Any

from hipkit.server.page.advice.calls import Advice, advice_on
from hipkit.server.services.access.missing import Missing
from hipkit.server.services.access.token_calls import SeenCall
from hipkit.server.shared.recent_calls import RecentCall
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.tokens import TokenRecord
from hipkit.server.storage.stores.users import UserRecord


def token(scopes: str = "view_group", **members: Any) -> TokenRecord:
    values: dict[str, Any] = {
        "id": 7,
        "grant_id": 1,
        "hash": b"",
        "kind": "user",
        "group_id": 1,
        "user_id": 5,
        "scopes": scopes,
        "expires_us": None,
    }
    return TokenRecord(**{**values, **members})


def advice(
    call: RecentCall,
    token: TokenRecord | None = None,
    room: RoomRecord | None = None,
    missing: Missing | None = None,
    **members: Any,
) -> Advice:
    seen = SeenCall(
        call=call, token=token, room=room, message=None, missing=missing, **members
    )
    return advice_on(seen) or Advice("")


def call(status: int, **members: Any) -> RecentCall:
    values: dict[str, Any] = {
        "number": 1,
        "at_us": 0,
        "token_id": 7,
        "peer": "10.0.0.1",
        "method": "POST",
        "target": "/v2/room/Ops/notification",
        "operation_id": "send_room_notification",
        "request_id": "4f2a",
        "headers": (),
        "request_body": "{}",
        "status": status,
        "answer": "",
        "problem": None,
        "milliseconds": 1.0,
    }
    return RecentCall(**{**values, **members})


def room(name: str = "Ops", **members: Any) -> RoomRecord:
    values: dict[str, Any] = {
        "id": 3,
        "group_id": 1,
        "name": name,
        "topic": "",
        "privacy": "public",
        "owner_id": 1,
        "version": "",
        "is_archived": False,
        "conversation_id": 9,
        "avatar_key": None,
        "created_us": 0,
        "messages_sent": 0,
        "last_active_us": None,
    }
    return RoomRecord(**{**values, **members})


def user(name: str = "Bot") -> UserRecord:
    return UserRecord(
        id=5,
        group_id=1,
        name=name,
        mention_name="Bot",
        email="bot@example.com",
        title="",
        roles="",
        is_group_admin=False,
        timezone="UTC",
        version="",
        is_deleted=False,
        photo_key=None,
        created_us=0,
        last_active_us=None,
    )
