"""Whatever comes in, the server answers: with what was asked for, or with a documented error."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hipkit.api.catalog import Entry
from hipkit.server.services.registry import load_services
from hipkit.v2.catalog import OPERATIONS
from tests.unit.server.asgi import FORM, RawResponse, Site, open_site

EXAMPLES = 10
"""Of each operation: there are many of them."""

HANDLERS = load_services()
SERVED = [entry for entry in OPERATIONS if entry.load() in HANDLERS]

REFUSALS = {400, 401, 403, 404, 405, 413, 501}

JSON = ("Content-Type", "application/json")
RELATED = ("Content-Type", "multipart/related; boundary=B")

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=60)
    | st.sampled_from(["1", "@Ann", "public", "html", "2020-01-01", "a@b.c", "Ops"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    opened = open_site(tmp_path_factory.mktemp("fuzz"))
    opened.add_user("Ann")
    opened.add_room("Ops")
    yield opened
    opened.server.close()


def check(response: RawResponse, entry: Entry | None = None) -> None:
    if response.status in REFUSALS:
        assert response.error["code"] == response.status
        return
    assert (
        entry is None
        or response.status in entry.load().statuses
        or response.status == 302
    )
    assert response.status < 400


@pytest.mark.parametrize("entry", SERVED, ids=lambda entry: entry.operation_id)
@settings(
    max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_arguments_are_taken_or_refused(
    site: Site, entry: Entry, data: st.DataObject
) -> None:
    kind = entry.load()
    path = entry.path
    while "{" in path:
        name = path[path.index("{") : path.index("}") + 1]
        value = data.draw(
            st.sampled_from(["1", "2", "Ops", "%40Ann", "small"])
            | st.text(max_size=20).map(lambda text: _quote(text) or "x")
        )
        path = path.replace(name, value, 1)
    query = data.draw(
        st.dictionaries(
            st.sampled_from([*kind.query.values(), "x"]),
            st.sampled_from(
                ["true", "0", "1", "9" * 25, "recent", "2020-01-01T00:00:00Z"]
            )
            | st.text(max_size=12).map(_quote),
            max_size=4,
        )
    )
    target = f"/v2{path}?" + "&".join(
        f"{name}={value}" for name, value in query.items()
    )
    body, headers = b"", []
    if kind.body_kind is not None:
        members = data.draw(
            st.dictionaries(
                st.sampled_from([*kind.members.values(), "x"]), values, max_size=8
            )
        )
        body, headers = json.dumps(members).encode(), [JSON]

    check(site.send(entry.method, target, body=body, headers=headers), entry)


@given(path=st.binary(max_size=60), method=st.sampled_from(["GET", "POST", "PUT", "X"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_path_is_answered(site: Site, path: bytes, method: str) -> None:
    for target in (b"/" + path, b"/v2/" + path, b"/v2/room/" + path, b"/files/" + path):
        check(site.send(method, target))


@given(body=st.binary(max_size=300), header=st.sampled_from([JSON, FORM, RELATED]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_body_is_answered(site: Site, body: bytes, header: tuple[str, str]) -> None:
    check(site.send("POST", "/v2/room/Ops/notification", body=body, headers=[header]))
    check(site.send("POST", "/v2/room/Ops/share/file", body=body, headers=[header]))
    check(site.send("POST", "/v2/oauth/token", body=body, headers=[header]))


@given(
    parts=st.lists(
        st.sampled_from(
            [
                b"--B", b"--B--", b"\r\n", b"\n", b"\r", b" ", b"x", b"{}", b'{"message":1}',
                b'Content-Disposition: attachment; name="file"; filename="a"',
                b"Content-Disposition: attachment; name=metadata",
                b"Content-Type: application/json", b"Content-Type: ;", b"Content-Type",
                b"Content-Transfer-Encoding: base64", b"filename*=utf-8''%ff", b"aGVsbG8",
                b"Content-Disposition: attachment; filename*=bogus'x'%41; name=file",
                "größe".encode(), b"\xff\x00",
            ]
        ),
        max_size=24,
    )
)  # fmt: skip
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_form_of_a_shared_file_is_answered(site: Site, parts: list[bytes]) -> None:
    body = b"".join(parts)

    check(site.send("POST", "/v2/room/Ops/share/file", body=body, headers=[RELATED]))


HUGE = "9" * 4_400

charsets = st.sampled_from(
    [
        "utf-8",
        "",
        "idna",
        "undefined",
        "punycode",
        "a\x00b",
        "bogus",
        "base64",
        "utf-16",
        "unicode_escape",
        "hex",
        "zlib",
        "iso-2022-jp",
        "shift_jis",
        "mbcs",
        "utf-7",
    ]
)
names = st.sampled_from(["filename", "name", "boundary", "charset", "type", "x"])
texts = st.sampled_from(
    (
        *(
            "a.txt",
            "%41",
            "%ff",
            "%",
            "\\",
            '"',
            "B",
            "metadata",
            "file",
            HUGE,
            "a-" * 900,
        ),
        *(
            "=?idna?B?YQ==?=",
            "=?utf-8?Q?=ff?=",
            "=?undefined?Q?a?=",
            "=?punycode?B?YS0=?=",
        ),
    )
) | st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=8)
parameters = st.one_of(
    st.builds("{}={}".format, names, texts),
    st.builds('{}="{}"'.format, names, texts),
    st.builds("{}*={}''{}".format, names, charsets, texts),
    st.builds(
        "{}*{}{}={}".format,
        names,
        st.sampled_from(["0", "1", "00", "-1", "²", HUGE]),
        st.sampled_from(["", "*"]),
        texts,
    ),
)
values_of_headers = st.builds(
    "; ".join,
    st.tuples(
        st.sampled_from(["attachment", "multipart/related", "application/json", "a/b"]),
        st.lists(parameters, max_size=4).map("; ".join),
    ),
)


@given(
    disposition=values_of_headers,
    content_type=values_of_headers,
    encoding=st.sampled_from(["", "base64", "quoted-printable", "8bit", "idna", HUGE]),
    content=st.sampled_from(["", "{}", '{"message":"x"}', HUGE, "=", "YQ", "\0"]),
    outer=st.just("multipart/related; boundary=B") | values_of_headers,
)
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_header_of_a_part_is_answered(
    site: Site,
    disposition: str,
    content_type: str,
    encoding: str,
    content: str,
    outer: str,
) -> None:
    body = (
        f"--B\r\nContent-Disposition: {disposition}\r\nContent-Type: {content_type}\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n{content}\r\n--B--"
    ).encode()
    header = ("Content-Type", outer)

    check(site.send("POST", "/v2/room/Ops/share/file", body=body, headers=[header]))
    form = outer.replace("related", "form-data")
    target = "/v1/rooms/message?room_id=Ops&from=x&message=y"
    check(site.send("POST", target, body=body, headers=[("Content-Type", form)]))


@pytest.mark.parametrize("number", [HUGE, "-" + HUGE, "1e999", "²", "٣", "0" * 5_000])
def test_a_number_beyond_all_range_is_answered(site: Site, number: str) -> None:
    quoted = _quote(number)
    for method, target in (
        ("GET", f"/v2/room/{quoted}"),
        ("GET", f"/v2/user/{quoted}"),
        ("GET", f"/v2/emoticon/{quoted}"),
        ("GET", f"/v2/room/Ops/webhook/{quoted}"),
        ("GET", f"/v2/group/{quoted}"),
        ("GET", f"/v2/room?start-index={quoted}&max-results={quoted}"),
        ("GET", f"/v2/room/Ops/history?date={quoted}&end-date={quoted}"),
        ("GET", f"/v1/rooms/show?room_id={quoted}"),
        ("GET", f"/v1/rooms/history?room_id=Ops&date={quoted}"),
        ("GET", f"/v{quoted}/room"),
        ("GET", f"/files/{quoted}"),
    ):
        check(site.send(method, target))
    text = json.dumps(number)
    for name in ("message", "notify", "card", "from", "attach_to", "x"):
        for value in (number, text, f'{{"style": {number}}}'):
            body = f'{{"message": "x", "{name}": {value}}}'.encode()
            target = "/v2/room/Ops/notification"
            check(site.send("POST", target, body=body, headers=[JSON]))
    headers = [JSON, ("Content-Length", number)] if number != "٣" else [JSON]
    check(site.send("POST", "/v2/room/Ops/message", body=b"{}", headers=headers))


@given(header=st.text(st.characters(max_codepoint=255), max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_header_is_answered(site: Site, header: str) -> None:
    for name in ("Authorization", "Host", "Content-Type", "Content-Length"):
        for value in (header, f"Bearer {header}", f"Basic {header}"):
            response = site.send(
                "POST", "/v2/room/Ops/share/file", token=None, headers=[(name, value)]
            )
            assert response.status in REFUSALS
    encoded = base64.b64encode(header.encode("latin-1")).decode()
    basic = ("Authorization", f"Basic {encoded}")
    check(site.send("POST", "/v2/oauth/token", token=None, headers=[basic]))


def _quote(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))
