from __future__ import annotations

import pytest
from msgspec import UNSET

from hipkit.addon.handlers.replies import Html, Notification, Reply, to_operation
from hipkit.v2.models import Card
from hipkit.v2.rooms import SendRoomNotification

CARD = Card(style="link", id="1", title="Build", description="green")


def test_a_text_is_sent_as_text() -> None:
    assert to_operation("<b>", 7) == SendRoomNotification(
        7, message="<b>", message_format="text"
    )


def test_html_is_sent_as_html() -> None:
    assert to_operation(Html("<b>1</b>"), 7) == SendRoomNotification(
        7, message="<b>1</b>", message_format="html"
    )


def test_a_card_is_sent_with_its_title_as_text() -> None:
    assert to_operation(CARD, 7) == SendRoomNotification(
        7, message="Build", message_format="text", card=CARD
    )


def test_a_notification_has_everything_that_it_says() -> None:
    reply = Notification(
        Html("<i>1</i>"), color="green", notify=True, card=CARD, attach_to="id"
    )
    assert to_operation(reply, 7, label="Bot") == SendRoomNotification(
        7,
        message="<i>1</i>",
        message_format="html",
        color="green",
        notify=True,
        from_="Bot",
        attach_to="id",
        card=CARD,
    )
    plain = to_operation(Notification("x"), 7)
    assert plain is not None
    assert plain.card is UNSET


@pytest.mark.parametrize("reply", [None, "", " \n", Html(""), Notification("")])
def test_nothing_is_sent_for_nothing(reply: Reply) -> None:
    assert to_operation(reply, 7) is None


def test_a_card_is_sent_without_a_message() -> None:
    made = to_operation(Notification(Html(" "), card=CARD), 7)
    assert made is not None
    assert (made.message, made.message_format) == ("Build", "text")


def test_a_long_text_is_shortened() -> None:
    made = to_operation("word " * 5_000, 7)
    assert made is not None
    assert 9_000 < len(made.message) <= 10_000
    assert made.message.endswith("…")


def test_anything_else_is_refused_without_quoting_it() -> None:
    with pytest.raises(TypeError) as caught:
        to_operation({"private": 1}, 7)  # type: ignore[arg-type]
    assert "dict" in str(caught.value)
    assert "private" not in str(caught.value)


def test_values_in_html_are_escaped_but_html() -> None:
    name, bold = "<script>", Html("<b>x</b>")
    made = Html.format(
        "<i>{name}</i> {bold} {number:>3}", name=name, bold=bold, number=1
    )
    assert made == Html("<i>&lt;script&gt;</i> <b>x</b>   1")
    quoted = Html.format('<a title="{0}">'.replace("0", "name"), name='" onclick="x')
    assert '" onclick' not in quoted.value


def test_what_is_sent_is_not_shown() -> None:
    assert "private" not in repr([Html("private"), Notification("private")])
