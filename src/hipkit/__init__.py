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
| `relay` | passes messages on from a server to other chats: routes, targets, sending |
| `logging` | a handler of Python's `logging` that posts to a room |
| `otel` | tracing with OpenTelemetry |
| `server` | `page` and `http` over `services` over `events`, `shared` and `storage` |
| `addon` | the kit for add-ons: one object, and the ASGI app that follows from it |
| `client` | `HipChat` and `AsyncHipChat`, tokens, pagination and downloads, over one exchange |
| `transports` | the only code that touches the network, and the egress policy |
| `descriptors` | reads and checks the descriptors of add-ons; conditions, variables in URLs |
| `webhooks` | parses the events that HipChat posts |
| `v2` | generated: a class and a method for every operation of API v2, and the models |
| `v1` | generated: the same for API v1 |
| `api` | the base of generated classes, every exception, and the reading of JSON |

Names are imported on first use, so `import hipkit` is fast.
"""

from __future__ import annotations

from hipkit.version import VERSION

__version__ = VERSION

# Type checkers and editors know this name without `typing`, whose import takes as long as Python's
# own start.
TYPE_CHECKING = False

if TYPE_CHECKING:
    # For type checkers and editors, where `X as X` means that `X` is exported.
    from hipkit.api.bodies.files import File as File
    from hipkit.api.bodies.reading import UnreadableError as UnreadableError
    from hipkit.api.calling import CallOptions as CallOptions
    from hipkit.api.calling import Hooks as Hooks
    from hipkit.api.errors import ApiError as ApiError
    from hipkit.api.errors import BadRequestError as BadRequestError
    from hipkit.api.errors import ConflictError as ConflictError
    from hipkit.api.errors import ConnectError as ConnectError
    from hipkit.api.errors import ForbiddenError as ForbiddenError
    from hipkit.api.errors import HipChatError as HipChatError
    from hipkit.api.errors import HipkitError as HipkitError
    from hipkit.api.errors import InstallationError as InstallationError
    from hipkit.api.errors import NotFoundError as NotFoundError
    from hipkit.api.errors import RateLimitError as RateLimitError
    from hipkit.api.errors import RequestError as RequestError
    from hipkit.api.errors import RequestTimeoutError as RequestTimeoutError
    from hipkit.api.errors import ResponseError as ResponseError
    from hipkit.api.errors import ServerError as ServerError
    from hipkit.api.errors import SignatureError as SignatureError
    from hipkit.api.errors import StorageError as StorageError
    from hipkit.api.errors import UnauthorizedError as UnauthorizedError
    from hipkit.api.limits import Limit as Limit
    from hipkit.api.limits import Limits as Limits
    from hipkit.api.messages.long_messages import split_message as split_message
    from hipkit.api.messages.long_messages import truncate_message as truncate_message
    from hipkit.api.model import Model as Model
    from hipkit.api.model import RuleError as RuleError
    from hipkit.api.operation import Operation as Operation
    from hipkit.api.response import Response as Response
    from hipkit.api.unreadable import HistoryPosition as HistoryPosition
    from hipkit.api.unreadable import UnreadableItem as UnreadableItem
    from hipkit.client.async_hipchat import AsyncHipChat as AsyncHipChat
    from hipkit.client.async_tokens import AsyncOAuthClient as AsyncOAuthClient
    from hipkit.client.async_tokens import AsyncTokenProvider as AsyncTokenProvider
    from hipkit.client.auth_test import AuthTest as AuthTest
    from hipkit.client.hipchat import HipChat as HipChat
    from hipkit.client.policy import Policy as Policy
    from hipkit.client.setup import AsyncTokenSource as AsyncTokenSource
    from hipkit.client.setup import ClientOptions as ClientOptions
    from hipkit.client.setup import TokenSource as TokenSource
    from hipkit.client.tokens import OAuthClient as OAuthClient
    from hipkit.client.tokens import TokenProvider as TokenProvider
else:
    # For programs. A type checker that read this would accept any name.
    _NAMES = {
        "api.calling": "CallOptions Hooks",
        "api.errors": """
            ApiError BadRequestError ConflictError ConnectError ForbiddenError HipChatError
            HipkitError InstallationError NotFoundError RateLimitError RequestError
            RequestTimeoutError ResponseError ServerError SignatureError StorageError
            UnauthorizedError
        """,
        "api.bodies.files": "File",
        "api.limits": "Limit Limits",
        "api.messages.long_messages": "split_message truncate_message",
        "api.model": "Model RuleError",
        "api.operation": "Operation",
        "api.bodies.reading": "UnreadableError",
        "api.response": "Response",
        "api.unreadable": "HistoryPosition UnreadableItem",
        "client.async_hipchat": "AsyncHipChat",
        "client.async_tokens": "AsyncOAuthClient AsyncTokenProvider",
        "client.auth_test": "AuthTest",
        "client.hipchat": "HipChat",
        "client.policy": "Policy",
        "client.setup": "AsyncTokenSource ClientOptions TokenSource",
        "client.tokens": "OAuthClient TokenProvider",
    }

    _HOME_OF = {
        name: f"hipkit.{home}"
        for home, names in _NAMES.items()
        for name in names.split()
    }
    __all__ = sorted([*_HOME_OF, "__version__"])

    def __getattr__(name: str) -> object:
        home = _HOME_OF.get(name)
        if home is None:
            raise AttributeError(f"module 'hipkit' has no attribute {name!r}")
        from importlib import import_module

        value: object = getattr(import_module(home), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
