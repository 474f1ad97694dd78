"""E-mail: headers that nothing of the source breaks, two parts, threads, and attachments."""

from __future__ import annotations

import email.policy
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hipkit.api.secret import Secret
from hipkit.relay.markup.tree import Element, Mention, Text
from hipkit.relay.message import RelayCard, RelayFile, RelayMessage
from hipkit.relay.targets.email import Email, EmailSettings
from hipkit.relay.targets.protocol import Mail, RenderOptions
from tests.unit.relay.messages import MESSAGE, message

USUAL: dict[str, Any] = {
    "server": "smtp.example.com",
    "sender": "relay@example.com",
    "recipients": ("ops@example.com", "ann@example.org"),
}
SETTINGS = EmailSettings(**USUAL)
HOSTILE = "Jenkins\r\nBcc: eve@example.com\r\n\r\n<b>"


def rendered(
    relayed: RelayMessage, settings: EmailSettings = SETTINGS, **options: Any
) -> Mail:
    return Email().render(relayed, settings, RenderOptions(**options))


def received(relayed: RelayMessage, **options: Any) -> EmailMessage:
    """Return a mail as a reader's program reads it."""
    sent = rendered(relayed, **options).message.as_bytes()
    parsed = email.message_from_bytes(sent, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    text: str = found.get_content()
    return text


def test_a_mail_is_from_the_label_and_says_that_a_program_sent_it() -> None:
    mail = received(message())

    assert dict(mail.items()) | {"Content-Type": ""} == {
        "From": "Jenkins <relay@example.com>",
        "To": "ops@example.com, ann@example.org",
        "Subject": "Build failed",
        "Date": "Mon, 30 Nov 2026 10:00:00 +0000",
        "Message-ID": f"<{MESSAGE.id}@example.com>",
        "List-Id": "Dev Ops <dev-ops-a9841992.hipkit.example.com>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": "",
    }


def test_every_try_is_the_same_mail() -> None:
    first, second = (rendered(message()).message.as_bytes() for _ in range(2))

    assert first == second


def test_it_says_the_same_as_text_and_as_html_with_the_colour_at_the_left() -> None:
    link = Element(tag="a", url="https://ci.example.com/12", children=(Text("#12"),))
    mail = received(
        message(body=(Text("Build < "), link), link="https://relay.example.com/m")
    )

    assert part(mail, "plain") == (
        "Build < #12 (https://ci.example.com/12)\n\n"
        "-- \nJenkins in Dev Ops\nhttps://relay.example.com/m\n"
    )
    assert part(mail, "html") == (
        '<!doctype html>\n<html><body style="font-family: sans-serif">\n'
        '<div style="border-left: 4px solid #D04437; padding-left: 12px">'
        'Build &lt; <a href="https://ci.example.com/12">#12</a></div>\n'
        '<p style="color: #666666"><a href="https://relay.example.com/m">'
        "Jenkins in Dev Ops</a></p>\n</body></html>\n"
    )


@pytest.mark.parametrize("field", ["label", "title", "room", "id", "thread"])
def test_nothing_of_the_source_adds_a_header(field: str) -> None:
    mail = received(message(**{field: HOSTILE}))

    assert mail["Bcc"] is None
    assert mail["To"] == "ops@example.com, ann@example.org"
    assert part(mail, "plain").startswith("Build failed")


@given(st.text(), st.text(), st.text(), st.text())
def test_no_text_breaks_a_mail(label: str, title: str, room: str, text: str) -> None:
    usual = set(received(message(title="x")).keys())

    mail = received(message(label=label, title=title, room=room, body=(Text(text),)))

    assert set(mail.keys()) == usual
    assert [each.addr_spec for each in mail["From"].addresses] == ["relay@example.com"]
    assert len(mail["To"].addresses) == 2


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ('CI "night", (2)', 'CI "night", (2)'),
        ("Jürgen", "Jürgen"),
        ("監視 " * 10, "監視 " * 9 + "監視"),
        ("=?utf-8?q?admin?=", "=?utf-8?q?admin?="),
        ("eve@example.com", "eve@example.com"),
        ("x" * 200, f"{'x' * 80} …"),
    ],
)
def test_a_label_stays_a_name(label: str, name: str) -> None:
    raw = str(rendered(message(label=label)).message["From"])

    shown, address = parseaddr(raw)

    # Python's newer parser keeps the space between two encoded words, which means nothing.
    assert str(make_header(decode_header(shown))) == name
    assert address == "relay@example.com"


