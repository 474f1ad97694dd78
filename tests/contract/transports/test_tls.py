"""TLS: who is trusted, and what it means when nobody is."""

from __future__ import annotations

import gc
import os
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpcore2
import pytest

from hipkit import ConnectError, HipChat, Hooks
from hipkit.transports.httpcore2_streams import Backend, Progress
from hipkit.transports.protocol import Options, Request
from tests.contract.transports.authority import Authority
from tests.contract.transports.conftest import Serve
from tests.contract.transports.driver import (
    Chunks,
    Driver,
    Kind,
    MakeDriver,
    only,
    request_to,
    wait_until_received,
)
from tests.contract.transports.scripted_server import (
    OK,
    Connection,
    ScriptedServer,
    answering,
    one_after_another,
)


@pytest.fixture
def secure_server(serve: Serve, authority: Authority) -> ScriptedServer:
    return serve(answering(OK), tls=authority.server("localhost", "127.0.0.1"))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_an_authority_of_ones_own_is_trusted(
    make_driver: MakeDriver,
    secure_server: ScriptedServer,
    authority: Authority,
    host: str,
) -> None:
    driver = make_driver(verify=authority.file)
    request = request_to(secure_server, "POST", content=b"x", scheme="https", host=host)
    for _ in range(3):
        assert driver.send(request).body == b"ok"
    assert secure_server.connections == 1
    assert secure_server.requests[0].header("host") == f"{host}:{secure_server.port}"


def test_an_authority_may_be_given_as_a_path_object(
    make_driver: MakeDriver, secure_server: ScriptedServer, authority: Authority
) -> None:
    driver = make_driver(verify=Path(authority.file))
    assert driver.send(request_to(secure_server, scheme="https")).body == b"ok"


def test_authorities_may_be_given_as_a_folder(
    make_driver: MakeDriver, secure_server: ScriptedServer, authority: Authority
) -> None:
    driver = make_driver(verify=authority.hashed_folder())
    assert driver.send(request_to(secure_server, scheme="https")).body == b"ok"


def test_a_large_body_arrives_over_tls(
    make_driver: MakeDriver, secure_server: ScriptedServer, authority: Authority
) -> None:
    driver = make_driver(verify=authority.file)
    body = bytes(range(256)) * 20_000
    driver.send(request_to(secure_server, "POST", content=body, scheme="https"))
    chunks = Chunks((body[:100_001], body[100_001:]))
    driver.send(request_to(secure_server, "POST", content=chunks, scheme="https"))
    assert list(secure_server.bodies()) == [body, body]


def test_an_unknown_authority_is_refused_before_anything_is_sent(
    driver: Driver, secure_server: ScriptedServer
) -> None:
    request = request_to(secure_server, "POST", content=b"x", scheme="https")
    failure = driver.fail(request)
    assert (failure.kind, failure.may_have_arrived) == ("untrusted", False)
    assert "certificate" in failure.reason
    assert "_ssl.c" not in failure.reason
    assert secure_server.requests == []


def test_a_certificate_for_another_name_is_refused_before_anything_is_sent(
    make_driver: MakeDriver, serve: Serve, authority: Authority
) -> None:
    server = serve(answering(OK), tls=authority.server("chat.example.com"))
    driver = make_driver(verify=authority.file)
    for host in ("localhost", "127.0.0.1"):
        request = request_to(server, "POST", content=b"x", scheme="https", host=host)
        failure = driver.fail(request)
        assert (failure.kind, failure.may_have_arrived) == ("certificate", False)
        assert "certificate" in failure.reason
    assert server.requests == []


def test_a_port_without_tls_is_known_by_its_answer(
    driver: Driver, serve: Serve
) -> None:
    def refuse(connection: Connection) -> None:
        connection.take(1, keep=False)
        connection.send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")

    server = serve(refuse)

    failure = driver.fail(request_to(server, "POST", content=b"x", scheme="https"))

    assert (failure.kind, failure.may_have_arrived) == ("no_tls", False)


def test_verification_can_be_turned_off(
    make_driver: MakeDriver, serve: Serve, authority: Authority
) -> None:
    server = serve(answering(OK), tls=authority.server("chat.example.com"))
    driver = make_driver(verify=False)
    assert driver.send(request_to(server, scheme="https")).body == b"ok"


