"""Both specs against `hipkit serve --strict`: no fault, and no answer that a spec does not have.

Every operation gets calls made up from its schemas, right and wrong ones, with ids that exist
and ones that do not. `HIPKIT_SCHEMATHESIS_EXAMPLES` says how many: 8 by default, 200 take some
ten minutes. At last schemathesis' own command tries both with all of its checks: whether what is
wrong is refused and what is right is taken, other methods, and calls without a token among them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CheckFunction
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from hipkit.server.services.access.scopes import SCOPES
from tests.e2e.serving import PATIENCE_SECONDS, Running, admin, serving

EXAMPLES = int(os.environ.get("HIPKIT_SCHEMATHESIS_EXAMPLES", "8"))
CHECKS: list[CheckFunction] = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
FAULTS = {500, 502, 503, 504}
"""501 is none where the spec has it: such a call is not there yet, and says so."""

RELATED = "multipart/related"

FOLDER = Path(__file__).resolve().parents[2] / "spec"
SPECS = {
    version: schemathesis.openapi.from_path(FOLDER / f"hipchat-{version}.yaml")
    for version in ("v1", "v2")
}

MODULES = [
    f"create_{place}_{kind}"
    for place in ("room", "global")
    for kind in ("action", "dialog", "external_page", "glance", "web_panel")
]

UNTOLD = {
    "generate_token": "each kind of grant needs members of its own",
    "create_room": "a name may be taken, and an owner has to be somebody",
    "update_room": "the same",
    "create_user": "an address or a mention name may be taken",
    "update_user": "the same",
    "invite_user_to_group": "the same",
    "users_create": "the same",
    "users_update": "the same",
    "rooms_create": "a name may be taken, and an owner has to be somebody",
    "update_room_avatar": "a picture has to be one",
    "update_group_avatar": "the same",
    "update_photo": "the same",
    "send_room_notification": "what it is attached to has to be a message of the room",
    "get_recent_room_history": "where it begins has to be a message of it",
    "get_recent_privatechat_history": "the same",
    "create_webhook": "a pattern has to be one",
    "create_room_webhook": "the same",
    "create_global_webhook": "the same",
    "create_integration_link": "a target has to be a module, and a lifetime has bounds",
    "addon_ui_update": "a glance has to be one of the add-on's",
    "room_addon_ui_update": "the same",
    "user_addon_ui_update": "the same",
    "user_in_room_addon_ui_update": "the same",
    **dict.fromkeys(MODULES, "addresses and conditions have to be ones"),
}
"""Operations that answer 400 to what fits their schema, by rules that no schema tells."""
UNCHECKED = {
    "send_room_notification": "addresses in cards are not looked at: they are drawn or not",
    "create_room_webhook": "the key in the body repeats that of the path, which counts",
    "create_global_webhook": "the same",
    **dict.fromkeys(MODULES, "the same"),
}
"""Operations that take what does not fit their schema."""
HOOKS = """
import schemathesis
from hypothesis import strategies as st

