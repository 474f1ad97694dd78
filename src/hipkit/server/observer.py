"""What is told of a server's work: calls, limits, commits, deliveries. `metrics` counts them."""

from __future__ import annotations

__all__ = ["Observer"]


class Observer:
    """Ignores what it is told; those who count it extend this class.

    Called in the middle of the work, in the thread that does it: a method returns at once, and
    raises nothing. What it is told has no secrets and few values, so that it may become a label.
    """

    def call(
        self, operation_id: str, dialect: str, status: int, seconds: float
    ) -> None:
        """Note that a call was answered.

        Args:
            operation_id: The operation, or `file`, `preflight`, or `unknown` where none fits.
            dialect: The version of the API: `v1` or `v2`.
            status: The answer's.
            seconds: From the request's head until the answer was handed to the system.
        """

    def limit(self, name: str) -> None:
        """Note that a limit was exceeded: one of `Limit`, or `sign-ins`."""

    def commit(self, commands: int, seconds: float, *, is_kept: bool) -> None:
        """Note that a transaction ended.

        Args:
            commands: How many commands it had, those included that failed by themselves.
            seconds: How long they and the commit took together.
            is_kept: Whether it is on disk; otherwise nothing of it is.
        """

    def delivery(self, kind: str, outcome: str, seconds: float | None) -> None:
        """Note that something was sent, or skipped.

        Args:
            kind: The kind of subscription, or `addon` for calls to an add-on's server.
            outcome: A `Verdict`.
            seconds: Until the answer was there; `None` where nothing was sent.
        """