@pytest.mark.parametrize("trust_env", [True, False])
def test_the_environment_may_name_the_authority(
    make_driver: MakeDriver,
    secure_server: ScriptedServer,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    trust_env: bool,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", authority.file)
    driver = make_driver(trust_env=trust_env)
    request = request_to(secure_server, scheme="https")
    if trust_env:
        assert driver.send(request).body == b"ok"
    else:
        assert driver.fail(request).kind == "untrusted"


def test_a_path_to_nothing_is_a_mistake(
    make_driver: MakeDriver, secure_server: ScriptedServer, tmp_path: Path
) -> None:
    driver = make_driver(verify=tmp_path / "missing.pem")
    failure = driver.fail(request_to(secure_server, scheme="https"))
    assert (failure.kind, failure.may_have_arrived) == ("settings", False)
    assert f"verify names {tmp_path}/missing.pem: No such file" in failure.reason
    assert secure_server.connections == 0


BAD_FILES: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: None,
    "empty": lambda path: path.write_text(""),
    "nonsense": lambda path: path.write_text("nonsense"),
    "a key": lambda path: path.write_text("-----BEGIN PRIVATE KEY-----\nAA\n"),
    "a folder": lambda path: path.mkdir(),
    "a loop": lambda path: path.symlink_to(path),
}


@pytest.mark.parametrize("bad", BAD_FILES)
@pytest.mark.parametrize("setting", ["SSL_CERT_FILE", "SSL_CERT_DIR", "verify", "cert"])
def test_a_bad_file_of_certificates_is_named_with_its_setting(
    make_driver: MakeDriver,
    secure_server: ScriptedServer,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    setting: str,
    bad: str,
) -> None:
    path = tmp_path / "certificates"
    BAD_FILES[bad](path)
    settings: dict[str, object] = {}
    if setting.isupper():
        monkeypatch.setenv(setting, str(path))
    elif setting == "verify":
        settings["verify"] = path
    else:
        settings = {"verify": authority.file, "cert": (str(path), str(path))}
    driver = make_driver(**settings)
    failure = driver.fail(request_to(secure_server, scheme="https"))
    assert (failure.kind, failure.may_have_arrived) == ("settings", False)
    assert failure.reason.startswith(f"{setting} names {path}")
    assert secure_server.connections == 0


def test_a_damaged_certificate_is_named_too(
    make_driver: MakeDriver, secure_server: ScriptedServer, tmp_path: Path
) -> None:
    path = tmp_path / "authority.pem"
    path.write_text("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n")
    driver = make_driver(verify=path)
    failure = driver.fail(request_to(secure_server, scheme="https"))
    assert (failure.kind, failure.may_have_arrived) == ("settings", False)
    assert str(path) in failure.reason


def test_a_wrong_password_of_a_key_is_said_and_never_asked_for(
    make_driver: MakeDriver, secure_server: ScriptedServer, authority: Authority
) -> None:
    cert = authority.client(password="s3cret-body")
    for given in (cert, (*cert, "s3cret-body"[:-1])):
        driver = make_driver(verify=authority.file, cert=given)
        failure = driver.fail(request_to(secure_server, scheme="https"))
        assert failure.kind == "settings"
        assert "password" in failure.reason


