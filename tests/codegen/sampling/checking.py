"""Check one generated package against its document: make, send and read every operation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from werkzeug.http import parse_options_header

from hipkit.api.errors import ApiError
from hipkit.transports.protocol import RawResponse, Request
from tests.codegen.sampling.comparer import (
    differences,
    differences_in,
    plain,
    sent_body,
)
from tests.codegen.sampling.expectation import (
    Call,
    is_file,
    is_json,
    sample_call,
    wire_of,
)
from tests.codegen.sampling.package import (
    Arguments,
    Kind,
    Mismatch,
    Package,
    Recorder,
    arguments_for,
    body_for,
)
from tests.codegen.sampling.reading import (
    Answer,
    Description,
    OperationDescription,
    Schema,
    Scheme,
)
from tests.codegen.sampling.sampler import ROUNDS, Round, Sampler, UnsampleableError

__all__ = ["Report", "check"]

TOKEN = "sampled-token"
BASIC = "Basic c2FtcGxlZDpwYXNzd29yZA=="
HOST = "https://api.example"
REDIRECTS = ("301", "302", "303", "307", "308")
PLACE = "https://files.example/found?a=1"


@dataclass
class Report:
    """What was done with one document, and what was wrong."""

    operations: int = 0
    made: set[str] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    calls: int = 0
    events: int = 0
    unsampled: set[str] = field(default_factory=set)
    """Operations, or bodies, of which no valid value was found."""
    _problems: dict[str, list[str]] = field(default_factory=dict)

    def add(self, label: str, text: str) -> None:
        """Add a problem, once."""
        texts = self._problems.setdefault(label, [])
        if text not in texts:
            texts.append(text)

    @property
    def problems(self) -> list[str]:
        """A line for each problem, for the first three of an operation."""
        return [
            f"{label}: {text}"
            for label, texts in self._problems.items()
            for text in (*texts[:3], *[f"and {len(texts) - 3} more"] * (len(texts) > 3))
        ]


def check(
    description: Description, package: Package, left_out: Iterable[str] = ()
) -> Report:
    """Make, send and read every operation of a package, and read its events.

    Args:
        description: The document.
        package: Generated from it.
        left_out: How the names of operations begin that are not in it.
    """
    report = Report(operations=len(description.operations))
    checker = _Checker(description, package, report)
    for operation in description.operations:
        if not any(name.startswith(f"{operation.label}: ") for name in left_out):
            checker.check(operation)
    for name, schema in description.events.items():
        checker.check_event(name, schema)
    return report


class _Checker:
    def __init__(
        self, description: Description, package: Package, report: Report
    ) -> None:
        self._package = package
        self._report = report
        self._recorder = Recorder()
        self._servers = description.servers
        self._base = urljoin(HOST, description.servers[0])
        default = package.default_base_url if description.operations else None
        absolute = [url.rstrip("/") for url in description.servers if "://" in url]
        if default is not None and _bare(default) not in map(_bare, absolute):
            report.add("servers", f"the client's default is {default}, no server")

    def check(self, operation: OperationDescription) -> None:
        label = operation.label
        try:
            kind = self._package.kind_of(operation)
            content = body_for(kind, operation)
        except Mismatch as error:
            self._report.add(label, str(error))
            return
        for which in ROUNDS:
            sampler = Sampler(label, which)
            try:
                call = sample_call(operation, content, sampler)
                self._check_call(kind, call, which)
            except UnsampleableError:
                self._report.unsampled.add(label)
            except Mismatch as error:
                self._report.add(label, str(error))
            except Exception as error:
                self._report.add(label, f"{type(error).__name__}: {error}")

    def check_event(self, name: str, schema: Schema) -> None:
        kind = self._package.events.get(name)
        if kind is None:
            self._report.add(f"event {name}", "the package does not have it")
            return
        self._report.events += 1
        for which in ROUNDS:
            value = Sampler(name, which).value(schema, "answer")
            found = plain(kind.from_json(json.dumps(value)))
            for line in differences_in(value, found):
                self._report.add(f"event {name}", line)

    def _check_call(self, kind: Kind, call: Call, which: Round) -> None:
        report, label = self._report, call.operation.label
        operation = kind(**arguments_for(kind, call))
        report.made.add(label)
        report.calls += 1
        token: Mapping[str, Any] = {"token": TOKEN}
        if kind.auth == "basic":
            token = {"authorization": BASIC}
        with self._package.client(
            self._recorder, base_url=self._base, **token
        ) as client:
            method = self._package.method_of(client, kind)
            for answer in _successes(call.operation):
                self._exchange(client, operation, answer, which)
            sent = self._recorder.requests[-1]
            self._check_request(sent, call)
            report.sent.add(label)
            method(**arguments_for(kind, call))
            self._compare_with(sent, label, "its method")
            if which == "all":
                asyncio.run(self._send_async(kind, arguments_for(kind, call), token))
                self._compare_with(sent, label, "its asynchronous method")
            self._check_errors(client, operation, call, which)
        if call.operation.security and () in call.operation.security:
            self._check_without_token(operation)

    async def _send_async(
        self, kind: Kind, arguments: Arguments, token: Mapping[str, Any]
    ) -> None:
        async with self._package.client(
            self._recorder, is_async=True, base_url=self._base, **token
        ) as client:
            await self._package.method_of(client, kind)(**arguments)

    def _compare_with(self, sent: Request, label: str, what: str) -> None:
        if _essence(self._recorder.requests[-1]) != _essence(sent):
            self._report.add(label, f"{what} sends something else")

    def _check_request(self, sent: Request, call: Call) -> None:
        label, operation = call.operation.label, call.operation
        key, lines = _authorisation(sent, operation.security)
        bases = [base for url in operation.servers for base in self._addresses_of(url)]
        for line in [*lines, *differences(sent, wire_of(call), bases, key)]:
            self._report.add(label, line)

    def _addresses_of(self, server: str) -> Iterator[str]:
        """Yield where an operation of a server is, seen from the client's base URL."""
        own = urljoin(self._base, server)
        yield own
        # The base URL stands for any one of the document's servers.
        for url in self._servers:
            root = urljoin(self._base, url).rstrip("/")
            if f"{own}/".startswith(f"{root}/"):
                yield self._base.rstrip("/") + own.removeprefix(root)

    def _check_without_token(self, operation: Any) -> None:
        with self._package.client(self._recorder, base_url=self._base) as client:
            client.send(operation)

    def _exchange(
        self, client: Any, operation: Any, answer: Answer | None, which: Round
    ) -> None:
        label = f"{operation.method} {operation.path}"
        response, expected = _response(label, answer, which)
        self._recorder.answer = response
        result = client.send(operation)
        schema = answer.contents[0].schema if answer and answer.contents else None
        # Several answers that cannot be told apart are `object`.
        is_only = operation.result is not object and len(operation.statuses) == 1
        if is_only and schema is not None and _is_untyped(schema, result):
            self._report.add(label, f"the answer has no type: {result!r:.80}")
        for line in differences_in(expected, plain(result), "the answer"):
            self._report.add(label, line)
        self._report.read.add(label)

    def _check_errors(
        self, client: Any, operation: Any, call: Call, which: Round
    ) -> None:
        for answer in call.operation.answers:
            if not answer.status.startswith(("4", "5")):
                continue
            response, _ = _response(call.operation.label, answer, which)
            self._recorder.answer = response
            try:
                client.send(operation)
            except ApiError as error:
                if error.status != response.status:
                    self._report.add(call.operation.label, f"the error is {error!r}")
            else:
                self._report.add(
                    call.operation.label, f"{response.status} raises no error"
                )