def test_an_empty_label_is_the_sender() -> None:
    mail = received(message(label=""))

    assert mail["From"] == "Jenkins <relay@example.com>"


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"title": "Nightly"}, "Nightly: Build failed"),
        ({"body": (Text("a\nb"),)}, "a b"),
        ({"body": (Text("word " * 60),)}, f"{'word ' * 24}…"),
        ({"body": ()}, "(no text)"),
        ({"body": (Mention("here"),)}, "@here"),
        (
            {"card": RelayCard(id="c", style="link", title="Build #12")},
            "Build #12",
        ),
    ],
)
def test_the_subject_is_title_and_first_words(
    changes: dict[str, Any], subject: str
) -> None:
    assert received(message(**changes))["Subject"] == subject


@given(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=119))
@example("é" * 119)
@example("a" + "👩" * 60)
def test_a_subject_is_encoded_in_short_lines(text: str) -> None:
    raw = str(rendered(message(body=(Text(f"é{text}"),))).message["Subject"])

    assert raw.isascii()
    assert all(len(line) <= 76 for line in f"Subject: {raw}".split("\n"))
    assert str(make_header(decode_header(raw))) == f"é{text}"


def test_a_reply_refers_to_its_message() -> None:
    known = received(message(thread="a card"), references={"a card": "<x@example.com>"})
    by_id = received(message(thread="01998f3e"))

    assert known["References"] == known["In-Reply-To"] == "<x@example.com>"
    assert by_id["References"] == "<01998f3e@example.com>"


def test_a_private_message_is_in_a_list_of_its_own() -> None:
    assert received(message(room=None))["List-Id"] == "<private.hipkit.example.com>"


def test_rooms_without_latin_letters_are_told_apart() -> None:
    lists = {received(message(room=room))["List-Id"] for room in ("監視", "運用")}

    assert len({each.rpartition("<")[2] for each in lists}) == 2


def test_only_what_may_mention_everybody_is_important() -> None:
    assert received(message(loud=True), notify="mention")["Importance"] == "high"
    assert received(message(loud=True))["Importance"] is None
    assert received(message(), notify="mention")["Importance"] is None


def test_files_are_attached_while_they_fit_and_linked_otherwise() -> None:
    small, large = (
        RelayFile(
            key=name,
            name=name,
            size_bytes=size,
            content_type="text/csv",
            url=f"https://relay.example.com/{name}",
        )
        for name, size in (("small", 600), ("large", 500))
    )
    settings = EmailSettings(**USUAL, attach_bytes=1_000)

    mail = rendered(message(files=(small, large)), settings)
    refused = rendered(message(files=(small, large)), settings, plain=True)

    assert mail.files == (small,)
    assert refused.files == ()
    html = mail.message.get_payload()[1].get_payload(decode=True).decode()  # type: ignore[union-attr,index]  # two parts
    assert "https://relay.example.com/large" in html
    assert "https://relay.example.com/small" not in html


def test_what_was_refused_is_sent_as_text_alone() -> None:
    assert received(message(), plain=True).get_content_type() == "text/plain"


def test_a_mail_can_have_attachments_added() -> None:
    mail = rendered(message()).message

    mail.add_attachment(b"1;2", maintype="text", subtype="csv", filename="ü.csv")

    parsed = email.message_from_bytes(mail.as_bytes(), policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    assert [each.get_filename() for each in parsed.iter_attachments()] == ["ü.csv"]
    assert parsed["Subject"] == "Build failed"
    assert part(parsed, "plain").startswith("Build failed")


@pytest.mark.parametrize(
    ("security", "port", "used"),
    [("starttls", None, 587), ("tls", None, 465), ("none", None, 25), ("tls", 26, 26)],
)
def test_a_port_follows_from_the_security(
    security: Any, port: int | None, used: int
) -> None:
    settings = EmailSettings(**USUAL, security=security, port=port)

    assert rendered(message(), settings).port == used


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"recipients": ()}, "recipients is empty"),
        ({"recipients": ("ops",)}, "'ops' is no address"),
        ({"sender": "relay@example.com\r\nBcc: x@y"}, "no address"),
        ({"sender": "Relay <relay@example.com>"}, "no address"),
        ({"server": "https://smtp.example.com"}, "server is no host"),
        ({"server": "smtp.example.com:587"}, "its port is given as port"),
        ({"server": "127.0.0.1:25"}, "its port is given as port"),
        ({"port": 0}, "port is not between"),
        ({"username": "relay"}, "belong together"),
        (
            {"username": "relay", "password": Secret("x"), "security": "none"},
            "a password needs",
        ),
    ],
)
def test_settings_that_cannot_work_are_refused(
    changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        EmailSettings(**USUAL | changes)


def test_turns_are_taken_by_mail_server_and_no_password_is_shown() -> None:
    settings = EmailSettings(**USUAL, username="relay", password=Secret("secret"))

    assert Email().host(settings) == "smtp.example.com"
    assert "secret" not in repr(rendered(replace(MESSAGE), settings))
