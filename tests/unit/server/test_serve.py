"""The socket that a server listens on, the URL that it names, and its certificate."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest

from hipkit.server.serve import (
    address_for_others,
    address_of,
    listen,
    open_certificate,
)
from hipkit.server.settings import Settings
from hipkit.server.tls import CertificateError


def test_port_0_takes_a_free_port_and_names_it() -> None:
    with contextlib.closing(listen("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        assert port > 0
        assert address_of(listener) == f"http://127.0.0.1:{port}"
        assert address_of(listener, "https") == f"https://127.0.0.1:{port}"


def test_a_taken_port_is_an_error_and_leaves_no_socket_open() -> None:
    with contextlib.closing(listen("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", port)


def test_the_socket_s_protocol_is_tcp_by_name() -> None:
    with contextlib.closing(listen("127.0.0.1", 0)) as listener:
        assert listener.proto == socket.IPPROTO_TCP


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://0.0.0.0:8070", "http://NAME:8070"),
        ("https://[::]:443", "https://NAME:443"),
        ("http://127.0.0.1:8070", "http://127.0.0.1:8070"),
        ("http://10.0.0.0:8070", "http://10.0.0.0:8070"),
    ],
)
def test_others_get_the_host_s_name_in_place_of_every_address(
    address: str, shown: str
) -> None:
    assert address_for_others(address) == shown.replace("NAME", socket.gethostname())


def test_without_both_files_there_is_no_tls(tmp_path: Path) -> None:
    database = tmp_path / "hipkit.db"

    assert open_certificate(Settings(database=database)) is None
    with pytest.raises(CertificateError):
        open_certificate(
            Settings(
                database=database,
                tls_certificate=tmp_path / "none.pem",
                tls_key=tmp_path / "none.pem",
            )
        )
