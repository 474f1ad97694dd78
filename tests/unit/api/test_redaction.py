"""What a server says may quote what it was sent: none of that is shown."""

from __future__ import annotations

import html
import json
from typing import ClassVar
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.api.free_request import FreeRequest
from hipkit.api.model import Model
from hipkit.api.operation import Operation
from hipkit.api.redaction import (
    LONGEST_SHOWN,
    WINDOW,
    mask_path,
    mask_query,
    redact,
    secrets_in,
)
from hipkit.api.secret import Secret
from hipkit.v2.models import Card
from hipkit.v2.oauth_sessions import GenerateToken
from hipkit.v2.rooms import SendRoomNotification
from hipkit.v2.users import CreateUser


class Part(Model, frozen=True, omit_defaults=True):
    label: str
    parts: list[Part] | None = None


class Say(Operation[None], frozen=True):
    operation_id = "say"
    tag = "Things"
    method = "POST"
    path = "/say/{token}/{room}"
    members: ClassVar[dict[str, str]] = {"message": "message", "parts": "parts"}
    query: ClassVar[dict[str, str]] = {"expand": "expand"}
    secrets = frozenset({"token"})
    body_kind = "json"

    token: str
    room: str
    message: str
    parts: list[Part] | dict[str, object] | None = None
    expand: str | None = None


class Post(Operation[None], frozen=True):
    operation_id = "post"
    tag = "Things"
    method = "POST"
    path = "/post"
    whole_body = True
    body_kind = "json"

    body: object


def say(message: str = "nothing much", **arguments: object) -> Say:
    return Say(
        "tokenInThePath99",
        "ops",
        message,
        **arguments,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Room not found", "Room not found"),
        ("no session tokenInThePath99", "no session ***"),
        ("no session /say/tokenInThePath99/ops", "no session /say/***/ops"),
        ("you said launch at noon!", "you said ***!"),
        ("you said 'launch at n' or so", "you said 'launch at n' or so"),
        ("you said 'launch at no'", "you said '***'"),
        (
            "Value u'launch' for field 'message' is bad",
            "Value *** for field 'message' is bad",
        ),
        ('Value "l" is not of type "x"', 'Value *** is not of type "x"'),
        ("a\nb\r\n\x00\x1b[31mc\u202e", "a b [31mc"),
        ("", ""),
    ],
)
def test_what_was_sent_is_masked_and_the_rest_stays(text: str, shown: str) -> None:
    assert redact(text, say("launch at noon")) == shown


def test_path_and_query_arguments_that_are_no_secrets_stay() -> None:
    operation = say(expand="items.owner")
    assert redact("ops has no items.owner", operation) == "ops has no items.owner"


def test_a_text_of_a_few_letters_stays() -> None:
    assert redact("high and mighty", say("hi")) == "high and mighty"


def test_texts_deep_in_the_body_are_private_too() -> None:
    nested = [Part("label number one", [Part("label number two")])]
    free = {"a": [{"b": ("label number three",)}]}
    text = "label number one, label number two, label number three"
    assert redact(text, say(parts=nested)) == "***, ***, ***hree"
    assert "***" in redact(text, say(parts=free))
    assert "number three" not in redact(text, say(parts=free))
    assert redact("label number one", Post(nested)) == "***"


