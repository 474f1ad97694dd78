from __future__ import annotations

import json

import pytest

from hipkit.api.secret import Secret
from hipkit.relay.message import RelayFile
from hipkit.relay.targets.calls import (
    bearer,
    check_address,
    form_call,
    host_of,
    json_call,
    values_call,
    with_query,
)
from hipkit.relay.targets.protocol import FILE_MARK

FILE = RelayFile(key="k", name='a"\r\nb.png', size_bytes=5, content_type="image/png")


def test_json_has_no_empty_members() -> None:
    body: dict[str, object] = {
        "a": None,
        "b": "",
        "c": [],
        "d": False,
        "e": 0,
        "f": "x",
    }
    call = json_call("https://x.y", body, bearer(Secret("s")))
    assert json.loads(call.body) == {"b": "", "d": False, "e": 0, "f": "x"}
    assert dict(call.headers)["Authorization"] == "Bearer s"


def test_a_form_holds_the_file_and_no_line_of_its_name() -> None:
    call = form_call("https://x.y", {"channel": "c"}, FILE, name="files")
    boundary = dict(call.headers)["Content-Type"].partition("boundary=")[2].encode()
    first, second, end = call.body.split(b"--" + boundary)[1:]
    assert first == b'\r\nContent-Disposition: form-data; name="channel"\r\n\r\nc\r\n'
    head, _, content = second.partition(b"\r\n\r\n")
    assert b'filename="a%22%0D%0Ab.png"' in head
    assert content == FILE_MARK + b"\r\n"
    assert end == b"--\r\n"
    assert call.file is FILE


def test_a_boundary_is_the_same_for_each_try() -> None:
    assert form_call("https://x.y", {}, FILE, name="f") == form_call(
        "https://x.y", {}, FILE, name="f"
    )


@pytest.mark.parametrize("address", ["hooks/t0psecr3t", "ftp://x/t0psecr3t", ""])
def test_an_address_that_is_none_is_not_repeated(address: str) -> None:
    with pytest.raises(ValueError, match=r"^url ") as raised:
        check_address("url", address)
    assert "t0psecr3t" not in str(raised.value)


def test_values_are_a_form() -> None:
    call = values_call("https://x.y", {"a": "b&c=d", "e": "ü\ud800"}, (("X", "y"),))
    assert call.body == b"a=b%26c%3Dd&e=%C3%BC%3F"
    assert dict(call.headers)["Content-Type"] == "application/x-www-form-urlencoded"
    assert dict(call.headers)["X"] == "y"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://x.y/p", "https://x.y/p?wait=true"),
        ("https://x.y/p?k=a%2Fb&e=&wait=no", "https://x.y/p?k=a%2Fb&e=&wait=true"),
        ("https://x.y/p?k=a%2Bb#f", "https://x.y/p?k=a%2Bb&wait=true"),
    ],
)
def test_a_query_keeps_what_it_had(url: str, expected: str) -> None:
    assert with_query(url, {"wait": "true", "thread": None}) == expected


def test_a_host_has_nothing_of_the_rest() -> None:
    assert host_of("https://user:password@X.example.com:8443/secret") == "x.example.com"
