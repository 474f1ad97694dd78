"""An observer that keeps what it is told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hipkit.server.observer import Observer


@dataclass
class NotingObserver(Observer):
    """Counts, without the seconds, which it checks."""

    calls: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    limits: Counter[str] = field(default_factory=Counter)
    commits: list[tuple[int, bool]] = field(default_factory=list)
    deliveries: Counter[tuple[str, str]] = field(default_factory=Counter)

    def call(
        self, operation_id: str, dialect: str, status: int, seconds: float
    ) -> None:
        assert seconds > 0
        self.calls[operation_id, dialect, status] += 1

    def limit(self, name: str) -> None:
        self.limits[name] += 1

    def commit(self, commands: int, seconds: float, *, is_kept: bool) -> None:
        assert seconds > 0
        self.commits.append((commands, is_kept))

    def delivery(self, kind: str, outcome: str, seconds: float | None) -> None:
        assert seconds is None or seconds >= 0
        self.deliveries[kind, outcome] += 1