def note(message: str, **arguments: object) -> SendRoomNotification:
    return SendRoomNotification("ops", message=message, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "operation", "shown"),
    [
        # Which member, which rule, which limit: none of it is anybody's secret.
        (
            "Value u'aaaaaaaaaa... for field 'message' is longer than 10000",
            note("a" * 10_001),
            "Value *** for field 'message' is longer than 10000",
        ),
        (
            "Value u'launch at noon' for field 'message' is longer than 10000",
            note("launch at noon"),
            "Value *** for field 'message' is longer than 10000",
        ),
        (
            "Value u'purple' for field 'color' is not one of 'yellow', 'green'",
            note("launch at noon", color="purple"),
            "Value u'purple' for field 'color' is not one of 'yellow', 'green'",
        ),
        (
            "Value u'true' for field 'notify' is not of type 'boolean'",
            note("launch at noon", notify="true"),
            "Value u'true' for field 'notify' is not of type 'boolean'",
        ),
        (
            "Value u'blog' for field 'card.style' is not one of 'file', 'link'",
            note("noon", card=Card(style="blog", id="1", title="my plan")),
            "Value u'blog' for field 'card.style' is not one of 'file', 'link'",
        ),
        (
            "Value u'my plan' for field 'card.title' is not good",
            note("noon", card=Card(style="link", id="1", title="my plan")),
            "Value *** for field 'card.title' is not good",
        ),
        (
            "Value {u'a': u'my plan'} for field 'card' is not of type 'null'",
            note("noon"),
            "Value *** for field 'card' is not of type 'null'",
        ),
        # Nor does a text that is an ordinary word destroy the sentence.
        (
            "Value u'message' for field 'message' is longer than 10000",
            note("message"),
            "Value *** for field 'message' is longer than 10000",
        ),
        (
            "Field 'message' is longer than 10000",
            note("10000"),
            "Field 'message' is longer than 10000",
        ),
        ("Room not found", note("Room"), "Room not found"),
        ("Room not found", note("not found"), "Room not found"),
        ("Room 'not found'", note("not found"), "Room '***'"),
        ("Invalid color", note("color", color="red"), "Invalid color"),
        ("the color is \u201cred\u201d", note("it is red", color="red"), None),
        ("no field 'message_format'", note("message_format"), None),
        # A password is hidden wherever it stands, but for the name of its own field.
        (
            "Value u'password' for field 'password' is weak: password",
            CreateUser(name="a b", email="a@b.c", password="password"),
            "Value *** for field 'password' is weak: ***",
        ),
        (
            "bad code sunshine",
            GenerateToken(grant_type="authorization_code", code="sunshine"),
            "bad code ***",
        ),
    ],
)
def test_what_is_no_secret_stays(
    text: str, operation: Operation[object], shown: str | None
) -> None:
    assert redact(text, operation) == (text if shown is None else shown)


def test_texts_that_overlap_are_hidden_as_a_whole() -> None:
    operation = say("launch at noontide", parts={"a": "noontide tomorrow"})
    assert redact("no launch at noontide tomorrow!", operation) == "no ***!"
    # What is quoted of a message may begin a token.
    shown = redact("a long message withtokenInThePath99", say("a long message with"))
    assert shown == "***"


@pytest.mark.parametrize("is_page", [False, True])
def test_only_a_page_is_masked_wherever_a_word_of_the_call_stands(
    is_page: bool,
) -> None:
    shown = redact("You sent Room or a+b.", note("Room", card="a+b"), is_page=is_page)
    assert shown == ("You sent *** or ***." if is_page else "You sent Room or a+b.")


def test_a_token_that_is_a_word_is_hidden_everywhere() -> None:
    shown = redact("no session letmein", note("hello"), (Secret("letmein"),))
    assert shown == "no session ***"


SECRET = 'Größe: 50% von "A&B" <i>jetzt</i>\tund gleich'


@pytest.mark.parametrize(
    "quoted",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        ascii(SECRET),
        repr(SECRET),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        html.escape(SECRET),
        html.escape(SECRET, quote=False),
        " ".join(SECRET.split()),
        SECRET.replace("\t", "\n\n"),
    ],
)
def test_a_quotation_is_recognised_in_every_dress(quoted: str) -> None:
    shown = redact(f"server says {quoted} is bad", say(SECRET))
    assert shown.startswith("server says ")
    assert shown.endswith(" is bad")
    for chunk in ("von", "jetzt", "gleich"):
        assert chunk not in shown


letters = st.characters(exclude_categories=["Cs"], exclude_characters="*")
texts = st.text(letters, min_size=WINDOW, max_size=60)


