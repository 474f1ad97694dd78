"""Every operation with private texts in every argument, answered as badly as can be.

Whatever the server says and however it says it, nothing private stands in an error's text, its
stack trace, a `repr` or a log line.
"""

from __future__ import annotations

import html
import json
import logging
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec
import pytest

from hipkit import File, Hooks, Model
from hipkit.api.operation import Operation
from hipkit.transports.protocol import RawResponse, TransportError
from tests.contract import spec
from tests.contract.answers import full, success
from tests.contract.calls import CLASSES, OPERATION_IDS, Call, calls
from tests.scripted import (
    KINDS,
    Kind,
    answer,
    connect,
    done,
    failure,
    script_for,
)

MARK = "s3cret"
"""Part of every private text here, and of nothing else."""
TOKEN = f"{MARK}TokenOfTheCaller1234567890abcdefgh"
HEADER = f"{MARK}HeaderOfTheCaller"

OPERATIONS = pytest.mark.parametrize("operation_id", OPERATION_IDS)


# --- calls whose every argument is private ------------------------------------------------------


def private_call(operation_id: str) -> tuple[Call, list[str]]:
    """Return a call with private texts wherever an argument may hold one, and those texts."""
    call = next(iter(calls(operation_id)))
    kind = CLASSES[operation_id]
    texts: list[str] = []
    arguments = dict(call.arguments)
    for field in msgspec.structs.fields(kind):
        is_named_by_path = f"{{{field.name}}}" in kind.path
        is_private = field.name in kind.secrets or (
            field.name in kind.members and not is_named_by_path
        )
        if is_private and not is_closed_set(field.type):
            arguments[field.name] = private(arguments[field.name], field, texts)
    return Call(operation_id, "all", arguments), texts


def is_closed_set(kind: Any) -> bool:
    """Whether a type is a `Literal`, or a list of one, or none."""
    return "Literal" in str(kind)


def private(value: object, field: Any, texts: list[str]) -> object:
    def text(name: str) -> str:
        texts.append(f"{MARK}{len(texts)} {name} äöü/{MARK}")
        return texts[-1]

    if isinstance(value, File):
        return File(f"{MARK} content".encode(), name="a.txt")
    if isinstance(value, bytes):
        return f"{MARK} picture".encode()
    if isinstance(value, str):
        return text(field.name)
    if isinstance(value, (Model, list)):
        plain = with_texts(msgspec.to_builtins(value), text, field.name)
        return msgspec.convert(plain, field.type, strict=False)
    return value


def with_texts(value: Any, text: Callable[[str], str], name: str) -> Any:
    if isinstance(value, dict):
        return {key: with_texts(item, text, key) for key, item in value.items()}
    if isinstance(value, list):
        return [with_texts(item, text, name) for item in value]
    return text(name) if isinstance(value, str) else value


def known_to_the_server(operation_id: str, texts: list[str]) -> list[str]:
    """Return what the server can quote: the token only where one was sent."""
    known = [*texts] if CLASSES[operation_id].auth == "none" else [TOKEN, *texts]
    return known or ["nothing"]


# --- answers that quote them --------------------------------------------------------------------


def forms(text: str) -> list[str]:
    """Give a text as a server may quote it."""
    return [
        text,
        text[3:],
        text[:-3],
        quote(text),
        quote(text, safe=""),
        ascii(text),
        json.dumps(text),
        f"u'{text}'",
    ]


def refusals(texts: list[str]) -> Iterator[RawResponse]:
    everything = " and ".join(form for text in texts for form in forms(text))[:5000]
    for status in (400, 401, 403, 404, 405, 409, 418, 429, 500, 501, 503):
        yield answer({"error": {"code": status, "message": everything}}, status)
    for number, text in enumerate(texts):
        form = forms(text)[number % len(forms(text))]
        error = {
            "code": 400,
            "type": form,
            "message": f"Value {form} for field '{text}' is no good: {form}",
            "field": form,
            "validation": form,
            "value": form,
            "expected_type": [form, {form: form}],
            "description": form,
        }
        yield answer({"error": error}, 400)
    yield answer({"error": texts[0], "error_description": texts[0]}, 400)
    yield answer(
        {"error": {"message": f"one of the following scopes: [u'{texts[0]}']"}}, 403
    )


