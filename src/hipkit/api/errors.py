"""Every exception of hipkit.

    HipkitError
    ├── RequestError                  no response arrived
    │   ├── ConnectError              no connection: nothing was sent
    │   └── RequestTimeoutError       a time-out, or the call's deadline
    ├── ApiError                      the server answered with an error status
    │   ├── BadRequestError           400
    │   ├── UnauthorizedError         401
    │   ├── ForbiddenError            403
    │   ├── NotFoundError             404
    │   ├── ConflictError             409
    │   ├── RateLimitError            429
    │   └── ServerError               5xx
    ├── ResponseError                 a response that cannot be read
    ├── SignatureError                an add-on received a request that it cannot trust
    ├── InstallationError             an add-on could not be installed
    ├── DescriptorError               an add-on's descriptor cannot be used (hipkit.descriptors)
    └── StorageError                  the server could not read or write its data

`HipChatError` is another name of `HipkitError`. Two errors have different classes where a program
would react differently. The server raises the same classes that its clients see. No error text
contains a token, a secret path argument or the text of a message. A programming mistake raises
`ValueError` or `TypeError` before anything is sent.

Every error can be pickled, for another process or for storage. Pickling drops the response's body
and cookies, hides what the server quoted from the request, and sets `operation` to `None` if its
arguments include a token or password. `copy.copy` keeps everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import ClassVar, Self

import msgspec

from hipkit.api.operation import Operation
from hipkit.api.redaction import holds_secrets, redact
from hipkit.api.response import RequestSummary
from hipkit.api.secret import Secret
from hipkit.api.unreadable import UnreadableItem

__all__ = [
    "ApiError",
    "BadRequestError",
    "ConflictError",
    "ConnectError",
    "ForbiddenError",
    "HipChatError",
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
    "error_class",
]


NEVER_STORED = frozenset({"_secrets", "body", "item", "model"})
QUOTING = frozenset(
    {"expected_type", "field", "headers", "message", "type", "validation", "where"}
)
"""Attributes with text from the server, which may repeat what was sent."""
PRIVATE_HEADERS = frozenset(
    {"authentication-info", "location", "set-cookie", "set-cookie2"}
)
DEEPEST = 20


class HipkitError(Exception):
    """The base class of every exception that hipkit defines.

    Attributes:
        operation: The call that failed; `None` if the error is not about a call.
        request_id: The id that was sent as `X-Request-Id`, the same at all attempts of the call;
            `None` if nothing was sent.
    """

    operation: Operation[object] | None = None
    request_id: str | None = None
    _secrets: tuple[Secret, ...] = ()

    # Past `__init__`, whose arguments differ from class to class.
    def __copy__(self, _memo: object = None) -> Self:
        copied = type(self).__new__(type(self), *self.args)
        vars(copied).update(vars(self))
        return copied

    __deepcopy__ = __copy__

    def __reduce__(self) -> tuple[object, ...]:
        return _new, (type(self), *self.args), self._stored()

    def _stored(self) -> dict[str, object]:
        """Return the attributes without anything private."""
        attributes = vars(self).items()
        state = {name: each for name, each in attributes if name not in NEVER_STORED}
        if self.operation is not None:
            show = partial(redact, operation=self.operation, secrets=self._secrets)
            for name in QUOTING & state.keys():
                state[name] = _redacted(state[name], show)
            if holds_secrets(self.operation):
                state["operation"] = None
        return state


HipChatError = HipkitError
"""The same class, under the name that is guessed first."""


def _new(kind: type[HipkitError], *arguments: object) -> HipkitError:
    return kind.__new__(kind, *arguments)


def _redacted(
    value: object, show: Callable[[str], str], depth: int = DEEPEST
) -> object:
    if isinstance(value, str):
        return show(value)
    if not depth:
        return None
    if isinstance(value, Mapping):
        return {
            show(str(name)): _redacted(item, show, depth - 1)
            for name, item in value.items()
            if name not in PRIVATE_HEADERS
        }
    if isinstance(value, list):
        return [_redacted(item, show, depth - 1) for item in value]
    return value


class RequestError(HipkitError):
    """No response arrived.

    Attributes:
        operation: The call that failed.
        may_have_arrived: Whether the server may have carried out the call. False only if it is
            certain that it has not.
    """

    def __init__(
        self,
        text: str,
        *,
        operation: Operation[object] | None = None,
        may_have_arrived: bool = True,
    ) -> None:
        super().__init__(text)
        self.operation = operation
        self.may_have_arrived = may_have_arrived


class ConnectError(RequestError):
    """No connection: name, network, proxy, TLS or a certificate file failed. Nothing was sent."""


class RequestTimeoutError(RequestError):
    """The server was silent for longer than the timeout, or the call's deadline passed."""


