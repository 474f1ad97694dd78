"""hipkit: HipChat's API v2 for Python, as a client, and as a server to talk to.

```python
from hipkit import HipChat

with HipChat(token, base_url="https://chat.example.com/v2") as client:
    client.rooms.send_room_notification("Dev Ops", message="Hello HipChat!", color="green")
```

The map of this folder, from the top floor to the ground; an arrow only points down:

| room | what it is |
| --- | --- |
| `cli`, `testing` | the command `hipkit`; a server in memory for your own tests |
| `server` | the same API on SQLite: `http` over `services` over `storage` |
| `client` | `HipChat` and `AsyncHipChat`; with `tokens`, `paging`, `download`, `authorization` |
| `exchange` | one call from request to answer: tokens, limits, retries; `decoding` reads answers |
| `transports` | the only code that touches the network |
| `v2` | generated: an operation class and method for every call of the API, and the models |
| `v1` | generated: the same for the API before it |
| `operation`, `model`, `errors` | what generated classes are; every exception |
| `webhooks` | reads the events that HipChat posts |

Names load when first used, so `import hipkit` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from hipkit.version import VERSION

# The same names for editors and type checkers; at run time see __getattr__.
if TYPE_CHECKING:
    from hipkit.authorization import AuthTest
    from hipkit.client import AsyncHipChat, HipChat
    from hipkit.client_setup import AsyncTokenSource, ClientOptions, TokenSource
    from hipkit.errors import (
        ApiError,
        BadRequestError,
        ConflictError,
        ConnectError,
        ForbiddenError,
        HipkitError,
        InstallationError,
        NotFoundError,
        RateLimitError,
        RequestError,
        RequestTimeoutError,
        ResponseError,
        ServerError,
        SignatureError,
        StorageError,
        UnauthorizedError,
    )
    from hipkit.exchange import Hooks, Policy
    from hipkit.files import File
    from hipkit.limits import Limit, Limits
    from hipkit.model import Model, RuleError
    from hipkit.operation import Operation
    from hipkit.reading import UnreadableError
    from hipkit.response import Response
    from hipkit.tokens import (
        AsyncOAuthClient,
        AsyncTokenProvider,
        OAuthClient,
        TokenProvider,
    )
    from hipkit.unreadable import HistoryPosition, UnreadableItem

__version__ = VERSION

_HOMES = {
    "authorization": ("AuthTest",),
    "client": ("AsyncHipChat", "HipChat"),
    "client_setup": ("AsyncTokenSource", "ClientOptions", "TokenSource"),
    "errors": (
        "ApiError",
        "BadRequestError",
        "ConflictError",
        "ConnectError",
        "ForbiddenError",
        "HipkitError",
        "InstallationError",
        "NotFoundError",
        "RateLimitError",
        "RequestError",
        "RequestTimeoutError",
        "ResponseError",
        "ServerError",
        "SignatureError",
        "StorageError",
        "UnauthorizedError",
    ),
    "exchange": ("Hooks", "Policy"),
    "files": ("File",),
    "limits": ("Limit", "Limits"),
    "model": ("Model", "RuleError"),
    "operation": ("Operation",),
    "reading": ("UnreadableError",),
    "response": ("Response",),
    "tokens": (
        "AsyncOAuthClient",
        "AsyncTokenProvider",
        "OAuthClient",
        "TokenProvider",
    ),
    "unreadable": ("HistoryPosition", "UnreadableItem"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ApiError",
    "AsyncHipChat",
    "AsyncOAuthClient",
    "AsyncTokenProvider",
    "AsyncTokenSource",
    "AuthTest",
    "BadRequestError",
    "ClientOptions",
    "ConflictError",
    "ConnectError",
    "File",
    "ForbiddenError",
    "HipChat",
    "HipkitError",
    "HistoryPosition",
    "Hooks",
    "InstallationError",
    "Limit",
    "Limits",
    "Model",
    "NotFoundError",
    "OAuthClient",
    "Operation",
    "Policy",
    "RateLimitError",
    "RequestError",
    "RequestTimeoutError",
    "Response",
    "ResponseError",
    "RuleError",
    "ServerError",
    "SignatureError",
    "StorageError",
    "TokenProvider",
    "TokenSource",
    "UnauthorizedError",
    "UnreadableError",
    "UnreadableItem",
    "__version__",
]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'hipkit' has no attribute {name!r}")
    value: object = getattr(import_module(f"hipkit.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
