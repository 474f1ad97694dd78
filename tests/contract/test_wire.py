"""What every operation puts on the wire, compared with `wire/*.json` and with the spec.

`python -m tests.contract.test_wire` writes the files anew; what changed in them is then reviewed
like any other change.
"""

from __future__ import annotations

import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import jsonschema
import msgspec
import pytest

from hipkit import File
from hipkit.v2.catalog import OPERATIONS
from hipkit.version import VERSION
from tests.contract import spec
from tests.contract.calls import CLASSES, OPERATION_IDS, Call, calls
from tests.scripted import (
    KINDS,
    REQUEST_ID,
    Kind,
    answer,
    body_of,
    connect,
    done,
    script_for,
)

FOLDER = Path(__file__).resolve().parent / "wire"
BOUNDARY = re.compile(r"[0-9a-f]{32}")

Golden = dict[str, Any]


def record(call: Call, kind: Kind) -> Golden:
    """Carry a call out and tell what went out, without what varies from call to call."""
    script = script_for(kind, answer({}, 500))
    client = connect(kind, script, retries=0)
    done(call.on(client.raw))
    (request,) = script.requests
    (body,) = script.bodies
    return {
        "arguments": {name: _shown(value) for name, value in call.arguments.items()},
        "request": f"{request.method} {request.target}",
        "headers": [
            BOUNDARY.sub(
                "BOUNDARY", f"{name}: {value}".replace(f"/{VERSION}", "/VERSION")
            )
            for name, value in request.all_headers
        ],
        "body": None if request.content is None else _readable(body),
    }


def _readable(body: bytes) -> object:
    """Show JSON as JSON where its bytes follow from that, and other bodies as their lines."""
    try:
        value: object = json.loads(body)
    except ValueError:
        lines = body.decode(errors="backslashreplace").split("\r\n")
        lines = [BOUNDARY.sub("BOUNDARY", line) for line in lines]
        return lines if len(lines) > 1 else lines[0]
    assert msgspec.json.encode(value) == body
    return value


def _shown(value: object) -> object:
    if isinstance(value, File):
        return repr(value)
    if isinstance(value, bytes):
        return str(value)
    return msgspec.to_builtins(value)


def golden_file(tag: str) -> Path:
    return FOLDER / f"{tag.lower().replace(' ', '_')}.json"


def goldens(operation_id: str) -> dict[str, Golden]:
    recorded: dict[str, dict[str, Golden]] = json.loads(
        golden_file(CLASSES[operation_id].tag).read_text()
    )
    return recorded[operation_id]


@pytest.mark.parametrize("operation_id", OPERATION_IDS)
def test_every_call_is_written_as_recorded_by_both_clients(operation_id: str) -> None:
    recorded = goldens(operation_id)
    assert [call.variant for call in calls(operation_id)] == list(recorded)
    for call in calls(operation_id):
        for kind in KINDS:
            assert record(call, kind) == recorded[call.variant]


@pytest.mark.parametrize("operation_id", OPERATION_IDS)
def test_every_record_is_what_the_spec_asks_for(operation_id: str) -> None:
    operation = spec.operations()[operation_id]
    for variant, golden in goldens(operation_id).items():
        method, _, target = golden["request"].partition(" ")
        assert method == operation["method"]
        check_target(operation, target, golden["arguments"], variant)
        check_headers(operation, golden["headers"])
        check_body(operation, golden["body"], variant)


def check_target(
    operation: spec.Schema, target: str, arguments: Golden, variant: str
) -> None:
    path, _, query = target.partition("?")
    assert re.fullmatch(r"[!-~]+", target)
    assert path.startswith("/v2/")
    template = operation["path"].split("/")[1:]
    segments = path.removeprefix("/v2/").split("/")
    assert len(segments) == len(template)
    for chunk, segment in zip(template, segments, strict=True):
        if chunk.startswith("{"):
            assert unquote(segment) == str(arguments[chunk.strip("{}")])
        else:
            assert segment == chunk
    parameters = {
        each["name"]: each for each in operation["parameters"] if each["in"] == "query"
    }
    assert "+" not in query, "a space is %20: not every server reads a plus as one"
    sent = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    asked = {
        name: each
        for name, each in parameters.items()
        if variant == "all" or each.get("required")
    }
    assert sent.keys() == asked.keys()
    for name, text in sent.items():
        check_query_value(
            text, arguments[name.replace("-", "_")], parameters[name]["schema"]
        )


def check_query_value(text: str, value: object, schema: spec.Schema) -> None:
    if isinstance(value, list):
        assert text == ",".join(value)
    elif isinstance(value, bool):
        assert text == str(value).lower()
    elif schema.get("format") == "date-time" or "oneOf" in schema:
        assert datetime.fromisoformat(text) == datetime.fromisoformat(str(value))
        assert datetime.fromisoformat(text).utcoffset() is not None
    else:
        assert text == str(value)