schemathesis.openapi.format("time-zone", st.sampled_from(["UTC", "Europe/Zurich"]))
"""
Case = schemathesis.Case[Any]


def operations() -> Iterator[Any]:
    """Give every operation of both specs, or fail on one that cannot be read."""
    for version, schema in SPECS.items():
        for found in schema.get_all_operations():
            assert isinstance(found, Ok), found
            operation = found.ok()
            name = operation.definition.raw["operationId"]
            yield pytest.param(version, operation, id=name)


def related(value: object) -> bytes:
    """Write what was made up as a file with its message, or as what it is."""
    if not isinstance(value, dict):
        return str(value).encode(errors="replace")
    members = {name: item for name, item in value.items() if name != "file"}
    file = value.get("file", b"")
    content = file if isinstance(file, bytes) else str(file).encode(errors="replace")
    metadata = json.dumps(members).encode()
    return b"\r\n".join(
        [
            b"--B",
            b'Content-Disposition: attachment; name="metadata"',
            b"Content-Type: application/json",
            b"",
            metadata,
            b"--B",
            b'Content-Disposition: attachment; name="file"; filename="a.txt"',
            b"",
            content,
            b"--B--",
        ]
    )


@schemathesis.serializer(RELATED)
def write_related(context: object, value: object) -> bytes:
    """Do so for schemathesis, which keeps the decorated function to itself."""
    return related(value)


@dataclass
class Seeds:
    """What there is on the server for one operation to work on."""

    path: dict[str, Any]
    members: dict[str, Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("schemathesis")
    with serving(folder, "--strict", "--no-rate-limits") as running:
        yield running
        assert running.stop() == 0
    assert "Traceback" not in "".join(running.stderr_lines)


@pytest.fixture(scope="module")
def tokens(server: Running) -> list[str]:
    """The administrator's, and an add-on's: each may what the other may not."""
    scopes = [option for scope in SCOPES for option in ("--scope", scope)]
    client = admin(server.folder, "client", "add", "Add-on", *scopes)
    response = requests.post(
        f"{server.base_url}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(str(client["id"]), str(client["secret"])),
        timeout=PATIENCE_SECONDS,
    )
    return [server.token, response.json()["access_token"]]


def make(
    server: Running, path: str, *, method: str = "POST", **call: Any
) -> dict[str, Any]:
    """Send a call that has to succeed, and return what it answers."""
    response = requests.request(
        method,
        server.base_url + path,
        headers={"Authorization": f"Bearer {server.token}", **call.pop("headers", {})},
        timeout=PATIENCE_SECONDS,
        **call,
    )
    assert response.status_code in (200, 201, 204), response.text
    return cast("dict[str, Any]", response.json()) if response.content else {}


def seeds(server: Running, operation_id: str) -> Seeds:
    """Make a room and a person for one operation: others may leave them changed or deleted."""
    room_id = make(server, "/room", json={"name": f"For {operation_id}"})["id"]
    user = {"name": "Jane Doe", "email": f"{operation_id}@example.com"}
    user_id = make(server, "/user", json=user)["id"]
    room = f"/room/{room_id}"
    message_id = make(server, f"{room}/message", json={"message": "Hello"})["id"]
    hook = {"url": "https://example.com/x", "event": "room_message"}
    webhook_id = make(server, f"{room}/webhook", json=hook)["id"]
    token = make(server, "/oauth/token", data={"grant_type": "personal"})
    share = {"Content-Type": "multipart/related; boundary=B"}
    file = related({"file": b"bytes"})
    make(server, f"{room}/share/file", data=file, headers=share)
    latest = make(server, f"{room}/history/latest", method="GET")["items"][-1]
    file_id = latest["authenticated_file"]["id"]
    return Seeds(
        path={
            "room_id_or_name": room_id,
            "id_or_email": user_id,
            "user_id_or_email": user_id,
            "message_id": message_id,
            "webhook_id": webhook_id,
            "file_id": file_id,
            "access_token": token["access_token"],
            "group_id": 1,
            "emoticon_id_or_key": 1,
        },
        members={
            "room_id": room_id,
            "user_id": user_id,
            "owner_user_id": user_id,
            "parentMessageId": message_id,
            "date": "recent",
        },
    )


def plant(case: Case, found: Seeds) -> None:
    """Put what exists in place of what was made up."""
    for place, values in (
        (case.path_parameters, found.path),
        (case.query, found.members),
        (case.body, found.members),
    ):
        if isinstance(place, dict):
            place.update({name: values[name] for name in place.keys() & values.keys()})


@pytest.mark.parametrize(("version", "operation"), [*operations()])
def test_no_answer_is_outside_the_spec(
    server: Running, tokens: list[str], version: str, operation: Any
) -> None:
    found = seeds(server, operation.definition.raw["operationId"])
    base_url = re.sub(r"/v2$", f"/{version}", server.base_url)
    modes = schemathesis.GenerationMode
    right = operation.as_strategy(generation_mode=modes.POSITIVE)
    wrong = operation.as_strategy(generation_mode=modes.NEGATIVE)
    mostly = st.sampled_from([True, True, True, False])

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=st.one_of(right, right, wrong),
        is_planted=mostly,
        token=st.sampled_from(tokens),
    )
    def check(case: Case, is_planted: bool, token: str) -> None:
        if is_planted:
            plant(case, found)
        headers = {"Authorization": f"Bearer {token}"}
        if case.media_type == RELATED:
            headers["Content-Type"] = f"{RELATED}; boundary=B"
        response = case.call(base_url=base_url, headers=headers, allow_redirects=False)
        assert response.status_code not in FAULTS, response.text
        case.validate_response(response, checks=CHECKS)

    check()


def write_settings(folder: Path, server: Running, version: str) -> Path:
    """Write the command's settings: what exists, the token, and what is expected otherwise."""
    found = seeds(server, f"all_checks_{version}")
    lines = ["[parameters]"]
    lines += [
        f'"path.{name}" = {json.dumps(value)}' for name, value in found.path.items()
    ]
    # A call that this server does not have yet says so with 501, as the spec has it.
    lines += [
        "[checks.not_a_server_error]",
        'expected-statuses = ["2xx", "3xx", "4xx", 501]',
    ]
    lines += ["[auth.openapi.auth_token]", f'api_key = "{server.token}"']
    for check, exempt in (
        ("positive_data_acceptance", UNTOLD),
        ("negative_data_rejection", UNCHECKED),
    ):
        names = json.dumps(list(exempt))
        lines += ["[[operations]]", f"include-operation-id = {names}"]
        lines += [f"checks.{check}.enabled = false"]
    settings = folder / "schemathesis.toml"
    settings.write_text("\n".join(lines) + "\n")
    return settings


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_all_checks_of_the_command_pass(
    server: Running, tmp_path: Path, version: str
) -> None:
    settings = write_settings(tmp_path, server, version)
    (tmp_path / "hooks.py").write_text(HOOKS)

    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "--config-file"),
            *(str(settings), "run", str(FOLDER / f"hipchat-{version}.yaml")),
            *("--url", re.sub(r"/v2$", f"/{version}", server.base_url)),
            *("--header", f"Authorization: Bearer {server.token}"),
            *("--phases", "coverage", "--generation-deterministic"),
            *("--workers", "1", "--no-color"),
        ],
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