def _is_untyped(schema: Schema, result: object) -> bool:
    """Return whether a mapping was read where the document describes an object's members."""
    target = schema.target()
    if target is not None:
        return _is_untyped(target, result)
    items = schema.get("items")
    if isinstance(result, list):
        return items is not None and any(
            _is_untyped(schema.at(items), each) for each in result
        )
    is_described = schema.get("properties") or (
        schema.get("oneOf") and schema.get("discriminator")
    )
    return isinstance(result, dict) and bool(is_described)


def _successes(operation: OperationDescription) -> list[Answer | None]:
    by_status = {answer.status: answer for answer in operation.answers}
    good = [each for status, each in by_status.items() if status.startswith("2")]
    if not good:
        good = [each for status, each in by_status.items() if status in REDIRECTS]
    if not good and "default" in by_status:
        good = [by_status["default"]]
    return [*good] or [None]


def _response(
    seed: str, answer: Answer | None, which: Round
) -> tuple[RawResponse, object]:
    """Return an answer, and what should be read from it."""
    if answer is None:
        return RawResponse(200, {}), None
    status = int(answer.status.replace("X", "0")) if answer.status != "default" else 200
    if answer.status in REDIRECTS:
        return RawResponse(status, {"location": PLACE}), PLACE
    contents = sorted(answer.contents, key=lambda each: not is_json(each.media_type))
    if not contents or seed.startswith("HEAD "):
        return RawResponse(status, {}), None
    content = contents[0]
    subtype = "json" if is_json(content.media_type) else "x-sampled"
    media_type = content.media_type.replace("*/", "application/").replace("*", subtype)
    headers = {"content-type": media_type}
    sampler = Sampler(f"{seed} {status}", which)
    schema = content.schema
    if is_json(content.media_type) and not (schema and is_file(schema)):
        value = sampler.value(content.schema, "answer") if content.schema else {"a": 1}
        return RawResponse(status, headers, json.dumps(value).encode()), value
    text = "some text, ä\r\n"
    is_text = (
        media_type.startswith("text/")
        and schema is not None
        and schema.get("type") == "string"
        and not is_file(schema)
    )
    return RawResponse(status, headers, text.encode()), (
        text if is_text else text.encode()
    )


