from __future__ import annotations

from pathlib import Path

import pytest

from hipkit.cli.token import describe_session
from hipkit.transports.protocol import RawResponse
from hipkit.v2.models import Session
from tests.scripted import TOKEN, headers_of, refusal
from tests.unit.cli.conftest import Hipkit, Server

USER = {
    "access_token": TOKEN,
    "expires_in": 60,
    "scopes": ["view_room", "send_message"],
    "owner_type": "user",
    "owner": {"id": 7, "name": "Ann", "mention_name": "ann"},
    "client": {"id": "c", "name": "web"},
}


def test_the_token_in_use_is_described_without_itself(
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
def test_the_kinds_of_token_are_told_apart(
    session: dict[str, object], kind: str
) -> None:
    import msgspec

    read = msgspec.convert({"access_token": "x", **session}, Session)

    assert describe_session(read, 0.0)["kind"] == kind


def test_the_end_of_a_token_is_a_date() -> None:
    told = describe_session(Session(access_token="x", expires_in=60), 1_500_000_000.0)

    assert told["expires_at"] == "2017-07-14T02:41:00+00:00"


@pytest.mark.parametrize(
    ("expires_in", "moment"),
    [(10**400, "9999-12-31T23:59:59+00:00"), (-(10**400), "1970-01-01T00:00:00+00:00")],
    ids=["no date reaches it", "before all dates"],
)
def test_an_end_that_is_no_date_is_the_nearest_one(
    expires_in: int, moment: str
) -> None:
    session = Session(access_token="x", expires_in=expires_in)
    told = describe_session(session, 1_500_000_000.0)
    assert (told["expires_in"], told["expires_at"]) == (expires_in, moment)


def test_a_token_that_is_not_good_gives_code_5(server: Server, hipkit: Hipkit) -> None:
    server.answer(refusal(401))

    assert hipkit("token", "check").code == 5


def test_without_a_token_the_variable_is_named(
    hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HIPCHAT_TOKEN")

    ended = hipkit("token", "check")

    assert ended.code == 2
    assert "HIPCHAT_TOKEN" in ended.err


def test_a_call_is_asked_about_with_its_arguments(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer(RawResponse(202, {}))

    ended = hipkit(
        "token", "check", "--operation", "send-message", "ops", "--message", "x"
    )

    assert ended.out == "allowed\n"
    assert server.requests[0].target == "/v2/room/ops/message?auth_test=true"
    assert server.sent == {"message": "x"}


def test_a_call_that_is_not_allowed_tells_the_scopes(
    server: Server, hipkit: Hipkit
) -> None:
    server.answer(refusal(403, "You need one of scopes: [u'admin_room']"))

    ended = hipkit("token", "check", "--operation", "delete-room", "ops", "--json")

    assert ended.code == 5
    assert isinstance(ended.json, dict)
    assert ended.json["allowed"] is False
    assert ended.json["lacking_scopes"] == ["admin_room"]


@pytest.mark.parametrize(
    "arguments", [["stray"], ["--operation", "nonsense"], ["--operation", "get-room"]]
)
def test_a_wrong_check_is_code_2(arguments: list[str], hipkit: Hipkit) -> None:
    assert hipkit("token", "check", *arguments).code == 2


def test_a_token_is_got_with_client_id_and_secret(
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


def test_marks_of_files_are_no_part_of_a_secret(
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


def test_verbose_tells_the_request_for_a_token_too(
    server: Server, hipkit: Hipkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIPCHAT_CLIENT_ID", "me")
    monkeypatch.setenv("HIPCHAT_CLIENT_SECRET", "geheim")
    server.answer({"access_token": "new-token", "expires_in": 3600})

    ended = hipkit("token", "generate", "--verbose")

    assert ended.err.startswith("hipkit: POST /oauth/token -> 200 in ")
    assert "geheim" not in ended.err


def test_client_id_and_secret_may_stand_in_the_environment(
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
    ("options", "told"),
    [([], "HIPCHAT_CLIENT_ID"), (["--client-id", "me"], "HIPCHAT_CLIENT_SECRET")],
)
def test_a_missing_id_or_secret_names_its_variable(
    options: list[str], told: str, hipkit: Hipkit
) -> None:
    ended = hipkit("token", "generate", *options)

    assert ended.code == 2
    assert told in ended.err
