r"""A kit for add-ons (extra `addon`): one object, from which everything else follows.

```python
from hipkit.addon import AddOn, Message

addon = AddOn(key="com.example.karma", name="Karma", scopes=["send_notification"])


@addon.on_message(r"^/karma (?P<name>@\w+)")
async def karma(message: Message, name: str) -> str:
    return f"{name} has one more"


app = addon.asgi(base_url="https://karma.example.com")
```

Read next: `addon.py`.
"""

from hipkit.addon.addon import AddOn
from hipkit.addon.asgi.app import AddOnApp
from hipkit.addon.descriptor.conditions import (
    Expression,
    card_matches,
    glance_matches,
    message_contains_link,
    message_matches,
    message_sent_by_current_user,
    room_is_public,
    user_is_admin,
    user_is_guest,
    user_is_room_owner,
)
from hipkit.addon.descriptor.identity import Scope
from hipkit.addon.descriptor.modules import button
from hipkit.addon.handlers.commands import Command, UsageError
from hipkit.addon.handlers.events import (
    FileUpload,
    Message,
    RoomArchived,
    RoomCreated,
    RoomDeleted,
    RoomEnter,
    RoomEvent,
    RoomExit,
    RoomNotification,
    RoomUnarchived,
    TopicChange,
)
from hipkit.addon.handlers.registry import Failure
from hipkit.addon.handlers.replies import Html, Notification, Reply
from hipkit.addon.handlers.views import ViewRequest, ViewResponse, glance_content
from hipkit.addon.installations.installation import Installation
from hipkit.addon.installations.verification import verify_webhook
from hipkit.v2.models import Card, Icon, Room, Sender, Target, User

__all__ = [
    "AddOn",
    "AddOnApp",
    "Card",
    "Command",
    "Expression",
    "Failure",
    "FileUpload",
    "Html",
    "Icon",
    "Installation",
    "Message",
    "Notification",
    "Reply",
    "Room",
    "RoomArchived",
    "RoomCreated",
    "RoomDeleted",
    "RoomEnter",
    "RoomEvent",
    "RoomExit",
    "RoomNotification",
    "RoomUnarchived",
    "Scope",
    "Sender",
    "Target",
    "TopicChange",
    "UsageError",
    "User",
    "ViewRequest",
    "ViewResponse",
    "button",
    "card_matches",
    "glance_content",
    "glance_matches",
    "message_contains_link",
    "message_matches",
    "message_sent_by_current_user",
    "room_is_public",
    "user_is_admin",
    "user_is_guest",
    "user_is_room_owner",
    "verify_webhook",
]
