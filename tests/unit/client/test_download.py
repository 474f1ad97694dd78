"""Shared files on their way in: whole or not at all, and the token only to its own host."""

from __future__ import annotations

import errno
import io
import logging
import os
import traceback
from pathlib import Path
from typing import Any

import pytest

from hipkit import (
    ForbiddenError,
    Hooks,
    NotFoundError,
    RequestError,
    ResponseError,
    UnauthorizedError,
)
from hipkit.api.response import SentRequest
from hipkit.transports.protocol import (
    Options,
    RawResponse,
    Request,
    Sink,
    TransportError,
)
from hipkit.v2.models import AuthenticatedFile, MessageFile
from tests.scripted import (
    KINDS,
    REQUEST_ID,
    TOKEN,
    AsyncScript,
    Kind,
    Script,
    answer,
    connect,
    done,
    error_answer,
    failure,
    headers_of,
    listed,
    script_for,
)

both = pytest.mark.parametrize("kind", KINDS)
DATA = bytes(range(256)) * 2
FILE = answer(DATA)
HOME = "https://chat.example.com"
ELSEWHERE = "https://files.example.com/1/s3cretPath/a.png?Signature=s3cretSignature"


def redirect(location: str, status: int = 302) -> RawResponse:
    return answer(None, status, location=location)


def shared(url: str) -> MessageFile:
    return MessageFile(name="a.png", size=len(DATA), url=url)


@both
def test_a_file_on_the_own_host_is_fetched_with_the_token(kind: Kind) -> None:
    script = script_for(kind, lambda _: FILE)
    client = connect(kind, script)
    for source in (
        shared(f"{HOME}/files/a%20b.png?x=1"),
        shared("/files/a%20b.png?x=1"),
        f"{HOME}:443/files/a%20b.png?x=1#part",
    ):
        target = io.BytesIO()
        assert done(client.download(source, target)) == len(DATA)
        assert target.getvalue() == DATA
    assert set(script.targets) == {"/files/a%20b.png?x=1"}
    for request in script.requests:
        assert headers_of(request)["authorization"] == f"Bearer {TOKEN}"
        assert headers_of(request)["accept"] == "*/*"


@both
def test_a_relative_address_is_below_the_base_url(kind: Kind) -> None:
    script = script_for(kind, FILE)
    done(connect(kind, script).download("files/17", io.BytesIO()))
    assert script.targets == ["/v2/files/17"]


@pytest.mark.parametrize(
    "response",
    [
        answer({"temp_url": "/files/1?s=1", "temp_download_url": "/files/1?s=2"}),
        answer({"temp_url": f"{HOME}/files/1?s=1"}),
        answer(None, 302, location="/files/1?s=1"),
        answer(None, 307, location=f"{HOME}/files/1?s=1"),
    ],
    ids=["JSON", "one address", "old", "old, absolute"],
)
@pytest.mark.parametrize(
    "source",
    [
        AuthenticatedFile(id="a/b", name="x"),
        "file/a%2Fb",
        f"{HOME}/v2/file/a%2Fb",
        f"{HOME}:443/v2/file/a%2Fb#part",
    ],
    ids=repr,
)
@both
def test_a_file_known_by_its_id_is_asked_for_and_then_fetched(
    kind: Kind, source: Any, response: RawResponse
) -> None:
    script = script_for(kind, response, FILE)
    target = io.BytesIO()
    assert done(connect(kind, script).download(source, target)) == len(DATA)
    assert script.targets == ["/v2/file/a%2Fb", "/files/1?s=1"]
    assert target.getvalue() == DATA


@both
def test_a_file_known_by_its_id_elsewhere_is_fetched_without_the_token(
    kind: Kind,
) -> None:
    script = script_for(kind, answer({"temp_url": ELSEWHERE}), FILE)
    client = connect(kind, script, headers={"X-Key": "s3cret"})
    done(client.download(AuthenticatedFile(id="17"), io.BytesIO()))
    assert headers_of(script.requests[1]).keys() == {
        "user-agent",
        "accept",
        "x-request-id",
    }