def check_headers(operation: spec.Schema, headers: list[str]) -> None:
    named = dict(line.split(": ", 1) for line in headers)
    assert len(named) == len(headers)
    assert ("Authorization" in named) == (operation["x-auth"] != "none")
    assert named["Accept"] == "application/json"
    assert named["X-Request-Id"] == REQUEST_ID
    content_types = list(operation["body"])
    assert named.get("Content-Type", "").partition(";")[0] in (
        content_types[:1] or [""]
    ) or not operation.get("requestBody", {}).get("required", True)


def check_body(operation: spec.Schema, body: object, variant: str) -> None:
    if not operation["body"]:
        assert body is None
        return
    content_type, media = next(iter(operation["body"].items()))
    schema = spec.merged(media["schema"])
    required = set(schema.get("required", []))
    if content_type == "multipart/related":
        check_parts(body, variant)
        return
    if content_type == "application/x-www-form-urlencoded":
        pairs = parse_qsl(str(body), strict_parsing=True)
        members = set(dict(pairs))
        assert len(pairs) == len(members)
    elif body is None:
        assert not required
        assert variant == "required"
        return
    else:
        validate(body, schema)
        assert isinstance(body, dict)
        members = set(body)
    if variant == "all":
        assert members == {
            name
            for name, member in schema["properties"].items()
            if not spec.follow(member).get("readOnly")
        }
    elif variant == "required":
        assert members == required


def validate(body: object, schema: spec.Schema) -> None:
    """Check a JSON body against its schema; texts of a fixed form are let be, being nasty here."""
    whole = {**schema, "components": spec.document()["components"]}
    errors = [
        error
        for error in jsonschema.Draft202012Validator(whole).iter_errors(body)
        if error.validator not in ("pattern", "format")
    ]
    assert errors == []


def check_parts(body: object, variant: str) -> None:
    metadata = [
        "--BOUNDARY",
        "Content-Type: application/json; charset=UTF-8",
        'Content-Disposition: attachment; name="metadata"',
        "",
    ]
    assert isinstance(body, list)
    if variant == "all":
        assert body[:4] == metadata
        assert list(json.loads(body[4])) == ["message"]
        body = body[5:]
    assert body[0] == "--BOUNDARY"
    assert body[1].startswith("Content-Type: ")
    assert body[2].startswith(
        'Content-Disposition: attachment; name="file"; filename="'
    )
    assert body[3] == ""
    assert body[-2:] == ["--BOUNDARY--", ""]
    assert body.count("--BOUNDARY--") == 1


def test_what_the_reference_singles_out_is_so_on_the_wire() -> None:
    """Read from the reference by eye, where the spec alone could be wrong in the same way."""
    assert goldens("reply_to_message")["required"]["body"].keys() == {
        "parentMessageId",
        "message",
    }
    notification = goldens("send_room_notification")
    assert {"from", "message_format", "attach_to"} <= notification["all"]["body"].keys()
    assert notification["all"]["body"]["notify"] is False
    assert notification["null"]["body"]["card"] is None
    assert notification["required"]["body"].keys() == {"message"}
    thumbnail = notification["all"]["body"]["card"]["thumbnail"]
    assert thumbnail.keys() == {"url", "url@2x", "width", "height"}
    assert goldens("create_room")["null"]["body"] == {
        "name": "n",
        "owner_user_id": None,
        "delegate_admin_visibility": None,
    }
    history = goldens("get_room_history")["all"]["request"]
    for chunk in (
        "start-index=0",
        "max-results=1000",
        "date=2016-09-09T08%3A23%3A02.932694%2B00%3A00",
        "end-date=2016-09-01T12%3A00%3A00%2B05%3A30",
        "include_deleted=false",
        "reverse=false",
    ):
        assert chunk in history
    token = goldens("generate_token")["required"]
    assert token["body"] == "grant_type=client_credentials"
    assert "Content-Type: application/x-www-form-urlencoded" in token["headers"]
    assert goldens("create_room_glance")["all"]["body"].keys() >= {"key", "queryUrl"}
    assert goldens("add_member")["all"]["body"] == {
        "room_roles": ["room_admin", "room_member"]
    }
    assert goldens("share_link_with_room")["required"]["request"].startswith("POST ")


def test_the_same_value_is_the_same_request_however_it_is_sent() -> None:
    for operation_id in OPERATION_IDS:
        for call in calls(operation_id):
            script = script_for("sync", answer({}, 500), answer({}, 500))
            client = connect("sync", script, retries=0)
            client.send_raw(call.operation)
            call.on(client.raw)
            first, second = script.requests
            assert (first.method, first.target) == (second.method, second.target)
            assert plain(script.bodies[0]) == plain(script.bodies[1])
            assert body_of(first) == script.bodies[0], "a call can be sent again"


def plain(body: bytes) -> bytes:
    return re.sub(rb"[0-9a-f]{32}", b"", body)


def write_goldens() -> None:
    FOLDER.mkdir(exist_ok=True)
    for tag in dict.fromkeys(entry.tag for entry in OPERATIONS):
        recorded = {
            entry.operation_id: {
                call.variant: record(call, "sync") for call in calls(entry.operation_id)
            }
            for entry in OPERATIONS
            if entry.tag == tag
        }
        text = json.dumps(recorded, ensure_ascii=False, indent=1)
        golden_file(tag).write_text(text + os.linesep)


if __name__ == "__main__":
    write_goldens()
