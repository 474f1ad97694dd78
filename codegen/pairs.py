"""The modules that are written by hand once, sync, and rendered async: see `twins.py`."""

from __future__ import annotations

from codegen.twins import Twin

__all__ = ["TWINS"]

CLIENT = "src/hipkit/client"

TWINS = (
    Twin(
        source=f"{CLIENT}/client.py",
        target=f"{CLIENT}/async_client.py",
        names={
            "Api": "AsyncApi",
            "HipChat": "AsyncHipChat",
            "History": "AsyncHistory",
            "Iterator": "AsyncIterator",
            "RawApi": "AsyncRawApi",
            "TokenSource": "AsyncTokenSource",
            "Transport": "AsyncTransport",
            "check_sync_token": "check_async_token",
            "check_token": "await_token",
            "choose_transport": "choose_async_transport",
            "close": "aclose",
            "next": "anext",
            "pause": "async_pause",
        },
        awaited={
            "_run",
            "_transport.send",
            "self.auth_test",
            "check_token",
            "close",
            "self.download",
            "next",
            "pause",
            "self.request",
            "self.send",
            "self.send_raw",
        },
        iterated={"_walk"},
        texts={
            "The blocking client, `HipChat`": "The asynchronous client, `AsyncHipChat`",
            "`async_client.py` is rendered\nfrom this module": (
                "`client.py` has the blocking\nclient"
            ),
            "An iterator over": "An async iterator over",
            "A blocking client of HipChat's API v2. Safe for use by many threads.": (
                "An asynchronous client of HipChat's API v2; the counterpart of `HipChat`."
            ),
        },
    ),
)
