"""The modules that are written by hand once, sync, and rendered async: see `render.py`."""

from __future__ import annotations

from twins.render import Twin

__all__ = ["TWINS"]

CLIENT = "src/hipkit/client"

TWINS = (
    Twin(
        source=f"{CLIENT}/client.py",
        target=f"{CLIENT}/async_client.py",
        names={
            "Client": "AsyncClient",
            "Iterator": "AsyncIterator",
            "TokenSource": "AsyncTokenSource",
            "Transport": "AsyncTransport",
            "check_sync_token": "check_async_token",
            "check_token": "await_token",
            "client.tokens": "async_tokens",
            "choose_transport": "choose_async_transport",
            "close": "aclose",
            "pause": "async_pause",
        },
        awaited={
            "_run",
            "_transport.send",
            "check_token",
            "close",
            "pause",
            "self.request",
            "self.send",
            "self.send_raw",
        },
        iterated={"_walk"},
        texts={
            "The blocking client of any generated API, `Client`": (
                "The asynchronous client of any generated API, `AsyncClient`"
            ),
            "`hipchat.py` for HipChat's API v2. `async_client.py` is rendered from this module": (
                "`async_hipchat.py` for HipChat's API v2. `client.py` has the blocking client"
            ),
            "A blocking client, without the methods of an API. Safe for use by many threads.": (
                "An asynchronous client, without the methods of an API; the counterpart of"
                " `Client`."
            ),
        },
    ),
    Twin(
        source=f"{CLIENT}/chat_client.py",
        target=f"{CLIENT}/async_chat_client.py",
        names={
            "ChatClient": "AsyncChatClient",
            "Client": "AsyncClient",
            "History": "AsyncHistory",
            "Iterator": "AsyncIterator",
            "client.client": "async_client",
            "next": "anext",
        },
        awaited={"_run", "self.auth_test", "self.download", "next"},
        iterated={"_spooled_chunks"},
        texts={
            "`async_chat_client.py` is rendered from this module. Read next: `hipchat.py`": (
                "`chat_client.py` has the blocking half. Read next: `async_hipchat.py`"
            ),
            "A blocking client with what": "An asynchronous client with what",
            "An iterator over": "An async iterator over",
        },
    ),
    Twin(
        source=f"{CLIENT}/tokens.py",
        target=f"{CLIENT}/async_tokens.py",
        names={
            "HipChat": "AsyncHipChat",
            "Lock": "LoopLock",
            "OAuthClient": "AsyncOAuthClient",
            "OauthSessions": "AsyncOauthSessions",
            "SendGrant": "AsyncSendGrant",
            "TokenProvider": "AsyncTokenProvider",
            "Transport": "AsyncTransport",
            "_notify": "_async_notify",
            "client.hipchat": "async_hipchat",
            "close": "aclose",
        },
        awaited={
            "__call__",
            "_client.close",
            "_fetch",
            "_notify",
            "delete_session",
            "get_session",
            "self.close",
            "self._send",
            "send",
        },
        entered={"_lock"},
        texts={
            "from threading import Lock": "from hipkit.client.oauth import LoopLock",
            "`async_tokens.py` is rendered from this module": (
                "`tokens.py` has the blocking half"
            ),
            "Called with every new token.": (
                "Called with every new token, and awaited if it is async."
            ),
            "Called with every new token; store its `refresh_token` if it has one.": (
                "Called with every new token, and awaited if it is async; store its"
                "\n                `refresh_token` if it has one."
            ),
            "Safe for use by many threads.": "Safe for use by many tasks.",
            # The async provider takes functions of either kind.
            "        check_blocking(send=send, on_token=on_token)\n": "",
            "    blocks = True\n"
            '    """It would block an event loop: `AsyncHipChat` rejects it."""\n\n': "",
        },
    ),
)
