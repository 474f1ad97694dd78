"""hipkit: a client and a server for HipChat's API, in Python.

```python
from hipkit import HipChat

with HipChat(token, base_url="https://chat.example.com/v2") as client:
    client.rooms.send_room_notification("Dev Ops", message="Hello HipChat!", color="green")
```

The packages, from the top layer to the lowest; imports only point down:

| package | content |
| --- | --- |
| `cli`, `testing` | the command `hipkit`; a server in memory for tests |
| `server` | `page` and `http` over `services` over `events`, `shared` and `storage` |
| `client` | `HipChat` and `AsyncHipChat`, tokens, pagination and downloads, over one exchange |
| `transports` | the only code that touches the network |
| `webhooks` | parses the events that HipChat posts |
| `v2` | generated: a class and a method for every operation of API v2, and the models |
| `v1` | generated: the same for API v1 |
| `api` | the base of generated classes, every exception, and the reading of JSON |

Names are imported on first use, so `import hipkit` is fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from hipkit.version import VERSION

# The same names for editors and type checkers; at run time see __getattr__.
if TYPE_CHECKING:
    from hipkit.api.errors import (
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
    from hipkit.api.files import File
    from hipkit.api.limits import Limit, Limits
    from hipkit.api.model import Model, RuleError
    from hipkit.api.operation import Operation
    from hipkit.api.reading import UnreadableError
    from hipkit.api.response import Response
    from hipkit.api.unreadable import HistoryPosition, UnreadableItem
    from hipkit.client.auth_test import AuthTest
    from hipkit.client.client import AsyncHipChat, HipChat
    from hipkit.client.exchange import Hooks, Policy
    from hipkit.client.setup import AsyncTokenSource, ClientOptions, TokenSource
    from hipkit.client.tokens import (
        AsyncOAuthClient,
        AsyncTokenProvider,
        OAuthClient,
        TokenProvider,
    )

__version__ = VERSION

_HOMES = {
    "client.auth_test": ("AuthTest",),
    "client.client": ("AsyncHipChat", "HipChat"),
    "client.setup": ("AsyncTokenSource", "ClientOptions", "TokenSource"),
    "client.exchange": ("Hooks", "Policy"),
    "api.files": ("File",),
    "api.limits": ("Limit", "Limits"),
    "api.model": ("Model", "RuleError"),
    "api.operation": ("Operation",),
    "api.reading": ("UnreadableError",),
    "api.response": ("Response",),
    "client.tokens": (
        "AsyncOAuthClient",
        "AsyncTokenProvider",
        "OAuthClient",
        "TokenProvider",
    ),
    "api.unreadable": ("HistoryPosition", "UnreadableItem"),
}

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

# The names that have no home above are exceptions.
_HOME_OF = dict.fromkeys(__all__, "api.errors") | {
    name: home for home, names in _HOMES.items() for name in names
}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'hipkit' has no attribute {name!r}")
    value: object = getattr(import_module(f"hipkit.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
