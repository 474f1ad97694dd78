"""Sends a notification by Apprise, in a thread, as its senders block.

Apprise makes its calls itself: the egress policy does not see them. Only the operator's file names
an Apprise URL, so nobody else decides where they lead.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hipkit.extras import install_hint
from hipkit.relay.targets.protocol import Answer, AppriseCall

__all__ = ["APPRISE_SECONDS", "AppriseSender", "load_apprise"]

APPRISE_SECONDS = 60.0
"""How long a notification may take; its thread may take longer, and others wait for it."""

AT_ONCE = 4

FAILED = "Apprise could not send it; it does not say why"


class AppriseSender:
    """Sends by Apprise. It is loaded with the first notification, and takes some 50 MB then."""

    def __init__(self, *, seconds: float = APPRISE_SECONDS) -> None:
        self._seconds = seconds
        self._threads: ThreadPoolExecutor | None = None

    async def send(self, call: AppriseCall) -> Answer:
        """Send a notification once.

        Apprise says no more than whether it was sent: what failed is worth another try.
        """
        if self._threads is None:
            self._threads = ThreadPoolExecutor(
                AT_ONCE, thread_name_prefix="hipkit-apprise"
            )
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._seconds):
                return await loop.run_in_executor(self._threads, _notify, call)
        except TimeoutError:
            problem = f"Apprise took longer than {self._seconds:g} seconds"
            return Answer(verdict="later", problem=problem)

    def close(self) -> None:
        """Send nothing further."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)


def load_apprise() -> Any:
    """Return the package `apprise`.

    Raises:
        ModuleNotFoundError: The extra `apprise` is missing.
    """
    try:
        package = importlib.import_module("apprise")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"Apprise needs the extra apprise: {install_hint('apprise')}",
            name=error.name,
        ) from error
    # Its log lines may quote URLs and answers, which are secrets.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    return package


def _notify(call: AppriseCall) -> Answer:
    try:
        apprise = load_apprise()
    except ModuleNotFoundError as error:
        return Answer(verdict="route", problem=str(error))
    sender = apprise.Apprise()
    if not sender.add(call.url.reveal()):
        return Answer(verdict="route", problem="Apprise does not know the URL")
    try:
        is_sent = sender.notify(
            body=call.text,
            title=call.title,
            notify_type=call.type,
            body_format=apprise.NotifyFormat.TEXT,
            interpret_escapes=False,
        )
    except Exception as error:
        problem = f"Apprise failed: {type(error).__name__}"
        return Answer(verdict="later", problem=problem)
    if is_sent:
        return Answer(verdict="delivered")
    return Answer(verdict="later", problem=FAILED)
