from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hipkit.cli.token import describe_session
from hipkit.transports.protocol import RawResponse
from hipkit.v2.models import Session
from tests.scripted import TOKEN, error_answer, headers_of
from tests.unit.cli.conftest import Hipkit, Server

USER = {
    "access_token": TOKEN,
    "expires_in": 60,
    "scopes": ["view_room", "send_message"],
    "owner_type": "user",
    "owner": {"id": 7, "name": "Ann", "mention_name": "ann"},
    "client": {"id": "c", "name": "web"},
}


def test_check_describes_the_current_token_without_printing_it(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer(USER)

    ended = hipkit("token", "check", "--json")

    assert server.requests[0].target == f"/v2/oauth/token/{TOKEN}"
    document = ended.json
    assert isinstance(document, dict)
    assert document["kind"] == "user"
    assert document["user"] == {"name": "Ann", "id": 7}
    assert document["scopes"] == ["view_room", "send_message"]
    assert document["expires_in"] == 60


@pytest.mark.parametrize(
    ("session", "kind"),
    [
        (USER, "user"),
        ({"owner_type": "client", "client": {"id": "c"}}, "add-on"),
        ({"client": {"id": "c", "room": {"id": 1}}}, "add-on of one room"),
    ],
)
def test_each_kind_of_token_is_named(session: dict[str, object], kind: str) -> None:
    read = msgspec.convert({"access_token": "x", **session}, Session)

    assert describe_session(read, 0.0)["kind"] == kind


def test_the_expiry_of_a_token_is_a_date() -> None:
    expected = describe_session(
        Session(access_token="x", expires_in=60), 1_500_000_000.0
    )

    assert expected["expires_at"] == "2017-07-14T02:41:00+00:00"


@pytest.mark.parametrize(
    ("expires_in", "date"),
    [(10**400, "9999-12-31T23:59:59+00:00"), (-(10**400), "1970-01-01T00:00:00+00:00")],
    ids=["no date reaches it", "before all dates"],
)
def test_an_expiry_out_of_range_is_the_nearest_date(expires_in: int, date: str) -> None:
    session = Session(access_token="x", expires_in=expires_in)
    expected = describe_session(session, 1_500_000_000.0)
    assert (expected["expires_in"], expected["expires_at"]) == (expires_in, date)


def test_an_invalid_token_gives_exit_code_5(server: Server, hipkit: Hipkit) -> None:
    server.answer(error_answer(401))

    assert hipkit("token", "check").code == 5


def test_without_a_token_the_error_names_the_variable(
    hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HIPCHAT_TOKEN")

    ended = hipkit("token", "check")

    assert ended.code == 2
    assert "HIPCHAT_TOKEN" in ended.err


def test_check_sends_the_operation_as_an_auth_test(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer(RawResponse(202, {}))

    ended = hipkit(
        "token", "check", "--operation", "send-message", "ops", "--message", "x"
    )

    assert ended.out == "allowed\n"
    assert server.requests[0].target == "/v2/room/ops/message?auth_test=true"
    assert server.sent == {"message": "x"}


def test_check_of_an_operation_lists_the_lacking_scopes(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer(error_answer(403, "You need one of scopes: [u'admin_room']"))

    ended = hipkit("token", "check", "--operation", "delete-room", "ops", "--json")

    assert ended.code == 5
    assert isinstance(ended.json, dict)
    assert ended.json["allowed"] is False
    assert ended.json["lacking_scopes"] == ["admin_room"]


@pytest.mark.parametrize(
    "arguments", [["stray"], ["--operation", "nonsense"], ["--operation", "get-room"]]
)
def test_check_with_invalid_arguments_is_a_usage_error(
    arguments: list[str], hipkit: Hipkit
) -> None:
    assert hipkit("token", "check", *arguments).code == 2


def test_generate_sends_client_id_and_secret_and_prints_the_token(
    server: Server, hipkit: Hipkit, tmp_path: Path
) -> None:
    path = tmp_path / "secret"
    path.write_text("geheim\n")
    server.answer({"access_token": "new-token", "expires_in": 3600})

    ended = hipkit(
        "token", "generate", "--client-id", "me", "--secret-file", str(path),
        "--scope", "a b",
    )  # fmt: skip

    assert ended.out == "new-token\n"
    assert headers_of(server.requests[0])["authorization"] == "Basic bWU6Z2VoZWlt"
    assert server.bodies == [b"grant_type=client_credentials&scope=a+b"]


def test_a_byte_order_mark_is_not_part_of_a_secret(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "secret"
    path.write_bytes("geheim\r\n".encode("utf-16"))
    monkeypatch.setenv("HIPCHAT_CLIENT_ID", "me")
    monkeypatch.setenv("HIPCHAT_CLIENT_SECRET", "\ufeffgeheim")
    server.answer(*[{"access_token": "new-token", "expires_in": 3600}] * 3)

    hipkit("token", "generate")
    hipkit("token", "generate", "--secret-file", str(path))
    hipkit("call", "generate-token", "--grant-type", "refresh_token",
           "--refresh-token", f"@{path}")  # fmt: skip

    for request in server.requests[:2]:
        assert headers_of(request)["authorization"] == "Basic bWU6Z2VoZWlt"
    assert server.bodies[2].endswith(b"refresh_token=geheim")


def test_verbose_logs_the_token_request_without_the_secret(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIPCHAT_CLIENT_ID", "me")
    monkeypatch.setenv("HIPCHAT_CLIENT_SECRET", "geheim")
    server.answer({"access_token": "new-token", "expires_in": 3600})

    ended = hipkit("token", "generate", "--verbose")

    assert ended.err.startswith("hipkit: POST /oauth/token -> 200 in ")
    assert "geheim" not in ended.err


def test_client_id_and_secret_are_read_from_the_environment(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIPCHAT_CLIENT_ID", "me")
    monkeypatch.setenv("HIPCHAT_CLIENT_SECRET", "geheim")
    server.answer({"access_token": "new-token", "expires_in": 3600})

    ended = hipkit("token", "generate", "--json")

    assert headers_of(server.requests[0])["authorization"] == "Basic bWU6Z2VoZWlt"
    assert isinstance(ended.json, dict)
    assert ended.json["access_token"] == "new-token"


@pytest.mark.parametrize(
    ("options", "expected"),
    [([], "HIPCHAT_CLIENT_ID"), (["--client-id", "me"], "HIPCHAT_CLIENT_SECRET")],
)
def test_an_error_names_the_variable_of_a_missing_id_or_secret(
    options: list[str], expected: str, hipkit: Hipkit
) -> None:
    ended = hipkit("token", "generate", *options)

    assert ended.code == 2
    assert expected in ended.err