@given(private=texts, before=st.text(letters), after=st.text(letters), data=st.data())
def test_no_part_of_a_private_text_that_is_long_enough_survives(
    private: str, before: str, after: str, data: st.DataObject
) -> None:
    private = " ".join("".join(c if c.isprintable() else " " for c in private).split())
    begin = data.draw(st.integers(0, len(private)))
    end = data.draw(st.integers(begin, len(private)))
    shown = redact(before + private[begin:end] + after, say(private))
    for start in range(len(private) - WINDOW + 1):
        assert private[start : start + WINDOW] not in shown


@given(text=st.text(), message=st.text(), secret=st.text())
def test_whatever_is_said_becomes_one_line_of_bounded_length(
    text: str, message: str, secret: str
) -> None:
    shown = redact(text * 50, say(message), (Secret(secret),))
    assert shown.isprintable()
    assert len(shown) <= LONGEST_SHOWN + len("...")


@pytest.mark.parametrize("length", range(1150, 1250, 7))
def test_no_beginning_of_a_private_text_is_left_where_a_long_message_is_cut(
    length: int,
) -> None:
    # Masked, the quotations are so short that what stood near the cut is shown.
    private = "first secret " * 30
    message = (private * 10)[:length] + "s3cretText and more " * 20
    shown = redact(message, say("s3cretText and more", parts={"a": private}))
    assert "s3cret" not in shown


def test_a_message_of_any_length_takes_no_time_to_speak_of() -> None:
    message = "a private text " * 700
    assert len(redact(message * 1000, say(message))) < 400


@pytest.mark.parametrize(
    ("authorization", "secrets"),
    [
        (None, ()),
        ("Bearer abc", ("abc",)),
        ("Basic aWQ6c2VjOnJldA==", ("aWQ6c2VjOnJldA==", "sec:ret")),
        ("Basic not base 64!", ("not base 64!",)),
        ("Basic /////w==", ("/////w==",)),
        ("bareToken", ("bareToken",)),
    ],
)
def test_the_secrets_of_an_authorization_header(
    authorization: str | None, secrets: tuple[str, ...]
) -> None:
    header = None if authorization is None else Secret(authorization)
    assert secrets_in(header) == tuple(map(Secret, secrets))


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("a=1&auth_token=abc&b=2", "a=1&auth_token=***&b=2"),
        ("access_token=a%20b", "access_token=***"),
        ("TOKEN=x&signed_request=y", "TOKEN=***&signed_request=***"),
        (
            "client_secret=x&api-key=y&tokens=2",
            "client_secret=***&api-key=***&tokens=***",
        ),
        ("broken=x&token_type=bearer&max-results=3",) * 2,
        ("", ""),
    ],
)
def test_secrets_in_queries_are_masked_by_their_names(query: str, shown: str) -> None:
    assert mask_query(query) == shown


@pytest.mark.parametrize(
    "path",
    [
        "/oauth/token/s3cret",
        "/oauth/token/s3cret/more",
        "/addon/link/s3cret",
        "/addon/a.b-c/installable/s3cret",
        "/oauth/token/s3cret%2Fmore?x=1",
    ],
)
def test_secrets_in_free_paths_are_masked_and_never_quoted(path: str) -> None:
    assert "s3cret" not in mask_path(path)
    operation = FreeRequest("GET", path)
    assert "s3cret" not in f"{operation} {operation!r} {operation.shown_target()}"
    segment = next(each for each in path.split("/") if "s3cret" in each)
    assert "s3cret" not in redact(f"no such thing: {segment}", operation)


def test_body_and_query_of_a_free_request_are_private() -> None:
    operation = FreeRequest(
        "POST",
        "/x?token=s3cretOne",
        {"q": "s3cretTwo", "n": 5},
        {"deep": ["s3cretThree"]},
    )
    text = "s3cretOne s3cretTwo s3cretThree"
    assert redact(text, operation) == "*** *** ***"
    assert "s3cret" not in f"{operation} {operation!r}"
