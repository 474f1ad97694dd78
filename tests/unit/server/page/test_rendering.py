"""Rendered messages: complete, and safe whatever was sent."""

from __future__ import annotations

from hypothesis import given

from hipkit.server.page.rendering import References
from tests.unit.server.page.messages import (
    ANN,
    HOSTILE,
    KEY,
    card,
    check,
    message,
    notification,
    shown,
)


@given(HOSTILE)
def test_names_topics_and_files_bring_no_other_tag_attribute_or_source(
    text: str,
) -> None:
    check(
        shown(
            message(
                sender_label=text,
                file_key=KEY,
                file_name=text or None,
                file_content_type="image/png",
            )
        )
    )
    check(shown(message(kind="topic", body=text, sender_label=text)))
    answering = References(
        people={}, emoticons={}, parents={"p": message(body=text, sender_label=text)}
    )
    check(shown(message(attach_to="p"), answering))


def test_an_abridged_parent_separates_lines_and_cells() -> None:
    table = (
        "<table><tr><td>Host</td><td>State</td></tr><tr><td>db</td><td>up</td></table>"
    )
    parent = notification(table + "<none>", id="p")
    references = References(people={}, emoticons={}, parents={"p": parent})
    html = shown(message(attach_to="p"), references)
    assert "<bdi>Host | State db | up &lt;none&gt;</bdi>" in html


def test_an_abridged_card_is_its_title_and_description_as_text() -> None:
    body = '<a href="javascript:x()">here</a> &lt;b&gt;<none><p>below'
    parent = card(description={"value": body, "format": "html"})
    references = References(people={}, emoticons={}, parents={"p": parent})
    html = shown(message(attach_to="p"), references)
    assert "<bdi>Title here &lt;b&gt;&lt;none&gt; below</bdi>" in html


def test_html_has_neither_mentions_nor_emoticons() -> None:
    html = shown(notification("@all (smile)"))
    assert "@all (smile)" in html
    assert "mention" not in html


def test_a_long_message_is_folded_and_complete_inside() -> None:
    html = shown(message(body="word " * 1000))
    assert "Show all" in html
    assert "word " * 1000 in html
    assert "<details" in shown(message(body="\n" * 40))
    assert "<details" not in shown(message(body="word " * 100))


def test_users_add_ons_and_guests_are_distinguished() -> None:
    references = References(people={7: ANN}, emoticons={}, parents={})
    assert 'title="@ann"' in shown(message(sender_id=7), references)
    assert "add-on" in shown(notification("x", client_id="c"))
    assert "guest" in shown(message())


def test_a_reply_shows_its_parent_unless_that_was_deleted() -> None:
    parent = message(id="p-1", body="Is it done?", sender_label="Bob")
    references = References(people={}, emoticons={}, parents={"p-1": parent})
    html = shown(message(attach_to="p-1"), references)
    assert '<a href="?at=p-1"><bdi>Bob</bdi>: <bdi>Is it done?</bdi></a>' in html
    gone = References(
        people={},
        emoticons={},
        parents={"p-1": message(is_deleted=True, body="secret")},
    )
    assert "secret" not in shown(message(attach_to="p-1"), gone)


def test_a_deleted_message_shows_nothing_of_its_content() -> None:
    record = notification(
        "secret", is_deleted=True, card="{}", file_key=KEY, file_name="secret"
    )
    html = shown(record)
    assert "This message was deleted" in html
    assert "secret" not in html


def test_a_file_has_name_and_size_and_a_picture_is_shown() -> None:
    picture = {
        "file_key": KEY,
        "file_name": "a b.png",
        "file_size_bytes": 1234,
        "file_content_type": "image/png",
    }
    html = shown(message(body="", **picture))
    assert f'<img src="/files/{KEY}/a%20b.png" alt="a b.png"' in html
    assert "1.2 KB" in html
    drawing = {**picture, "file_content_type": "image/svg+xml"}
    assert "<img" not in shown(message(**drawing))


def test_a_file_name_cannot_hide_its_extension() -> None:
    html = shown(message(file_key=KEY, file_name="photo\u202egnp.exe"))
    assert "<bdi>photognp.exe</bdi>" in html


def test_times_are_in_utc() -> None:
    html = shown(message())
    assert 'datetime="2023-11-14T22:13:20Z"' in html
    assert "2023-11-14 22:13 UTC</time>" in html
