"""What a handler returns: the reply to an event (pure)."""

from __future__ import annotations

from html import escape
from typing import Literal

from msgspec import UNSET

from hipkit.api.messages.long_messages import truncate_message
from hipkit.api.secret import MaskedStruct
from hipkit.v2.models import Card
from hipkit.v2.rooms import SendRoomNotification

__all__ = ["Color", "Html", "Notification", "Reply", "to_operation"]

Color = Literal["yellow", "green", "red", "purple", "gray", "random"]


class Html(MaskedStruct, frozen=True):
    """A text in HTML: a reply, the label of a glance, or a page of the add-on.

    Attributes:
        value: The HTML. It is not escaped: see `format`.
    """

    secrets = frozenset({"value"})

    value: str

    @classmethod
    def format(cls, template: str, /, **values: object) -> Html:
        """Return HTML from a template like that of `str.format`; values are escaped.

        ```python
        Html.format("<b>{name}</b> has {points}", name=name, points=3)
        ```

        Args:
            template: HTML with names in braces. It comes from the program, never from a user.
            values: The value of each name. An `Html` is inserted unchanged.
        """
        return cls(
            template.format_map(
                {
                    name: value.value if isinstance(value, Html) else escape(str(value))
                    for name, value in values.items()
                }
            )
        )


class Notification(MaskedStruct, frozen=True):
    """A reply with more than a text.

    Attributes:
        message: A text, or `Html`. Longer than 10,000 characters, it is shortened.
        color: Background; the server takes `yellow` when left out.
        notify: Whether to alert the users in the room.
        card: A card to show instead of the message, which clients without cards show.
        attach_to: Id of the message to attach the notification to.
    """

    secrets = frozenset({"message"})

    message: str | Html
    color: Color | None = None
    notify: bool | None = None
    card: Card | None = None
    attach_to: str | None = None


Reply = str | Html | Card | Notification | None
"""What a handler of an event may return; `None` and an empty text send nothing."""


def to_operation(
    reply: Reply, room_id: int, *, label: str | None = None
) -> SendRoomNotification | None:
    """Return the call that sends a reply, or `None` if there is nothing to send.

    Args:
        reply: What the handler returned.
        room_id: The room of the event.
        label: Label to show next to the sender's name.

    Raises:
        TypeError: It is something else.
    """
    if isinstance(reply, Card):
        reply = Notification(_text_of(reply), card=reply)
    elif isinstance(reply, str | Html):
        reply = Notification(reply)
    elif reply is None:
        return None
    elif not isinstance(reply, Notification):
        raise TypeError(
            f"a handler returned {type(reply).__name__}: a reply is a str, Html, Card, "
            "Notification or None"
        )
    message_format: Literal["html", "text"] = "text"
    text = reply.message
    if isinstance(text, Html):
        message_format, text = "html", text.value
    if not text.strip():
        if reply.card is None:
            return None
        message_format, text = "text", _text_of(reply.card)
    return SendRoomNotification(
        room_id,
        message=truncate_message(text, message_format=message_format),
        message_format=message_format,
        color=reply.color,
        notify=reply.notify,
        from_=label,
        attach_to=reply.attach_to,
        card=UNSET if reply.card is None else reply.card,
    )


def _text_of(card: Card) -> str:
    """Return what clients show that cannot show cards."""
    return card.title or card.url or card.style