def test_one_good_folder_of_several_is_enough(
    make_driver: MakeDriver,
    secure_server: ScriptedServer,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    folders = [str(tmp_path / "none"), authority.hashed_folder()]
    monkeypatch.setenv("SSL_CERT_DIR", os.pathsep.join(folders))
    driver = make_driver()
    assert driver.send(request_to(secure_server, scheme="https")).body == b"ok"


def test_plain_http_needs_no_authority(
    make_driver: MakeDriver, server: ScriptedServer, tmp_path: Path
) -> None:
    driver = make_driver(verify=tmp_path / "missing.pem")
    assert driver.send(request_to(server)).body == b"ok"


@only("httpcore2", "httpcore2-async")  # libcurl has its own TLS.
def test_a_context_is_taken_as_it_is(
    make_driver: MakeDriver, secure_server: ScriptedServer, authority: Authority
) -> None:
    driver = make_driver(verify=ssl.create_default_context(cafile=authority.file))
    assert driver.send(request_to(secure_server, scheme="https")).body == b"ok"


@only("pycurl", "pycurl-async")
def test_libcurl_cannot_use_a_context_and_says_so(
    make_driver: MakeDriver, secure_server: ScriptedServer
) -> None:
    driver = make_driver(verify=ssl.create_default_context())
    with pytest.raises(ValueError, match="SSLContext"):
        driver.send(request_to(secure_server, scheme="https"))
    assert secure_server.connections == 0


@only("pycurl", "pycurl-async")
def test_libcurl_without_authorities_says_what_to_do(
    make_driver: MakeDriver,
    secure_server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    known = ssl.get_default_verify_paths()
    nowhere = known._replace(
        openssl_cafile=str(tmp_path / "no.pem"), openssl_capath=str(tmp_path / "no")
    )
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)
    driver = make_driver(trust_env=False)
    with pytest.raises(ValueError, match="SSL_CERT_FILE"):
        driver.send(request_to(secure_server, scheme="https"))


def test_a_client_certificate_is_shown_to_who_asks(
    make_driver: MakeDriver, serve: Serve, authority: Authority
) -> None:
    tls = authority.server("127.0.0.1", asks_for_certificate=True)
    subjects = []

    def script(connection: Connection) -> None:
        assert isinstance(connection.socket, ssl.SSLSocket)
        subjects.append(connection.socket.getpeercert())
        answering(OK)(connection)

    server = serve(script, tls=tls)
    driver = make_driver(verify=authority.file, cert=authority.client())
    assert driver.send(request_to(server, scheme="https")).body == b"ok"
    assert "client@example.com" in str(subjects)


def test_a_key_with_a_password_is_opened(
    make_driver: MakeDriver, serve: Serve, authority: Authority
) -> None:
    tls = authority.server("127.0.0.1", asks_for_certificate=True)
    server = serve(answering(OK), tls=tls)
    cert = authority.client(password="s3cret-body")
    driver = make_driver(verify=authority.file, cert=(*cert, "s3cret-body"))
    assert driver.send(request_to(server, scheme="https")).body == b"ok"


def test_a_missing_client_certificate_is_a_transport_error(
    make_driver: MakeDriver, serve: Serve, authority: Authority
) -> None:
    tls = authority.server("127.0.0.1", asks_for_certificate=True)
    server = serve(answering(OK), tls=tls)
    driver = make_driver(verify=authority.file)
    failure = driver.fail(request_to(server, "POST", content=b"x", scheme="https"))
    # TLS 1.3 lets the client write before the server has refused it.
    assert failure.kind in ("connect", "broken")
    assert server.requests == []


def test_a_handshake_that_never_ends_is_a_timeout_before_anything_is_sent(
    make_driver: MakeDriver, serve: Serve, authority: Authority
) -> None:
    server = serve(Connection.hang)
    driver = make_driver(verify=authority.file)
    request = request_to(server, "POST", content=b"x", scheme="https")
    failure = driver.fail(request, Options(timeout_seconds=0.25))
    assert (failure.kind, failure.may_have_arrived) == ("timeout", False)


@pytest.mark.parametrize(
    "script",
    [Connection.reset, answering(OK), lambda connection: connection.socket.recv(1)],
    ids=["reset", "plain http", "closed"],
)
def test_a_server_without_tls_gets_nothing(
    make_driver: MakeDriver, serve: Serve, authority: Authority, script: object
) -> None:
    server = serve(script)
    driver = make_driver(verify=authority.file)
    request = request_to(server, "POST", content=b"x", scheme="https")
    failure = driver.fail(request, Options(timeout_seconds=0.3))
    assert failure.kind in ("connect", "timeout")
    assert not failure.may_have_arrived


def test_a_socket_that_was_reset_before_the_handshake_is_closed_at_once() -> None:
    # That of asyncio is closed by its event loop; libcurl's is no object of Python's.
    with socket.create_server(("127.0.0.1", 0)) as listener, Progress(Options()):
        stream = Backend(is_secure=True).connect_tcp(*listener.getsockname())
        accepted, _ = listener.accept()
        # Without lingering, closing sends a reset.
        accepted.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        accepted.close()
        select.select([stream.get_extra_info("socket")], [], [])
        with pytest.raises(httpcore2.ConnectError, match="reset by peer"):
            stream.start_tls(ssl.create_default_context(), "localhost")

    gc.collect()  # A socket that was not closed warns here.


def test_a_reused_connection_that_closes_unanswered_is_not_replaced_over_tls(
    make_driver: MakeDriver, serve: Serve, authority: Authority
) -> None:
    def first_well(connection: Connection) -> None:
        connection.read_request()
        connection.send(OK)
        connection.read_request()

    tls = authority.server("127.0.0.1")
    server = serve(one_after_another(first_well, answering(OK)), tls=tls)
    driver = make_driver(verify=authority.file)
    driver.send(request_to(server, scheme="https"))
    failure = driver.fail(request_to(server, "POST", content=b"x", scheme="https"))
    assert (failure.kind, failure.may_have_arrived) == ("broken", True)
    assert len(server.requests) == 2
    assert driver.send(request_to(server, scheme="https")).body == b"ok"


def test_an_idle_connection_that_the_server_closed_is_replaced_over_tls(
    make_driver: MakeDriver, serve: Serve, authority: Authority
) -> None:
    answered = threading.Event()

    def answer_once(connection: Connection) -> None:
        connection.read_request()
        connection.send(OK)
        connection.wait_for(answered)
        assert isinstance(connection.socket, ssl.SSLSocket)
        connection.socket.unwrap().close()

    server = serve(answer_once, tls=authority.server("127.0.0.1"))
    driver = make_driver(verify=authority.file)
    for _ in range(2):
        answered.clear()
        request = request_to(server, "POST", content=b"x", scheme="https")
        assert driver.send(request).body == b"ok"
        answered.set()
        wait_until_received(server)
    assert len(server.requests) == server.connections == 2


def test_version_six_addresses_work(
    make_driver: MakeDriver, serve: Serve, authority: Authority
) -> None:
    if not _has_version_six():
        pytest.skip("this machine has no IPv6")
    plain = serve(answering(OK), host="::1")
    secure = serve(answering(OK), host="::1", tls=authority.server("::1"))
    driver = make_driver(verify=authority.file)
    assert driver.send(request_to(plain)).body == b"ok"
    assert driver.send(request_to(secure, scheme="https")).body == b"ok"
    assert plain.requests[0].header("host") == f"[::1]:{plain.port}"


def _has_version_six() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("cert", ["client.pem", ("client.pem",), ("a", "b", "c", "d")])
def test_a_client_certificate_is_two_files_or_two_and_a_password(
    kind: Kind, cert: object
) -> None:
    with pytest.raises(TypeError, match="cert must be a tuple"):
        kind.make(cert=cert)


@pytest.mark.parametrize("name", ["httpcore2", "pycurl"])
def test_a_client_says_it_at_once_as_an_error_of_hipkit(
    name: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "absent.pem"))
    waits: list[float] = []
    hooks = Hooks(wait=lambda seconds, reason: waits.append(seconds))
    client = HipChat(
        "t", base_url="https://127.0.0.1:9/v2", transport=name, hooks=hooks
    )
    with pytest.raises(
        ConnectError, match=r"SSL_CERT_FILE names .*absent\.pem"
    ) as caught:
        client.rooms.get_room("ops")
    assert str(caught.value).startswith("GET /room/ops: ")
    assert not caught.value.may_have_arrived
    assert waits == []


