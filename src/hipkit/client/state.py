"""What the calls of a client have in common: base URL, credentials, policy, clock and limits.

Nothing here changes but the last limits and the prepared headers. Read next: `exchange.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

import msgspec
from msgspec.structs import replace

from hipkit.api.calling import CallOptions
from hipkit.api.limits import LimitMemory
from hipkit.api.operation import Operation
from hipkit.api.secret import Secret
from hipkit.client.policy import Policy
from hipkit.client.settings import Site
from hipkit.transports.protocol import HeaderPairs, Headers

__all__ = ["Clock", "State", "new_request_id"]


# In C throughout: a function in Python would take a hundredth of a call. Threads and forks need
# no care, since the system's randomness has no state here.
new_request_id = map(bytes.hex, iter(partial(os.urandom, 8), b"")).__next__
"""Returns an id that no other call has."""


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """Clock, randomness and ids of a client; tests replace them."""

    monotonic: Callable[[], float]
    now: Callable[[], float]
    """UNIX seconds."""
    random: Callable[[], float]
    """A random number, at least 0 and below 1."""
    request_id: Callable[[], str] = new_request_id
    """The id of a new call."""


class State(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What the calls of a client have in common. A client with another token has its own."""

    site: Site
    user_agent: str
    authorization: Secret | None
    """The whole header value, if it does not change."""
    token_variable: str
    """The environment variable that may hold the token, for the error that names it."""
    has_provider: bool
    """Whether a function provides the token."""
    clock: Clock
    policy: Policy = Policy()
    limits: LimitMemory = msgspec.field(default_factory=LimitMemory)
    """The last limits, shared by clients that differ only in their policy."""

    @property
    def headers(self) -> dict[HeaderPairs, Headers]:
        """An operation's headers -> the request's, token included.

        They depend on nothing else but this state. `replace` starts with none, so that no request
        gets the token or the headers of another client.
        """
        # Two threads get the same; `cached_property` takes a lock, which a fork could leave locked.
        prepared: dict[HeaderPairs, Headers] = vars(self).setdefault("headers", {})
        return prepared

    def with_options(
        self, options: CallOptions, operation: Operation[object] | None = None
    ) -> State:
        """Return the state with a call's options applied; see `Policy.with_options`.

        Raises:
            TypeError: There is no such option; the message lists the existing ones.
        """
        if not options:
            return self
        return replace(self, policy=self.policy.with_options(options, operation))