@pytest.mark.parametrize(
    "response",
    [
        answer({"temp_url": "ftp://files.example.com/s3cret"}),
        answer({"temp_url": None}),
        answer({"temp_download_url": "/s3cret"}),
        answer(b"<html>"),
        answer(None, 302),
    ],
)
@both
def test_an_answer_that_leads_to_no_file_is_the_servers_fault(
    kind: Kind, response: RawResponse, tmp_path: Path
) -> None:
    client = connect(kind, script_for(kind, response))
    with pytest.raises(ResponseError) as caught:
        done(client.download(AuthenticatedFile(id="17"), tmp_path / "a"))
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        ELSEWHERE,
        "https://chat.example.com:8443/a",
        "https://evil.chat.example.com/a",
        "https://chat.example.com.evil.example/a",
        "//files.example.com/a",
        "http://localhost/a",
    ],
)
@both
def test_another_host_gets_neither_token_nor_headers_of_ones_own(
    kind: Kind, url: str
) -> None:
    def never(rejected: str | None) -> str:
        raise AssertionError("nobody is to be asked for a token")

    for token in (TOKEN, never):
        script = script_for(kind, FILE)
        client = connect(
            kind, script, token, headers={"X-Key": "s3cret", "Cookie": "s"}
        )
        done(client.download(url, io.BytesIO()))
        (request,) = script.requests
        assert headers_of(request).keys() == {"user-agent", "accept", "x-request-id"}


@both
def test_a_redirect_is_followed_across_hosts_without_the_token(kind: Kind) -> None:
    script = script_for(kind, redirect(ELSEWHERE), FILE)
    target = io.BytesIO()
    client = connect(kind, script, headers={"X-Key": "s3cret"})
    done(client.download("/files/a.png", target))
    home, elsewhere = script.requests
    assert headers_of(home)["authorization"] == f"Bearer {TOKEN}"
    assert headers_of(home)["x-key"] == "s3cret"
    assert elsewhere.host == "files.example.com"
    assert elsewhere.target == "/1/s3cretPath/a.png?Signature=s3cretSignature"
    assert headers_of(elsewhere).keys() == {"user-agent", "accept", "x-request-id"}
    assert target.getvalue() == DATA


@both
def test_headers_of_a_hook_stay_at_home_as_well(kind: Kind) -> None:
    seen: list[str] = []

    def sign(request: SentRequest) -> dict[str, str]:
        seen.append(request.url)
        return {"X-Signature": "s3cret"}

    script = script_for(kind, redirect(ELSEWHERE), FILE)
    client = connect(kind, script, hooks=Hooks(headers=sign))
    done(client.download("/files/a.png", io.BytesIO()))
    home, elsewhere = script.requests
    assert headers_of(home)["x-signature"] == "s3cret"
    assert "x-signature" not in headers_of(elsewhere)
    assert len(seen) == 2  # A hook of tracing counts the other request, too.


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@both
def test_every_kind_of_redirect_is_followed_and_relative_ones_too(
    kind: Kind, status: int
) -> None:
    script = script_for(kind, redirect("../b?c=d", status), FILE)
    done(connect(kind, script).download("/files/x/a.png", io.BytesIO()))
    assert script.targets == ["/files/x/a.png", "/files/b?c=d"]


@both
def test_redirects_without_end_are_given_up(kind: Kind) -> None:
    script = script_for(kind, lambda _: redirect(f"{HOME}/s3cretPath"))
    with pytest.raises(ResponseError, match="more than 5 redirects") as caught:
        done(connect(kind, script).download("/a", io.BytesIO()))
    assert len(script.requests) == 6
    assert "s3cret" not in str(caught.value)
    assert (caught.value.status, caught.value.request_id) == (302, REQUEST_ID)


@pytest.mark.parametrize(
    "location",
    [
        "ftp://files.example.com/s3cret",
        "file:///etc/s3cret",
        "http://files.example.com/s3cret",
        "https://user:s3cret@files.example.com/a",
        "https://[::1/s3cret",
        "https://files.example.com:port/s3cret",
        "https://files.example.com/s3cret/../x",
        "https://files.example.com/s3cret\x00",
    ],
)
@both
def test_a_redirect_that_cannot_be_followed_is_the_servers_fault(
    kind: Kind, location: str
) -> None:
    script = script_for(kind, redirect(location))
    with pytest.raises(ResponseError, match="redirect") as caught:
        done(connect(kind, script).download("/a", io.BytesIO()))
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.request_id == REQUEST_ID


@both
def test_a_redirect_to_nowhere_is_the_servers_fault(kind: Kind) -> None:
    for response in (answer(None, 302), answer(None, 304), answer(None, 300)):
        with pytest.raises(ResponseError):
            done(connect(kind, script_for(kind, response)).download("/a", io.BytesIO()))