def _authorisation(
    sent: Request, alternatives: Iterable[tuple[Scheme, ...]]
) -> tuple[tuple[str, str] | None, Iterator[str]]:
    """Return place and name of the credential that was sent, and what is wrong about it."""
    headers = {name.lower(): value for name, value in sent.all_headers}
    needed = [each for each in alternatives if each]
    everything = f"{sent.target} {headers}"
    count = everything.count(TOKEN) + everything.count(BASIC)
    if not needed:
        lines = ["a credential is sent, and none is declared"] * bool(count)
        return None, iter(lines)
    for alternative in needed:
        if len(alternative) == 1 and _is_sent(sent, headers, alternative[0]):
            lines = ["the credential is in several places"] * (count > 1)
            return (alternative[0].kind, alternative[0].name), iter(lines)
    return None, iter([f"no credential is sent as declared, one of {needed}"])


def _is_sent(sent: Request, headers: dict[str, str], scheme: Scheme) -> bool:
    if scheme.kind == "bearer":
        return headers.get("authorization") == f"Bearer {TOKEN}"
    if scheme.kind == "basic":
        return headers.get("authorization") == BASIC
    if scheme.kind == "query":
        return f"{scheme.name}={TOKEN}" in sent.target.partition("?")[2].split("&")
    if scheme.kind == "cookie":
        return f"{scheme.name}={TOKEN}" in headers.get("cookie", "").split("; ")
    return headers.get(scheme.name.lower()) == TOKEN


def _essence(request: Request) -> tuple[object, ...]:
    """Return what two requests of one call have in common, without its boundary."""
    headers = {name.lower(): value for name, value in request.headers}
    _, options = parse_options_header(headers.get("content-type"))
    boundary = options.get("boundary", "").encode()
    body = sent_body(request)
    body = body.replace(boundary, b"-") if boundary else body
    names = sorted(headers)
    return request.method, request.host, request.target, names, body


def _bare(url: str) -> str:
    """Return an address without its scheme, of which Swagger may list several."""
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path}".rstrip("/")
