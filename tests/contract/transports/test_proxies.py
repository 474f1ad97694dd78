"""Proxies: named by argument or environment, for plain http and for tunnels."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Literal

import pytest

from hipkit.transports.protocol import Options
from tests.contract.transports.authority import Authority
from tests.contract.transports.conftest import Serve
from tests.contract.transports.driver import PATIENT, MakeDriver, only, request_to
from tests.contract.transports.proxy_server import ProxyScript, socks_proxy
from tests.contract.transports.scripted_server import (
    OK,
    Connection,
    ScriptedServer,
    answering,
)
from tests.contract.transports.test_tls import _has_version_six

REFUSED = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\n"
    b'Proxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n'
)


@dataclass
class Proxy:
    script: ProxyScript
    server: ScriptedServer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def heads(self) -> list[str]:
        return self.script.heads


@pytest.fixture
def proxy(serve: Serve) -> Proxy:
    script = ProxyScript()
    return Proxy(script, serve(script))


@pytest.fixture
def refusing_proxy(serve: Serve) -> Proxy:
    script = ProxyScript(REFUSED)
    return Proxy(script, serve(script))


@pytest.fixture
def secure_server(serve: Serve, authority: Authority) -> ScriptedServer:
    tls = authority.server("localhost", "127.0.0.1", "::1")
    return serve(answering(OK), tls=tls)


@pytest.mark.parametrize("target", ["/v2/a%2Fb/../c?d=e%20f", "/", "//x/./y"])
def test_a_plain_request_names_the_server_to_the_proxy(
    make_driver: MakeDriver, server: ScriptedServer, proxy: Proxy, target: str
) -> None:
    driver = make_driver(proxy=proxy.url)
    for _ in range(2):
        request = request_to(server, "POST", target=target, content=b"body")
        assert driver.send(request).body == b"ok"
    origin = f"http://127.0.0.1:{server.port}"
    assert proxy.heads[0].startswith(f"POST {origin}{target} HTTP/1.1\r\n")
    assert f"\r\nHost: 127.0.0.1:{server.port}\r\n" in proxy.heads[0]
    assert list(server.bodies()) == [b"body", b"body"]
    assert proxy.server.connections == 1


def test_a_secure_request_goes_through_a_tunnel_unseen(
    make_driver: MakeDriver,
    secure_server: ScriptedServer,
    proxy: Proxy,
    authority: Authority,
) -> None:
    driver = make_driver(proxy=proxy.url, verify=authority.file)
    for _ in range(2):
        request = request_to(secure_server, "POST", content=b"body", scheme="https")
        assert driver.send(request).body == b"ok"
    assert proxy.server.connections == 1
    assert proxy.heads[0].startswith(f"CONNECT 127.0.0.1:{secure_server.port} HTTP/1.1")
    assert "s3cret" not in proxy.heads[0]
    assert secure_server.requests[0].target == "/v2/s3cret-target"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxys_name_and_password_are_sent_to_it_alone(
    make_driver: MakeDriver,
    server: ScriptedServer,
    secure_server: ScriptedServer,
    proxy: Proxy,
    authority: Authority,
    scheme: str,
) -> None:
    url = proxy.url.replace("//", "//us%65r:p%40ss@")
    driver = make_driver(proxy=url, verify=authority.file)
    if scheme == "http":
        driver.send(request_to(server))
    else:
        driver.send(request_to(secure_server, scheme="https"))
        assert secure_server.requests[0].header("proxy-authorization") is None
    expected = base64.b64encode(b"user:p@ss").decode()
    assert f"Proxy-Authorization: Basic {expected}\r\n" in proxy.heads[0] + "\r\n"


def test_a_proxy_that_refuses_a_tunnel_has_kept_everything_back(
    make_driver: MakeDriver, secure_server: ScriptedServer, refusing_proxy: Proxy
) -> None:
    driver = make_driver(proxy=refusing_proxy.url.replace("//", "//u:s3cret-body@"))
    request = request_to(secure_server, "POST", content=b"x", scheme="https")
    failure = driver.fail(request)
    assert (failure.kind, failure.may_have_arrived) == ("connect", False)
    assert "407" in failure.reason
    assert secure_server.connections == 0


def test_the_response_of_a_proxy_that_rejects_a_plain_request_is_returned(
    make_driver: MakeDriver, server: ScriptedServer, refusing_proxy: Proxy
) -> None:
    driver = make_driver(proxy=refusing_proxy.url)
    assert driver.send(request_to(server)).status == 407
    assert server.connections == 0


def hang_after_head(connection: Connection) -> None:
    connection.read_head()
    connection.hang()


def babble(connection: Connection) -> None:
    connection.read_head()
    connection.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (hang_after_head, "timeout"),
        (babble, "connect"),
        (Connection.read_head, "connect"),
        (Connection.reset, "connect"),
    ],
    ids=["hangs", "babbles", "closes", "resets"],
)
def test_a_tunnel_that_never_stands_has_carried_nothing(
    make_driver: MakeDriver,
    secure_server: ScriptedServer,
    serve: Serve,
    script: object,
    expected: str,
) -> None:
    proxy = serve(script)
    driver = make_driver(proxy=f"http://127.0.0.1:{proxy.port}")
    request = request_to(secure_server, "POST", content=b"x", scheme="https")
    options = Options(timeout_seconds=0.3) if expected == "timeout" else PATIENT
    failure = driver.fail(request, options)
    assert (failure.kind, failure.may_have_arrived) == (expected, False)
    assert secure_server.connections == 0


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_cannot_be_reached_is_named_a_failed_connection(
    make_driver: MakeDriver, server: ScriptedServer, scheme: Literal["http", "https"]
) -> None:
    driver = make_driver(proxy="http://u:s3cret-body@127.0.0.1:1")
    failure = driver.fail(request_to(server, "POST", content=b"x", scheme=scheme))
    assert (failure.kind, failure.may_have_arrived) == ("connect", False)
    assert server.connections == 0


def test_a_handshake_that_fails_in_a_tunnel_frees_its_connection(
    make_driver: MakeDriver, secure_server: ScriptedServer, proxy: Proxy
) -> None:
    driver = make_driver(proxy=proxy.url, max_connections=1)
    for _ in range(3):
        request = request_to(secure_server, "POST", content=b"x", scheme="https")
        failure = driver.fail(request)
        assert (failure.kind, failure.may_have_arrived) == ("untrusted", False)
        assert "certificate" in failure.reason


def test_a_tunnel_that_closes_unanswered_is_not_replaced(
    make_driver: MakeDriver, serve: Serve, proxy: Proxy, authority: Authority
) -> None:
    def first_well(connection: Connection) -> None:
        connection.read_request()
        connection.send(OK)
        connection.read_request()

    server = serve(first_well, tls=authority.server("127.0.0.1"))
    driver = make_driver(proxy=proxy.url, verify=authority.file)
    driver.send(request_to(server, scheme="https"))
    failure = driver.fail(request_to(server, "POST", content=b"x", scheme="https"))
    assert (failure.kind, failure.may_have_arrived) == ("broken", True)
    assert len(server.requests) == 2


def test_version_six_addresses_are_named_to_a_proxy_in_brackets(
    make_driver: MakeDriver, serve: Serve, proxy: Proxy, authority: Authority
) -> None:
    if not _has_version_six():
        pytest.skip("this machine has no IPv6")
    plain = serve(answering(OK), host="::1")
    secure = serve(answering(OK), host="::1", tls=authority.server("::1"))
    driver = make_driver(proxy=proxy.url, verify=authority.file)
    assert driver.send(request_to(plain)).body == b"ok"
    assert driver.send(request_to(secure, scheme="https")).body == b"ok"
    assert proxy.heads[0].startswith(f"GET http://[::1]:{plain.port}/v2/")
    assert proxy.heads[1].startswith(f"CONNECT [::1]:{secure.port} ")


@only("httpcore2", "httpcore2-async")
@pytest.mark.parametrize("scheme", ["https", "socks5"])
def test_httpcore2_says_which_proxies_it_cannot_use(
    make_driver: MakeDriver, server: ScriptedServer, scheme: str
) -> None:
    driver = make_driver(proxy=f"{scheme}://u:s3cret-body@127.0.0.1:1")
    with pytest.raises(ValueError, match=f"a {scheme} proxy") as caught:
        driver.send(request_to(server))
    assert "s3cret" not in str(caught.value)
    assert server.connections == 0


@only("pycurl", "pycurl-async")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_libcurl_speaks_tls_to_a_proxy(
    make_driver: MakeDriver,
    server: ScriptedServer,
    secure_server: ScriptedServer,
    serve: Serve,
    authority: Authority,
    scheme: Literal["http", "https"],
) -> None:
    script = ProxyScript()
    proxy = serve(script, tls=authority.server("127.0.0.1"))
    url = f"https://127.0.0.1:{proxy.port}"
    driver = make_driver(proxy=url, verify=authority.file)
    asked = server if scheme == "http" else secure_server
    assert driver.send(request_to(asked, scheme=scheme)).body == b"ok"
    assert len(script.heads) == 1


@only("pycurl", "pycurl-async")
def test_libcurl_checks_the_certificate_of_a_proxy(
    make_driver: MakeDriver, server: ScriptedServer, serve: Serve, authority: Authority
) -> None:
    proxy = serve(ProxyScript(), tls=authority.server("proxy.example.com"))
    url = f"https://127.0.0.1:{proxy.port}"
    driver = make_driver(proxy=url, verify=authority.file)
    failure = driver.fail(request_to(server, "POST", content=b"x"))
    # The code of OpenSSL that libcurl reports is that of the server, not of the proxy.
    assert (failure.kind, failure.may_have_arrived) == ("certificate", False)
    assert server.connections == 0


@only("pycurl", "pycurl-async")
@pytest.mark.parametrize(
    ("scheme", "host"), [("socks5", "127.0.0.1"), ("socks5h", "localhost")]
)
def test_libcurl_speaks_socks(
    make_driver: MakeDriver,
    server: ScriptedServer,
    serve: Serve,
    scheme: str,
    host: str,
) -> None:
    proxy = serve(socks_proxy)
    driver = make_driver(proxy=f"{scheme}://127.0.0.1:{proxy.port}")
    request = request_to(server, host=host, content=b"body", method="POST")
    assert driver.send(request).body == b"ok"
    assert server.requests[0].target == "/v2/s3cret-target"
    assert proxy.connections == 1


# The environment

NAMES = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]


@pytest.mark.parametrize("name", NAMES)
def test_the_environment_names_a_proxy(
    make_driver: MakeDriver,
    server: ScriptedServer,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setenv(name, proxy.url)
    make_driver().send(request_to(server))
    assert len(proxy.heads) == 1
    make_driver(trust_env=False).send(request_to(server))
    assert len(proxy.heads) == 1


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY"])
def test_the_environment_names_a_proxy_for_secure_requests(
    make_driver: MakeDriver,
    server: ScriptedServer,
    secure_server: ScriptedServer,
    proxy: Proxy,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setenv(name, proxy.url)
    driver = make_driver(verify=authority.file)
    driver.send(request_to(server))
    assert proxy.heads == []
    driver.send(request_to(secure_server, scheme="https"))
    assert len(proxy.heads) == 1


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize("value", ["127.0.0.1", "other.example.com, 127.0.0.0/8", "*"])
def test_the_environment_names_what_needs_no_proxy(
    make_driver: MakeDriver,
    server: ScriptedServer,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    monkeypatch.setenv(name, value)
    make_driver().send(request_to(server))
    assert proxy.heads == []
    make_driver(proxy=proxy.url).send(request_to(server))
    assert len(proxy.heads) == 1
