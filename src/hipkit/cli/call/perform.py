"""Perform a call: typed, raw, over all pages, or as a dry run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn, cast

import msgspec
from msgspec.structs import replace

from hipkit.api.calling import Hooks
from hipkit.api.operation import Operation
from hipkit.api.response import SentRequest
from hipkit.cli.call.results import show_items, show_response, show_result
from hipkit.cli.call.unreadable import UnreadableItems
from hipkit.cli.connect import open_client
from hipkit.cli.failures import ExitCode
from hipkit.cli.options import Settings
from hipkit.cli.output import write, write_json
from hipkit.client.hipchat import HipChat
from hipkit.client.paging import Page
from hipkit.v2.rooms import GetRoomHistory
from hipkit.v2.users import GetPrivatechatHistory

__all__ = ["perform", "perform_all", "perform_dry", "perform_raw"]


def perform(settings: Settings, operation: Operation[object]) -> int:
    """Send the call, and print its result."""
    unreadable = UnreadableItems(settings)
    with open_client(settings) as client:
        show_result(settings, client.send(operation, on_unreadable=unreadable))
    return unreadable.exit_code


def perform_raw(settings: Settings, operation: Operation[object]) -> int:
    """Send the call, and print the response as received; its status decides the exit code."""
    with open_client(settings) as client:
        return show_response(settings, client.send_raw(operation))


def perform_all(settings: Settings, operation: Operation[object]) -> int:
    """Fetch all pages, and print their items."""
    unreadable = UnreadableItems(settings)
    with open_client(settings) as opened:
        client = opened.with_options(on_unreadable=unreadable)
        show_items(settings, _all_items(client, operation), operation.tag.lower())
    return unreadable.exit_code


def _all_items(client: HipChat, operation: Operation[object]) -> Iterator[object]:
    histories = GetRoomHistory, GetPrivatechatHistory
    # `history` pages back by date, from now. It has its own dates and order, so that a call with
    # either is paged by index, as given.
    if (
        isinstance(operation, histories)
        and not (operation.date or operation.end_date or operation.start_index)
        and operation.reverse is None
    ):
        return client.history(operation)
    return client.items(cast("Operation[Page[object]]", operation))


class _Shown(Exception):  # noqa: N818 - it ends a call, but is no error
    """Ends a call before its request is sent, and carries the request."""

    def __init__(self, request: SentRequest) -> None:
        super().__init__()
        self.request = request


def perform_dry(settings: Settings, operation: Operation[object]) -> int:
    """Print the request without sending it, with secrets hidden."""

    def show(request: SentRequest) -> NoReturn:
        raise _Shown(request)

    with open_client(settings) as client:
        try:
            client.send(operation, hooks=Hooks(before=show))
        except _Shown as shown:
            _write_request(settings, operation, shown.request)
    return ExitCode.OK


def _write_request(
    settings: Settings, operation: Operation[object], request: SentRequest
) -> None:
    content = operation.call().content
    size = (
        len(content) if isinstance(content, bytes) else content and content.size_bytes
    )
    # Nothing is sent, so no call will have the id.
    shown = request.headers.items()
    headers = {name: text for name, text in shown if name != "x-request-id"}
    request = replace(request, headers=headers, request_id="")
    if settings.json:
        write_json({**msgspec.to_builtins(request), "body_bytes": size})
        return
    lines = [f"{request.method} {request.url}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if content is not None:
        lines.append(
            f"({'unknown size' if size is None else f'{size} bytes'}, not shown)"
        )
    write("\n".join(lines))