@pytest.mark.parametrize(
    "source",
    [
        "",
        "ftp://files.example.com/a",
        "http://files.example.com/a",
        "https://user:pass@files.example.com/a",
        "https://files.example.com/a/../b",
        MessageFile(name="a", size=1, url=""),
        AuthenticatedFile(name="a"),
        AuthenticatedFile(id="..", name="a"),
    ],
    ids=repr,
)
@both
def test_an_address_that_cannot_be_used_is_refused_before_anything_is_sent(
    kind: Kind, source: Any, tmp_path: Path
) -> None:
    script = script_for(kind)
    with pytest.raises(ValueError, match=r"file|path"):
        done(connect(kind, script).download(source, tmp_path / "a"))
    assert script.requests == []
    assert list(tmp_path.iterdir()) == []


@both
def test_plain_http_is_as_good_as_the_base_url(kind: Kind) -> None:
    script = script_for(kind, lambda _: FILE)
    client = connect(kind, script, base_url="http://localhost:8070/v2")
    done(client.download("http://files.example.com/a", io.BytesIO()))
    assert script.requests[0].scheme == "http"


@both
def test_what_another_host_says_of_limits_is_not_the_apis(kind: Kind) -> None:
    script = script_for(
        kind,
        lambda _: answer(DATA, x_ratelimit_limit="9", x_ratelimit_remaining="0"),
    )
    client = connect(kind, script)
    done(client.download(ELSEWHERE, io.BytesIO()))
    assert client.limits.rate is None
    done(client.download("/files/a", io.BytesIO()))
    assert client.limits.rate is not None


@both
def test_a_token_is_renewed_for_a_file_too(kind: Kind) -> None:
    tokens = iter(["old", "new"])
    script = script_for(kind, error_answer(401), FILE)
    target = io.BytesIO()
    client = connect(kind, script, lambda rejected: next(tokens))
    done(client.download("/a", target))
    assert target.getvalue() == DATA
    assert headers_of(script.requests[1])["authorization"] == "Bearer new"


@both
def test_without_a_token_a_file_is_fetched_without_one(kind: Kind) -> None:
    script = script_for(kind, FILE)
    done(connect(kind, script, None).download("/a", io.BytesIO()))
    assert "authorization" not in headers_of(script.requests[0])


# --- the target ---------------------------------------------------------------------------------


@both
def test_a_path_is_put_in_place_when_all_is_there(kind: Kind, tmp_path: Path) -> None:
    place = tmp_path / "a.png"
    place.write_bytes(b"what was there before")
    client = connect(kind, script_for(kind, lambda _: FILE))
    assert done(client.download("/a", place)) == len(DATA)
    assert place.read_bytes() == DATA
    done(client.download("/a", str(place)))
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"]


