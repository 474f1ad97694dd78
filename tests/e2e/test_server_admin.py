"""`hipkit admin` on the database of a server that is running."""

from __future__ import annotations

import base64
import http.client
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from urllib.parse import urlencode

import pytest

from tests.e2e.serving import Running, admin, hipkit, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("server"), "--no-rate-limits") as running:
        yield running


def token_for(server: Running, client: dict[str, object]) -> tuple[int, bytes]:
    connection = server.connect()
    pair = f"{client['id']}:{client['secret']}".encode()
    connection.request(
        "POST",
        "/v2/oauth/token",
        urlencode({"grant_type": "client_credentials"}),
        {
            "Authorization": f"Basic {base64.b64encode(pair).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    answer: http.client.HTTPResponse = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def test_a_person_is_added(server: Running) -> None:
    made = admin(server.folder, "user", "add", "Ann Lee", "ann@example.com")

    assert made["mention_name"] == "AnnLee"
    assert len(str(made["password"])) == 16
    assert server.call("GET", "/user/@AnnLee")[0] == 200


def test_a_room_with_members_is_made(server: Running) -> None:
    admin(server.folder, "user", "add", "Bob", "bob@example.com")
    room = admin(server.folder, "room", "add", "Sécret/1", "--private")
    done = hipkit(
        server.folder, "admin", "--db", "chat.db", "room", "member", "Sécret/1", "@Bob"
    )

    status, _, body = server.call("GET", f"/room/{room['id']}/member")
    assert (done.returncode, status) == (0, 200)
    assert [item["name"] for item in json.loads(body)["items"]] == [
        "Administrator",
        "Bob",
    ]


def test_a_client_fetches_tokens_until_it_is_deleted(server: Running) -> None:
    made = admin(server.folder, "client", "add", "Bot", "--scope", "view_group")

    status, body = token_for(server, made)
    token = json.loads(body)["access_token"]
    assert status == 200
    assert server.call("GET", "/room", token=token)[0] == 200
    hipkit(
        server.folder, "admin", "--db", "chat.db", "client", "delete", str(made["id"])
    )
    assert server.call("GET", "/room", token=token)[0] == 401
    assert token_for(server, made)[0] == 401


def test_tokens_are_made_listed_and_revoked(server: Running) -> None:
    made = admin(
        server.folder, "token", "add", "--scope", "view_group", "--name", "Reader"
    )
    token = str(made["token"])
    assert server.call("GET", "/room", token=token)[0] == 200
    assert server.call("POST", "/room", {"name": "x"}, token=token)[0] == 403

    listed = hipkit(server.folder, "admin", "--db", "chat.db", "token", "list")
    assert "Reader" in listed.stdout
    assert token not in listed.stdout

    hipkit(
        server.folder, "admin", "--db", "chat.db", "token", "revoke", str(made["id"])
    )
    assert server.call("GET", "/room", token=token)[0] == 401


def test_an_old_program_keeps_the_token_it_has(server: Running) -> None:
    admin(server.folder, "room", "add", "Alerts")
    (server.folder / "old-token").write_text("oldtoken-0001\n")
    made = admin(
        server.folder, "token", "add", "--room", "Alerts", "--value", "@old-token"
    )

    assert made["token"] == "oldtoken-0001"
    body = {"message": "x"}
    path = "/room/Alerts/notification"
    assert server.call("POST", path, body, token="oldtoken-0001")[0] == 204
    assert server.call("GET", "/room/Alerts", token="oldtoken-0001")[0] == 403


def test_who_is_deleted_is_refused_at_once(server: Running) -> None:
    made = admin(server.folder, "user", "add", "Dan", "dan@example.com")
    token = str(admin(server.folder, "token", "add", "--user", "@Dan")["token"])
    assert server.call("GET", "/room", token=token)[0] == 200

    admin(server.folder, "user", "delete", str(made["id"]))

    assert server.call("GET", "/room", token=token)[0] == 401


def test_an_administrator_is_made_and_unmade_at_once(server: Running) -> None:
    admin(server.folder, "user", "add", "Eve", "eve@example.com")
    token = str(admin(server.folder, "token", "add", "--user", "@Eve")["token"])
    admin(server.folder, "user", "promote", "@Eve")
    strong = str(admin(server.folder, "token", "add", "--user", "@Eve")["token"])
    person = {"name": "New", "email": "new@example.com"}

    assert server.call("POST", "/user", person, token=token)[0] == 403
    assert server.call("POST", "/user", person, token=strong)[0] == 201
    admin(server.folder, "user", "demote", "@Eve")
    other = {"name": "Other", "email": "other@example.com"}
    assert server.call("POST", "/user", other, token=strong)[0] == 403


def test_an_archived_room_is_closed_at_once(server: Running) -> None:
    admin(server.folder, "room", "add", "Old")
    assert server.call("POST", "/room/Old/message", {"message": "x"})[0] == 201

    admin(server.folder, "room", "archive", "Old")

    assert server.call("POST", "/room/Old/message", {"message": "x"})[0] == 403
    assert server.call("GET", "/room/Old/history")[0] == 200


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["room", "add", "Twice"], "Another room exists with that name."),
        (["user", "add", "X", "no-address"], "is not an e-mail address"),
        (["token", "add", "--user", "@Nobody"], "User @Nobody not found"),
        (["token", "add", "--scope", "everything"], "everything"),
        (["token", "revoke", "9999"], "Token 9999 not found"),
        (["client", "add", "Bot"], "At least one --scope is required"),
    ],
)
def test_an_error_is_reported_in_one_line(
    server: Running, arguments: list[str], shown: str
) -> None:
    hipkit(server.folder, "admin", "--db", "chat.db", "room", "add", "Twice")

    done = hipkit(server.folder, "admin", "--db", "chat.db", *arguments)

    assert done.returncode != 0
    assert shown in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_database_is_never_made_by_mistake(tmp_path: Path) -> None:
    done = hipkit(tmp_path, "admin", "--db", "typo.db", "user", "list")

    assert done.returncode == 1
    assert "no such database" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_numbers_of_the_limits_are_the_operator_s(tmp_path: Path) -> None:
    options = ("--messages", "2", "--user-calls", "7", "--window", "60")
    with serving(tmp_path, *options) as running:
        body = {"message": "x"}
        statuses = [
            running.call("POST", path, {"name": "Ops", **body})[0]
            for path in ("/room", *["/room/Ops/message"] * 3, *["/room"] * 4)
        ]

    assert statuses[:4] == [201, 201, 201, 429]
    assert statuses[4:] == [400, 400, 400, 429]


def test_the_status_names_the_process_that_serves_and_none_that_was_killed(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as server:
        found = admin(tmp_path, "status")
        [process] = cast("list[dict[str, object]]", found["processes"])
        assert process["pid"] == server.process.pid
        assert f"{process['url']}/v2" == server.base_url
        server.stop(signal.SIGKILL)

        assert admin(tmp_path, "status")["processes"] == []