@pytest.mark.parametrize("name", ["httpcore2", "pycurl"])
def test_an_unknown_authority_is_an_error_at_once_that_says_what_to_do(
    secure_server: ScriptedServer, name: Any
) -> None:
    waits: list[float] = []
    hooks = Hooks(wait=lambda seconds, reason: waits.append(seconds))
    base_url = f"https://localhost:{secure_server.port}/v2"
    client = HipChat("t", base_url=base_url, transport=name, hooks=hooks)
    with pytest.raises(
        ConnectError, match=r'verify="/path/to/ca\.pem".* SSL_CERT_FILE'
    ):
        client.rooms.get_room("ops")
    assert waits == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_version_six_addresses_are_shown_in_brackets(
    driver: Driver, scheme: Any
) -> None:
    if not _has_version_six():
        pytest.skip("this machine has no IPv6")
    listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    port = listener.getsockname()[1]
    listener.close()
    failure = driver.fail(Request("GET", scheme, "::1", port, "/"))
    assert f"cannot connect to [::1]:{port}: " in failure.reason


@only("httpcore2", "httpcore2-async")  # libcurl's words name no proxy.
def test_a_proxys_too(make_driver: MakeDriver) -> None:
    if not _has_version_six():
        pytest.skip("this machine has no IPv6")
    driver = make_driver(proxy="http://[::1]:9")
    failure = driver.fail(Request("GET", "http", "2001:db8::1", 80, "/"))
    assert "[2001:db8::1]:80 through the proxy [::1]:9" in failure.reason
