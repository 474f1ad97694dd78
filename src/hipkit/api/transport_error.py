"""The one exception of every transport, which hooks see as well (pure)."""

from __future__ import annotations

from functools import partial
from typing import Literal

__all__ = ["TransportError", "TransportErrorKind"]

TransportErrorKind = Literal[
    "connect",
    "untrusted",
    "certificate",
    "no_tls",
    "settings",
    "timeout",
    "broken",
    "garbage",
    "too_large",
    "interrupted",
]


class TransportError(Exception):
    """No usable response arrived.

    Attributes:
        kind: `connect`: no connection, or the TLS handshake failed; `untrusted`: the server's
            certificate comes from an unknown authority; `certificate`: it has expired, or is for
            another name; `no_tls`: what answered the handshake is no TLS; `settings`: a
            certificate file named by a setting cannot be used; `timeout`: the timeout or the
            deadline passed; `broken`: the connection ended early; `garbage`: the response is not
            HTTP; `too_large`: the response exceeded `max_response_bytes`; `interrupted`: the
            caller ended the call, by cancelling its task or with Ctrl-C. Only the hook `after`
            receives this one.
        may_have_arrived: False only if it is certain that no byte of the request was sent, or
            that the server cannot have read all of it. Otherwise True.
        reason: One line to display, without headers, targets or bodies.
    """

    def __init__(
        self, kind: TransportErrorKind, reason: str, *, may_have_arrived: bool = True
    ) -> None:
        super().__init__(reason)
        self.kind: TransportErrorKind = kind
        self.reason = reason
        self.may_have_arrived = may_have_arrived

    def __reduce__(self) -> tuple[object, ...]:
        make = partial(type(self), may_have_arrived=self.may_have_arrived)
        return make, (self.kind, self.reason), vars(self)
