from __future__ import annotations

import json
from pathlib import Path

import pytest

from hipkit.descriptors.document import LARGEST_DESCRIPTOR
from hipkit.transports.protocol import RawResponse, TransportError
from tests.unit.cli.conftest import Hipkit, Server
from tests.unit.descriptors.examples import CORRECT

URL = "https://karma.example.com/capabilities?token=hunter2"


def test_standard_input_and_data_urls_are_read(hipkit: Hipkit) -> None:
    body = json.dumps(CORRECT).encode()
    assert hipkit("addon", "check", "-", stdin=body).out == "no faults\n"
    assert hipkit("addon", "check", "data:,{}").code == 1
    assert hipkit("addon", "check", "data:;base64,$").code == 2


def test_a_file_that_cannot_be_read_is_an_error(hipkit: Hipkit, folder: Path) -> None:
    ended = hipkit("addon", "check", "nothing.json")
    assert (ended.code, ended.out) == (2, "")
    assert "nothing.json: No such file" in ended.err
    assert hipkit("addon", "check", "\0").code == 2
    assert hipkit("addon", "check", str(folder)).code == 2


def test_a_file_is_read_up_to_the_limit(hipkit: Hipkit, folder: Path) -> None:
    Path("large.json").write_bytes(b" " * (LARGEST_DESCRIPTOR * 2))
    ended = hipkit("addon", "check", "large.json")
    assert ended.code == 1
    assert "is larger than 256 KiB" in ended.out


@pytest.mark.parametrize(
    ("outcome", "code", "problem"),
    [
        (RawResponse(404, {}), 6, "answered 404 instead of 200"),
        (RawResponse(401, {}), 5, "answered 401 instead of 200"),
        (RawResponse(500, {}), 9, "answered 500 instead of 200"),
        (RawResponse(204, {}), 10, "answered 204 instead of 200"),
        (
            RawResponse(302, {"location": "https://x/y?key=hunter2"}),
            10,
            "answered 302 instead of 200, a redirect to https://x/y, which",
        ),
        (
            RawResponse(302, {"location": "https://ann:hunter2@x/"}),
            10,
            "a redirect, which is not followed",
        ),
        (RawResponse(302, {"location": "http://["}), 10, "a redirect, which"),
        (TransportError("connect", "refused", may_have_arrived=False), 3, "refused"),
        (TransportError("timeout", "no answer"), 4, "no answer"),
        (TransportError("too_large", "more than 262144 bytes"), 10, "262144"),
    ],
)
def test_what_cannot_be_fetched_is_an_error_without_the_query(
    server: Server,
    hipkit: Hipkit,
    outcome: RawResponse | TransportError,
    code: int,
    problem: str,
) -> None:
    server.answer(outcome)
    ended = hipkit("addon", "check", URL)
    assert (ended.code, ended.out) == (code, "")
    assert problem in ended.err
    assert "https://karma.example.com" in ended.err
    assert "hunter2" not in ended.err


@pytest.mark.parametrize(
    "url", ["https://ann:hunter2@karma.example.com/", "https://", "http://a b/"]
)
def test_a_url_that_is_none_is_an_error(hipkit: Hipkit, url: str) -> None:
    ended = hipkit("addon", "check", url)
    assert ended.code == 2
    assert "the URL must be absolute" in ended.err
    assert "hunter2" not in ended.err
