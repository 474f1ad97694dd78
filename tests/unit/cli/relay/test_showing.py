from __future__ import annotations

import json
from email.message import EmailMessage

import pytest

from hipkit.api.secret import Secret
from hipkit.cli.relay.showing import show_rendered, shown_lines
from hipkit.relay.message import RelayFile
from hipkit.relay.targets.protocol import (
    FILE_MARK,
    AppriseCall,
    HttpCall,
    Mail,
    Rendered,
    Settings,
)

SECRET = 's3cret/"ä&value'


class SecretSettings(Settings, frozen=True, kw_only=True):
    """A secret, more of them, and one that is left out."""

    url: Secret = Secret("https://chat.example.com/hooks/" + SECRET)
    keys: tuple[Secret, ...] = (Secret(SECRET), Secret("s3cret"))
    other: Secret | None = None


def call(url: str, body: bytes, **more: str) -> HttpCall:
    headers = tuple((name.replace("_", "-"), value) for name, value in more.items())
    return HttpCall(method="POST", url=Secret(url), headers=headers, body=body)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "https://chat.example.com/hooks/" + SECRET,
            "https://chat.example.com/***",
        ),
        (
            f"https://chat.example.com/hooks/{SECRET}?wait=true",
            "https://chat.example.com/***?wait=true",
        ),
        ("https://a.example.com/bots3cret/send", "https://a.example.com/bot***/send"),
        (
            "https://a.example.com/?k=s3cret%2F%22%C3%A4%26value",
            "https://a.example.com/?k=***",
        ),
        (
            "https://m.example.com/rooms/%21a/send",
            "https://m.example.com/rooms/%21a/send",
        ),
    ],
)
def test_a_url_is_shown_without_what_is_secret_in_it(url: str, shown: str) -> None:
    assert show_rendered(call(url, b"x"), SecretSettings())["url"] == shown


def test_a_url_that_is_secret_is_shown_with_host_and_port() -> None:
    url = "http://user:s3cret@127.0.0.1:9091/hooks/1"
    shown = show_rendered(call(url, b"x"), SecretSettings(url=Secret(url)))
    assert shown["url"] == "http://127.0.0.1:9091/***"


def test_headers_and_bodies_have_no_secret() -> None:
    body = json.dumps({"text": "hello", "key": SECRET}).encode()
    rendered = call(
        "https://a.example.com/",
        body,
        Content_Type="application/json",
        Authorization="Bearer abc",
        X_Signature="abc",
        Via=f"x {SECRET}",
    )

    assert show_rendered(rendered, SecretSettings()) == {
        "method": "POST",
        "url": "https://a.example.com/",
        "headers": {
            "Content-Type": "application/json",
            "Authorization": "***",
            "X-Signature": "***",
            "Via": "x ***",
        },
        "body": {"text": "hello", "key": "***"},
    }


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"plain", "plain"),
        (b"\xff", "\N{REPLACEMENT CHARACTER}"),
        (b"[" * 5_000, "[" * 5_000),
        (b"before " + FILE_MARK + b" after", "before ... after"),
    ],
)
def test_a_body_that_is_no_json_is_shown_as_text(body: bytes, shown: str) -> None:
    rendered = call("https://a.example.com/", body)
    assert show_rendered(rendered, SecretSettings())["body"] == shown


def mail() -> Mail:
    message = EmailMessage()
    message["Subject"] = f"red: {SECRET}"
    message.set_content(f"text with {SECRET}")
    message.add_alternative("<p>html</p>", subtype="html")
    file = RelayFile(key="k", name="log.txt", size_bytes=1, content_type="text/plain")
    return Mail(
        host="mail.example.com",
        port=25,
        security="starttls",
        password=Secret(SECRET),
        sender="a@example.com",
        recipients=("b@example.com",),
        message=message,
        files=(file,),
    )


def apprise() -> AppriseCall:
    return AppriseCall(
        url=Secret("json://s3cret"),
        title="Dev Ops",
        text="hello s3cret",
        type="failure",
    )


@pytest.mark.parametrize("rendered", [mail(), apprise()])
def test_mails_and_notifications_have_no_secret(rendered: Rendered) -> None:
    shown = show_rendered(rendered, SecretSettings())

    text = "\n".join(shown_lines(shown))
    assert "s3cret" not in text + repr(shown)
    assert "***" in text


def test_lines_are_as_people_read_a_request() -> None:
    rendered = call(
        "https://a.example.com/x", b'{"text": "\xc3\xa4"}', Content_Type="a/b"
    )
    assert list(shown_lines(show_rendered(rendered, SecretSettings()))) == [
        "POST https://a.example.com/x",
        "  Content-Type: a/b",
        "  {",
        '    "text": "ä"',
        "  }",
    ]
    assert list(shown_lines(show_rendered(mail(), SecretSettings())))[-3:] == [
        "",
        "  text with ***",
        "  with log.txt",
    ]
