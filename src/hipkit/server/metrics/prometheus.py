"""Counts what a server does, and writes it with what is read of it as Prometheus expects it.

Labels have few values, all of this server or its operator: operations, kinds, outcomes, and the
names of routes. Rooms, users, addresses and whatever else callers write are no labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from hipkit.extras import install_hint
from hipkit.server.observer import Observer
from hipkit.server.services.status import RouteBacklog, ServerStatus
from hipkit.server.storage.stores.timestamps import SECOND_US
from hipkit.version import VERSION

try:
    from prometheus_client import (
        CollectorRegistry,
        Counter,
        GCCollector,
        Histogram,
        Info,
        PlatformCollector,
        ProcessCollector,
        disable_created_metrics,
    )
    from prometheus_client.exposition import choose_encoder
    from prometheus_client.metrics_core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        Metric,
    )
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"metrics need the extra metrics: {install_hint('metrics')}", name=error.name
    ) from None

__all__ = ["PrometheusObserver", "Readings"]

CALL_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5, 10)
COMMIT_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5)
DELIVERY_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

Values = Iterable[tuple[tuple[str, ...], float]]
"""Values with their labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What is read for one answer."""

    now_us: int
    is_ready: bool
    streams: int
    """How many pages receive events."""
    status: ServerStatus | None
    """`None` where the database could not be read: its metrics are missing then."""


class PrometheusObserver(Observer):
    """Counts in a registry of its own.

    Raises:
        ModuleNotFoundError: The extra `metrics` is missing, when this module is imported.
    """

    def __init__(self) -> None:
        # When each series began: it would double their number, and Prometheus does not need it.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # as published
        self._registry = registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        Info("hipkit_build", "This hipkit.", registry=registry).info(
            {"version": VERSION}
        )
        self._call_seconds = Histogram(
            "hipkit_call_duration_seconds",
            "Calls of the API, from the request's head until the answer was sent.",
            ("operation", "dialect", "status"),
            buckets=CALL_SECONDS,
            registry=registry,
        )
        self._limits = Counter(
            "hipkit_limits_exceeded",
            "Calls that exceeded a limit.",
            ("limit",),
            registry=registry,
        )
        self._commit_seconds = Histogram(
            "hipkit_commit_duration_seconds",
            "Transactions, with the commands in them.",
            ("outcome",),
            buckets=COMMIT_SECONDS,
            registry=registry,
        )
        self._commands = Counter(
            "hipkit_commands",
            "Commands, of which a transaction has one or many.",
            ("outcome",),
            registry=registry,
        )
        self._deliveries = Counter(
            "hipkit_deliveries",
            "What was sent to endpoints, or skipped.",
            ("kind", "outcome"),
            registry=registry,
        )
        self._delivery_seconds = Histogram(
            "hipkit_delivery_duration_seconds",
            "What was sent to endpoints, until the answer was there.",
            ("kind",),
            buckets=DELIVERY_SECONDS,
            registry=registry,
        )
        # To look up a series by its labels takes the library longer than to count.
        self._calls: dict[tuple[str, str, int], Callable[[float], None]] = {}
        self._commits = {
            is_kept: (
                self._commit_seconds.labels(outcome).observe,
                self._commands.labels(outcome).inc,
            )
            for is_kept, outcome in ((True, "kept"), (False, "failed"))
        }

    def call(
        self, operation_id: str, dialect: str, status: int, seconds: float
    ) -> None:
        """Count a call, and how long it took."""
        key = operation_id, dialect, status // 100
        observe = self._calls.get(key)
        if observe is None:
            found = self._call_seconds.labels(operation_id, dialect, f"{key[2]}xx")
            observe = self._calls[key] = found.observe
        observe(seconds)

    def limit(self, name: str) -> None:
        """Count a call that exceeded a limit."""
        self._limits.labels(name).inc()

    def commit(self, commands: int, seconds: float, *, is_kept: bool) -> None:
        """Count a transaction and its commands, and how long they took."""
        observe, count = self._commits[is_kept]
        observe(seconds)
        count(commands)

    def delivery(self, kind: str, outcome: str, seconds: float | None) -> None:
        """Count a delivery, and how long it took."""
        self._deliveries.labels(kind, outcome).inc()
        if seconds is not None:
            self._delivery_seconds.labels(kind).observe(seconds)

    def expose(self, readings: Readings, accept: str) -> tuple[bytes, str]:
        """Return all metrics, and their media type.

        Args:
            readings: What is read of the server.
            accept: The request's header `Accept`: Prometheus asks for one of two formats.
        """
        encode, media_type = choose_encoder(accept)
        return encode(_Exposed(self._registry, readings)), media_type


@dataclass(frozen=True, slots=True)
class _Exposed:
    """What is counted, and then what is read."""

    registry: CollectorRegistry
    readings: Readings

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        yield from self.registry.collect()
        readings = self.readings
        yield READY.family([((), readings.is_ready)])
        yield STREAMS.family([((), readings.streams)])
        if readings.status is not None:
            for metric, read in STORED:
                yield metric.family(read(readings.status, readings.now_us))


@dataclass(frozen=True, slots=True)
class _Read:
    """A metric that is read and not counted.

    Attributes:
        kind: The class of its family.
    """

    kind: type[CounterMetricFamily | GaugeMetricFamily]
    name: str
    documentation: str
    labels: tuple[str, ...] = ()

    def family(self, values: Values) -> Metric:
        """Return the metric with its values."""
        family = self.kind(self.name, self.documentation, labels=self.labels)
        for labels, value in values:
            family.add_metric(labels, float(value))
        return family


gauge = partial(_Read, GaugeMetricFamily)

READY = gauge("hipkit_ready", "Whether the server can do its work, as /ready has it.")
STREAMS = gauge("hipkit_event_streams", "Open pages that receive what is new.")


def _age(since_us: int | None, now_us: int) -> float:
    """Return how long ago something happened, in seconds; 0 for nothing."""
    return 0.0 if since_us is None else max(0, now_us - since_us) / SECOND_US


def _per_route(
    value: Callable[[RouteBacklog, int], float],
) -> Callable[[ServerStatus, int], Values]:
    """Return a function that reads a value of each route."""
    return lambda status, now_us: [
        ((route.record.name,), value(route, now_us))
        for route in status.routes
        if route.record.name
    ]


def _outcomes(status: ServerStatus, now_us: int) -> Values:
    return [
        ((route.record.name, outcome), getattr(route.record, outcome))
        for route in status.routes
        if route.record.name
        for outcome in ("delivered", "refused", "set_aside", "summarised", "dropped")
    ]


def _webhooks(status: ServerStatus, now_us: int) -> Values:
    webhooks = status.webhooks
    working = webhooks.count - webhooks.failing - webhooks.paused
    return [
        (("working",), working),
        (("failing",), webhooks.failing),
        (("paused",), webhooks.paused),
    ]


STORED: tuple[tuple[_Read, Callable[[ServerStatus, int], Values]], ...] = (
    (
        gauge(
            "hipkit_relay_waiting", "Messages behind a route's position.", ("route",)
        ),
        _per_route(lambda route, now_us: route.waiting.count),
    ),
    (
        gauge(
            "hipkit_relay_oldest_waiting_seconds",
            "Age of the oldest message behind a route's position.",
            ("route",),
        ),
        _per_route(lambda route, now_us: _age(route.waiting.oldest_us, now_us)),
    ),
    (
        gauge(
            "hipkit_relay_paused",
            "Whether an administrator paused a route.",
            ("route",),
        ),
        _per_route(lambda route, now_us: route.record.held_us is not None),
    ),
    (
        gauge(
            "hipkit_relay_failing",
            "Whether a route's target failed the last time.",
            ("route",),
        ),
        _per_route(
            lambda route, now_us: bool(
                route.record.tries or route.record.paused_us is not None
            )
        ),
    ),
    (
        _Read(
            CounterMetricFamily,
            "hipkit_relay_messages",
            "Messages by what became of them.",
            ("route", "outcome"),
        ),
        _outcomes,
    ),
    (
        _Read(
            CounterMetricFamily,
            "hipkit_relay_unrouted",
            "Messages that no route took.",
        ),
        lambda status, now_us: [
            ((), route.record.delivered)
            for route in status.routes
            if not route.record.name
        ],
    ),
    (gauge("hipkit_webhooks", "Webhooks by their state.", ("state",)), _webhooks),
    (
        gauge("hipkit_webhooks_behind", "Webhooks for which something waits."),
        lambda status, now_us: [((), status.webhooks.behind)],
    ),
    (
        gauge(
            "hipkit_webhooks_oldest_waiting_seconds",
            "Age of the oldest event that waits for a webhook that is not paused.",
        ),
        lambda status, now_us: [((), _age(status.webhooks.oldest_us, now_us))],
    ),
    (
        gauge("hipkit_database_bytes", "What the tables take."),
        lambda status, now_us: [((), status.database_bytes)],
    ),
    (
        gauge("hipkit_files_bytes", "What shared files and pictures take."),
        lambda status, now_us: [((), status.file_bytes)],
    ),
)
"""What the database tells."""