def garbage(texts: list[str]) -> Iterator[RawResponse]:
    text = texts[0]
    raw = text.encode()
    for body in (
        raw,
        b"{" + raw,
        b'{"a": ' + raw,
        json.dumps(text).encode(),
        json.dumps([text]).encode(),
        json.dumps({"items": text, "id": text, "date": text}).encode(),
        json.dumps({"items": [{text: text, "id": text}]}).encode(),
        json.dumps({"id": {text: text}, "message": {text: [text]}}).encode(),
        json.dumps({"id": [text], "capabilities": text, "access_token": 1}).encode(),
        raw + b"\xff",
        b"[" * 5000 + raw,
    ):
        yield answer(body)
        yield answer(body, 400)
    yield RawResponse(200, {"content-type": f"text/{text}; charset={text}"}, b"<html>")
    yield from pages(texts)
    yield answer(None, 302, location=f"https://chat.example.com/{text}")
    yield answer(None, 304, etag=text)
    yield answer(None, 429, retry_after=text, x_ratelimit_reset=text)


def pages(texts: list[str]) -> Iterator[RawResponse]:
    """Give web pages that repeat the request: sign-in pages, and debugging pages."""
    quoted = [
        form
        for text in [*texts, HEADER]
        for form in [
            *forms(text),
            quote_plus(text),
            html.escape(text),
            text.encode("ascii", "xmlcharrefreplace").decode(),
            "".join(f"&#{ord(letter)};" for letter in text),
        ]
    ]
    page = f"<!DOCTYPE html><title>{' '.join(quoted)}"
    yield RawResponse(200, {"content-type": "text/html; charset=utf-8"}, page.encode())
    yield RawResponse(
        201, {"content-type": "application/json"}, f"Sorry, {page}".encode()
    )
    yield answer(None, 302, location=f"//{quote(texts[0])}.example/{quote(texts[0])}")
    for number, each in enumerate(quoted):
        page = f"<a href='/sign-in?next={each}'>{each}</a>"
        encoded = page.encode("utf-16" if number % 3 == 0 else "utf-8")
        yield RawResponse(202, {"content-type": "text/html"}, encoded)


def failures() -> Iterator[TransportError]:
    for kind in ("connect", "timeout", "broken", "garbage", "too_large"):
        yield failure(kind, arrived=True)


# --- what is shown ------------------------------------------------------------------------------


