from __future__ import annotations

import importlib
import socket
import sys

import pytest

from hipkit.transports.pycurl_transfer import Connections


def addresses(connection: socket.socket) -> tuple[object, ...]:
    """Give what libcurl tells of a connection."""
    there, here = connection.getpeername(), connection.getsockname()
    return (there[0], here[0], there[1], here[1])


@pytest.fixture
def pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    return near, far


def test_a_connection_is_open_until_something_comes_over_it(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    near, far = pair
    with near, far:
        connections = Connections(10)
        connections.add(addresses(near), [near.fileno()])
        assert connections.is_open(addresses(near))
        far.close()
        assert not connections.is_open(addresses(near))


def test_of_several_sockets_the_one_that_connected_counts(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    near, far = pair
    with near, far, socket.socket() as other:
        gone = socket.socket()
        opened = [gone.fileno(), other.fileno(), near.fileno()]
        gone.close()
        connections = Connections(10)
        connections.add(addresses(near), opened)
        assert connections.is_open(addresses(near))
        near.getsockname()  # Looking has closed nothing.


def test_a_connection_that_is_not_known_does_not_count_as_open() -> None:
    assert not Connections(10).is_open(("127.0.0.1", "127.0.0.1", 80, 50_000))


def test_what_is_remembered_does_not_grow_without_end(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    near, far = pair
    with near, far:
        connections = Connections(2)
        for number in range(100):
            connections.add(("a", "b", 80, number), [near.fileno()])
        assert len(connections._data_checks) <= 8
        assert connections.is_open(("a", "b", 80, 99))


def test_a_missing_library_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pycurl", None)
    monkeypatch.delitem(sys.modules, "hipkit.transports.pycurl", raising=False)
    with pytest.raises(ImportError, match=r"pip install '\.\[fast\]'") as caught:
        importlib.import_module("hipkit.transports.pycurl")
    assert "\n" not in str(caught.value)