@both
def test_a_pipe_is_written_to_and_stays_one(kind: Kind, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        done(connect(kind, script_for(kind, FILE)).download("/a", pipe))
        assert os.read(reader, len(DATA) + 1) == DATA
    finally:
        os.close(reader)
    assert [each.name for each in tmp_path.iterdir()] == ["pipe"]
    assert pipe.is_fifo()


@both
def test_a_name_as_long_as_names_may_be_is_no_obstacle(
    kind: Kind, tmp_path: Path
) -> None:
    place = tmp_path / ("ü" * 125)
    done(connect(kind, script_for(kind, FILE)).download("/a", place))
    assert place.read_bytes() == DATA


class _Breaking:
    """Sends half of the file, then breaks, as often as told; then sends it whole."""

    def __init__(self, times: int) -> None:
        super().__init__(lambda _: FILE)  # type: ignore[call-arg]
        self.times = times

    def play(
        self, request: Request, options: Options, sink: Sink | None
    ) -> RawResponse:
        if self.times > 0 and sink is not None:
            self.times -= 1
            sink(DATA[:100])
            raise TransportError("broken", "half way", may_have_arrived=True)
        response: RawResponse = super().play(request, options, sink)  # type: ignore[misc]
        return response


class BreakingScript(_Breaking, Script):
    pass


class AsyncBreakingScript(_Breaking, AsyncScript):
    pass


def breaking(kind: Kind, times: int) -> Any:
    return BreakingScript(times) if kind == "sync" else AsyncBreakingScript(times)


@both
def test_a_file_broken_off_half_way_is_fetched_again_from_the_start(
    kind: Kind, tmp_path: Path
) -> None:
    place = tmp_path / "a.png"
    assert done(connect(kind, breaking(kind, 2)).download("/a", place)) == len(DATA)
    assert place.read_bytes() == DATA
    target = io.BytesIO(b"before")
    target.seek(6)
    assert done(connect(kind, breaking(kind, 2)).download("/a", target)) == len(DATA)
    assert target.getvalue() == b"before" + DATA


@both
def test_a_file_that_stays_broken_leaves_what_was_there(
    kind: Kind, tmp_path: Path
) -> None:
    place = tmp_path / "a.png"
    place.write_bytes(b"before")
    with pytest.raises(RequestError, match="half way"):
        done(connect(kind, breaking(kind, 9)).download("/a", place))
    assert place.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"]


class Pipe(io.BytesIO):
    """A target that cannot go back."""

    def seekable(self) -> bool:
        return False


@both
def test_a_target_that_cannot_go_back_gets_nothing_twice(kind: Kind) -> None:
    pipe = Pipe()
    with pytest.raises(RequestError):
        done(connect(kind, breaking(kind, 1)).download("/a", pipe))
    assert pipe.getvalue() == DATA[:100]
    pipe = Pipe()
    script = script_for(kind, failure("connect", arrived=False), FILE)
    done(connect(kind, script).download("/a", pipe))
    assert pipe.getvalue() == DATA


@both
def test_a_target_that_is_full_fails_with_its_own_error(kind: Kind) -> None:
    class Full(io.BytesIO):
        def write(self, data: Any, /) -> int:
            raise OSError(errno.ENOSPC, "no space left")

    script = script_for(kind, lambda _: FILE)
    with pytest.raises(OSError, match="no space left"):
        done(connect(kind, script).download("/a", Full()))
    assert len(script.requests) == 1


@both
def test_a_folder_that_is_not_there_is_named_before_anything_is_sent(
    kind: Kind, tmp_path: Path
) -> None:
    script = script_for(kind)
    with pytest.raises(FileNotFoundError):
        done(connect(kind, script).download("/a", tmp_path / "missing" / "a"))
    assert script.requests == []


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, NotFoundError), (403, ForbiddenError), (401, UnauthorizedError)],
)
@both
def test_a_refusal_is_an_error_and_writes_nothing(
    kind: Kind, status: int, error: type[Exception], tmp_path: Path
) -> None:
    for response in (error_answer(status), answer(b"<Error>s3cret</Error>", status)):
        client = connect(kind, script_for(kind, response))
        with pytest.raises(error):
            done(client.download(shared(ELSEWHERE), tmp_path / "a"))
        target = io.BytesIO()
        with pytest.raises(error):
            done(connect(kind, script_for(kind, response)).download(ELSEWHERE, target))
        assert target.getvalue() == b""
    assert list(tmp_path.iterdir()) == []


@both
def test_a_file_that_cannot_be_created_is_named(kind: Kind, tmp_path: Path) -> None:
    place = tmp_path / "missing" / "a"
    client = connect(kind, script_for(kind, answer(b"x", 200)))

    with pytest.raises(FileNotFoundError) as caught:
        done(client.download("/a", place))

    assert caught.value.filename == str(place)


@both
def test_an_empty_file_is_a_file(kind: Kind, tmp_path: Path) -> None:
    place = tmp_path / "a"
    script = script_for(kind, answer(b"", 200))
    assert done(connect(kind, script).download("/a", place)) == 0
    assert place.read_bytes() == b""


@both
def test_addresses_of_files_are_secrets_in_errors_hooks_and_log(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []
    hooks = Hooks(
        before=lambda request: seen.append(repr(request)),
        after=lambda request, outcome, seconds: seen.append(f"{request} {outcome}"),
    )
    quoting = f"no {ELSEWHERE} and no {TOKEN}"
    for outcome in (
        error_answer(404, quoting),
        failure("timeout"),
        answer(None, 302),
        redirect("ftp://s3cret"),
    ):
        for source in (ELSEWHERE, "/1/s3cretPath?Signature=s3cretSignature"):
            client = connect(kind, script_for(kind, outcome), hooks=hooks, retries=0)
            with (
                caplog.at_level(logging.DEBUG),
                pytest.raises(Exception, match=r"files|chat") as caught,
            ):
                done(client.download(shared(source), io.BytesIO()))
            seen += traceback.format_exception(caught.value)
            seen.append(repr(getattr(caught.value, "operation", None)))
    assert "s3cret" not in str(seen) + caplog.text
    assert TOKEN not in str(seen) + caplog.text


def test_a_cancelled_download_leaves_nothing_behind(tmp_path: Path) -> None:
    import asyncio

    async def run() -> None:
        started = asyncio.Event()

        class Hanging(AsyncScript):
            async def send(
                self, request: Request, options: Options, sink: Sink | None = None
            ) -> RawResponse:
                assert sink is not None
                sink(DATA[:10])
                started.set()
                await asyncio.Event().wait()
                raise AssertionError

        client = connect("async", Hanging())
        task = asyncio.create_task(client.download("/a", tmp_path / "a"))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [204, 205, 206])