class Witness:
    """Collects everything that people might see."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.hooks = Hooks(
            before=lambda request: self.see(request),
            after=lambda request, outcome, seconds: self.see(request, outcome),
            wait=lambda seconds, reason: self.see(reason),
        )

    def see(self, *things: object) -> None:
        for thing in things:
            self.seen += [str(thing), repr(thing)]
            if isinstance(thing, BaseException):
                self.seen += traceback.format_exception(thing)
                self.see(getattr(thing, "operation", None), thing.__cause__)

    def check(self) -> None:
        for text in self.seen:
            assert MARK not in text, text


def witness_call(
    call: Call, outcome: RawResponse | TransportError, kind: Kind, raw: bool
) -> Witness:
    witness = Witness()
    script = script_for(kind, outcome)
    client = connect(
        kind,
        script,
        TOKEN,
        retries=0,
        hooks=witness.hooks,
        headers={"X-Key": HEADER},
    )
    try:
        result = done(call.on(client.raw if raw else client))
    except Exception as error:
        witness.see(error)
    else:
        # A result is the server's; only a raw one may be nothing but what was sent.
        if raw:
            witness.see(result)
    witness.see(*script.requests, *script.options)
    return witness


@pytest.fixture(autouse=True)
def everything_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


@OPERATIONS
def test_no_refusal_brings_anything_private_to_light(
    operation_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    call, texts = private_call(operation_id)
    for outcome in refusals(known_to_the_server(operation_id, texts)):
        witness_call(call, outcome, "sync", raw=False).check()
    assert MARK not in caplog.text


@OPERATIONS
def test_no_garbage_or_transport_error_shows_anything_private(
    operation_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    call, texts = private_call(operation_id)
    known = known_to_the_server(operation_id, texts)
    outcomes: list[RawResponse | TransportError] = [*garbage(known), *failures()]
    for outcome in outcomes:
        witness_call(call, outcome, "sync", raw=False).check()
    for outcome in outcomes[::7]:
        witness_call(call, outcome, "async", raw=False).check()
    assert MARK not in caplog.text


@OPERATIONS
def test_no_raw_answer_shows_anything_private(
    operation_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    call, texts = private_call(operation_id)
    (text, *_) = known_to_the_server(operation_id, texts)
    outcomes: list[RawResponse | TransportError] = [
        answer(text.encode(), location=text, set_cookie=text),
        answer({"error": {"message": text}}, 403),
        failure(),
    ]
    for outcome in outcomes:
        for kind in KINDS:
            witness_call(call, outcome, kind, raw=True).check()
    assert MARK not in caplog.text


@OPERATIONS
def test_no_operation_shows_its_secrets_or_its_body(operation_id: str) -> None:
    call, _ = private_call(operation_id)
    witness = Witness()
    operation = call.operation
    witness.see(operation, operation.call(), operation.shown_target(), [operation])
    witness.check()
    assert str(operation).startswith(operation.method)


@OPERATIONS
def test_no_result_shows_what_the_spec_calls_secret(operation_id: str) -> None:
    def secret(value: object, schema: spec.Schema) -> object:
        return f"{MARK} text" if schema.get("x-secret") else value

    for status, schema in success(spec.operations()[operation_id]):
        if schema is None or "properties" not in spec.merged(schema):
            continue
        body = full(schema, 0, secret)
        call = next(iter(calls(operation_id)))
        result = done(
            call.on(connect("sync", script_for("sync", answer(body, status))))
        )
        assert MARK not in repr(result)
        assert MARK not in str(result)
        assert (MARK in result.to_json().decode()) == (MARK in json.dumps(body))


def test_no_part_of_a_client_shows_its_token() -> None:
    for kind in KINDS:
        client = connect(kind, script_for(kind), TOKEN, headers={"X-Key": HEADER})
        witness = Witness()
        witness.see(client, client.rooms, client.raw, *vars(client).values())
        witness.check()


def test_the_sweep_would_notice() -> None:
    """A sweep that never meets a secret proves nothing."""
    met = [text for each in OPERATION_IDS for text in private_call(each)[1]]
    assert len(met) > 150
    call, texts = private_call("send_room_notification")
    assert len(texts) > 20
    body = call.operation.call().content
    assert isinstance(body, bytes)
    assert all(json.dumps(text)[1:-1] in json.dumps(json.loads(body)) for text in texts)
    witness = Witness()
    witness.see(ValueError(TOKEN))
    with pytest.raises(AssertionError):
        witness.check()


def test_every_secret_path_argument_of_the_spec_is_one() -> None:
    documented = {
        operation_id: {
            each["name"] for each in operation["parameters"] if each.get("x-secret")
        }
        for operation_id, operation in spec.operations().items()
    }
    found = {each: set(kind.secrets) for each, kind in CLASSES.items()}
    assert found == documented
    assert sum(map(len, documented.values())) == 5


def test_a_picture_read_from_a_path_is_not_named(tmp_path: Path) -> None:
    operation: Operation[Any] = CLASSES["update_photo"](
        id_or_email="@jane", photo=tmp_path / f"{MARK}.png"
    )
    assert MARK not in repr(operation)
