"""Reach a route's target without sending a message: its address, and its token where it can be."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hipkit.api.errors import BadRequestError
from hipkit.relay.routes.posting import read_reply
from hipkit.relay.routes.route import Route
from hipkit.relay.sending.network import PRIVATE_NETWORKS, explained
from hipkit.relay.sending.sender import TargetSender
from hipkit.relay.targets.answers import read_object
from hipkit.relay.targets.protocol import (
    Answer,
    ChecksToken,
    HttpCall,
    MailServer,
    Rendered,
    Reply,
)
from hipkit.server.services.context import Runtime
from hipkit.server.settings import Settings as ServerSettings
from hipkit.server.storage.sqlite.database import SqliteDatabase
from hipkit.transports.egress import EgressPolicy, parse_endpoint

__all__ = ["Reached", "TokenState", "empty_runtime", "reach"]

CONNECT_SECONDS = 10.0

TokenState = Literal["valid", "refused", "unchecked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What came of it."""

    problem: str | None = None
    """Why the target cannot be reached, or does not take the token."""
    token: TokenState | None = None
    """What is known of the route's secret; `None` where it has none, or nothing answered."""


@contextlib.contextmanager
def empty_runtime() -> Iterator[Runtime]:
    """Yield the runtime of an empty server, which is thrown away."""
    with tempfile.TemporaryDirectory(prefix="hipkit-") as folder:
        path = Path(folder) / "relay.db"
        settings = ServerSettings(database=path, durable=False)
        runtime = Runtime(SqliteDatabase.open(path, durable=False), settings)
        try:
            yield runtime
        finally:
            runtime.close()


async def reach(route: Route, rendered: Rendered, sender: TargetSender) -> Reached:
    """Reach a target, and send it no message.

    Args:
        route: The route.
        rendered: A message of the route, which says where it leads.
        sender: What sends to targets.
    """
    target, settings = route.target, route.settings
    call = target.render_check(settings) if isinstance(target, ChecksToken) else None
    if call is None or not isinstance(target, ChecksToken):
        problem = await _connect_to(rendered, route)
        is_unknown = problem is None and settings.secrets
        return Reached(problem=problem, token="unchecked" if is_unknown else None)
    result = await sender.send(call, settings)
    answer = (
        read_reply(result, target.read_check, settings)
        if isinstance(result, Reply)
        else result
    )
    return Reached(problem=answer.problem, token=_token_state(result, answer))


def _token_state(result: Reply | Answer, answer: Answer) -> TokenState | None:
    if answer.verdict == "delivered":
        return "valid"
    if answer.verdict == "later":
        return None
    # A success that names no error is another program's.
    is_refusal = (
        not isinstance(result, Reply)
        or result.status >= 400
        or "error" in read_object(result)
    )
    return "refused" if is_refusal else None


async def _connect_to(rendered: Rendered, route: Route) -> str | None:
    """Return why no connection can be made."""
    if isinstance(rendered, HttpCall):
        try:
            endpoint = parse_endpoint(rendered.url.reveal())
        except BadRequestError:
            return "its address is no URL such as https://chat.example.com/hook"
        host, port = endpoint.host, endpoint.port
    elif isinstance(rendered, MailServer):
        host, port = rendered.host, rendered.port
    else:
        return None  # Apprise connects by itself.
    allowed = PRIVATE_NETWORKS if route.settings.allow_private_network else ()
    policy = EgressPolicy(allowed)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await _connect(await policy.addresses_of(host, port), port)
    except TimeoutError:
        return f"{host}:{port} does not answer within {CONNECT_SECONDS:g} seconds"
    except OSError as error:
        return f"cannot connect to {host}:{port}: {_reason(error)}"
    finally:
        policy.close()
    return None


def _reason(error: OSError) -> str:
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)  # asyncio's text has the address once more.
    return explained(error.strerror or str(error))


async def _connect(addresses: Sequence[str], port: int) -> None:
    """Connect to the first address that answers, and close the connection."""
    problem = OSError("the name has no address")
    for address in addresses:
        try:
            _, writer = await asyncio.open_connection(address, port)
        except OSError as error:
            problem = error
        else:
            writer.close()
            return
    raise problem