@pytest.mark.parametrize("source", [shared(ELSEWHERE), ELSEWHERE], ids=["file", "url"])
@both
def test_a_part_that_nobody_asked_for_is_no_file(
    kind: Kind, source: Any, status: int, tmp_path: Path
) -> None:
    body = DATA[:7] if status == 206 else None
    client = connect(kind, script_for(kind, answer(body, status)))
    with pytest.raises(ResponseError, match=f"{status}, but the body is not the file"):
        done(client.download(source, tmp_path / "a.png"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("source", "to", "words"),
    [
        (None, "a.png", "a message's file .* not NoneType"),
        (5, "a.png", "a message's file .* not int"),
        (ELSEWHERE, None, "a path or a binary file, not NoneType"),
        (ELSEWHERE, b"a.png", "a path or a binary file, not bytes"),
    ],
)
@both
def test_a_download_says_what_it_takes(
    kind: Kind, source: Any, to: Any, words: str, tmp_path: Path
) -> None:
    script = script_for(kind, FILE)
    target = tmp_path / to if isinstance(to, str) else to
    with pytest.raises(TypeError, match=words):
        done(connect(kind, script).download(source, target))
    assert script.requests == []
    assert list(tmp_path.iterdir()) == []


@both
def test_progress_counts_to_the_size_in_the_message(kind: Kind) -> None:
    seen: list[tuple[int, int | None]] = []
    client = connect(kind, script_for(kind, FILE))

    done(
        client.download(
            shared("/f"), io.BytesIO(), on_progress=lambda *each: seen.append(each)
        )
    )

    assert (seen[0], seen[-1]) == ((0, len(DATA)), (len(DATA), len(DATA)))
    assert seen == sorted(seen)


@both
def test_the_size_of_an_address_is_unknown_and_a_retry_begins_again(kind: Kind) -> None:
    seen: list[tuple[int, int | None]] = []

    client = connect(kind, script_for(kind, failure(), FILE))

    done(
        client.download(
            f"{HOME}/f", io.BytesIO(), on_progress=lambda *each: seen.append(each)
        )
    )

    assert (seen[0], seen[-1]) == ((0, None), (len(DATA), None))


@both
def test_an_error_in_the_progress_function_ends_the_call(
    kind: Kind, tmp_path: Path
) -> None:
    def stop(size_bytes: int, _: int | None) -> None:
        if size_bytes > 100:
            raise KeyError("enough")

    client = connect(kind, script_for(kind, FILE))

    with pytest.raises(KeyError, match="enough"):
        done(client.download(shared("/f"), tmp_path / "a", on_progress=stop))
    assert list(tmp_path.iterdir()) == []


@both
@pytest.mark.parametrize("wrong", [1, "x", object()])
def test_what_is_no_plain_function_is_refused_before_the_call(
    kind: Kind, wrong: Any
) -> None:
    script = script_for(kind)

    async def report(_done: int, _total: int | None) -> None:
        """Never awaited."""

    for each in (wrong, report):
        with pytest.raises(TypeError, match=r"on_progress must be a (plain )?function"):
            done(
                connect(kind, script).download(
                    f"{HOME}/f", io.BytesIO(), on_progress=each
                )
            )
    assert script.requests == []


@both
@pytest.mark.parametrize("size", [0, 1, 65_536, 200_000, 2_000_000])
def test_the_chunks_of_a_file_are_its_bytes(kind: Kind, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    client = connect(kind, script_for(kind, answer(data)))

    chunks = listed(client.download_chunks(MessageFile(name="a", size=size, url="/f")))

    assert b"".join(chunks) == data
    assert all(0 < len(chunk) <= 65_536 for chunk in chunks)


@both
def test_no_chunk_comes_twice_when_a_download_is_tried_again(kind: Kind) -> None:
    client = connect(kind, script_for(kind, failure(), FILE))

    assert b"".join(listed(client.download_chunks(shared("/f")))) == DATA


@both
def test_what_cannot_be_downloaded_is_refused_before_the_first_chunk(
    kind: Kind,
) -> None:
    client = connect(kind, script_for(kind))

    with pytest.raises(TypeError, match="not int"):
        client.download_chunks(17)
    with pytest.raises(TypeError, match="no option 'time_out', did you mean timeout"):
        client.download_chunks(f"{HOME}/f", time_out=3)