class ApiError(HipkitError):
    """The server answered with an error status.

    Attributes:
        status: The HTTP status.
        type: HipChat's name of the error, such as `Not Found`; empty if the body has none.
        message: The server's message. It may repeat what was sent: be careful where you show it.
        field: The member that is invalid (400).
        validation: The rule that it violates, such as `type` or `required` (400).
        expected_type: What the server expected: a type name, or a list of schemas (400).
        operation: The call that failed; `None` on the server's side.
        headers: Response headers, names in lower case. They may hold secrets, such as a cookie.
        body: The raw response body. It may hold private text.
        model: The body as the model that the API documents for the status; problem details that
            it does not document are a `hipkit.client.error_bodies.Problem`. `None` for HipChat's
            errors, whose members are the attributes above, and for other bodies.
        request: The parts of the request that may be shown; `None` on the server's side.
    """

    default_status: ClassVar[int] = 500
    body: bytes = b""
    model: object = None

    def __init__(
        self,
        text: str,
        *,
        message: str | None = None,
        status: int | None = None,
        type: str = "",
        field: str | None = None,
        validation: str | None = None,
        expected_type: object = None,
        operation: Operation[object] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        model: object = None,
        request: RequestSummary | None = None,
    ) -> None:
        super().__init__(text)
        self.message = text if message is None else message
        self.status = self.default_status if status is None else status
        self.type = type
        self.field = field
        self.validation = validation
        self.expected_type = expected_type
        self.operation = operation
        self.headers: Mapping[str, str] = {} if headers is None else headers
        self.body = body
        self.model = model
        self.request = request


class BadRequestError(ApiError):
    """400: a value is missing or invalid; see `field`, `validation` and `expected_type`."""

    default_status = 400


class UnauthorizedError(ApiError):
    """401: no token, an unknown one, or one that has expired or been revoked."""

    default_status = 401


class ForbiddenError(ApiError):
    """403: the token may not do this.

    Attributes:
        scopes: Any one of these scopes is sufficient; empty if the cause is not a missing scope.
    """

    default_status = 403
    scopes: tuple[str, ...] = ()


class NotFoundError(ApiError):
    """404: the room, user, message or other object does not exist, or is hidden from this token."""

    default_status = 404


class ConflictError(ApiError):
    """409: the object already exists, or is in another state."""

    default_status = 409


class RateLimitError(ApiError):
    """429: too many calls with this token, or messages to this room.

    Attributes:
        retry_at: When the server accepts calls again, with UTC offset; `None` if it did not say.
    """

    default_status = 429
    retry_at: datetime | None = None


class ServerError(ApiError):
    """5xx: the server failed, or does not support the call."""


class ResponseError(HipkitError):
    """A response cannot be read: not JSON, not UTF-8, too deeply nested, too large, another shape.

    Attributes:
        operation: The call.
        where: JSON path in the body, such as `$.items[3].date`; empty for the whole body.
        status: The HTTP status; `None` if none was read.
        body: The raw body. It may hold private text.
        item: If a single item of a list cannot be read: the raw item, and where the list or
            history continues after it.
    """

    body: bytes = b""
    item: UnreadableItem | None = None

    def __init__(
        self,
        text: str,
        *,
        operation: Operation[object] | None = None,
        where: str = "",
        status: int | None = None,
        body: bytes = b"",
        item: UnreadableItem | None = None,
    ) -> None:
        super().__init__(text)
        self.operation = operation
        self.where = where
        self.status = status
        self.body = body
        self.item = item

    def _stored(self) -> dict[str, object]:
        state = super()._stored()
        if self.item is not None:
            state["item"] = msgspec.structs.replace(
                self.item, raw=None
            )  # It is part of the body.
        return state


class SignatureError(HipkitError):
    """A request to an add-on is unsigned, wrongly signed, expired or for another add-on.

    Attributes:
        status: The HTTP status to answer with: 401, or 400 for what is malformed or contradicts
            itself.
    """

    def __init__(self, text: str, *, status: int = 401) -> None:
        super().__init__(text)
        self.status = status


class InstallationError(HipkitError):
    """An add-on's installation was rejected; the message may be shown to the administrator.

    Attributes:
        status: The HTTP status to answer with: 400, 403 for a host that is not trusted, 409 for an
            installation that exists with another secret or on another host.
    """

    def __init__(self, text: str, *, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


class StorageError(HipkitError):
    """The server's data cannot be read or written.

    Attributes:
        may_pass: Whether a later retry may succeed (a locked file, a full disk).
    """

    def __init__(self, text: str, *, may_pass: bool = False) -> None:
        super().__init__(text)
        self.may_pass = may_pass


_BY_STATUS = {kind.default_status: kind for kind in ApiError.__subclasses__()}


def error_class(status: int) -> type[ApiError]:
    """Return the class for a status: its own class, `ServerError` for 5xx, otherwise `ApiError`."""
    return _BY_STATUS.get(status) or (ServerError if status >= 500 else ApiError)
