"""What is counted and read, as Prometheus's own parser reads it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_open_metrics,
)
from prometheus_client.parser import text_string_to_metric_families

from hipkit.server.metrics.prometheus import PrometheusObserver, Readings
from hipkit.server.services.status import RouteBacklog, ServerStatus
from hipkit.server.storage.stores.routes import RouteRecord, WaitingRecord
from hipkit.server.storage.stores.subscriptions import SubscriptionSummary
from hipkit.version import VERSION

NOW_US = 1_700_000_000_000_000

ROUTE = RouteRecord(
    group_id=1,
    room_id=None,
    event="posted",
    id=1,
    kind="route",
    host="h",
    position=0,
    name="ops",
    target="slack",
    created_us=1,
    held_us=None,
    removed_us=None,
    recovered_us=None,
    delivered=5,
    refused=4,
    set_aside=3,
    summarised=2,
    dropped=1,
    last_us=None,
    last_status=None,
    last_problem=None,
)


def route(count: int, oldest_us: int | None, **members: Any) -> RouteBacklog:
    return RouteBacklog(
        record=msgspec.structs.replace(ROUTE, **members),
        waiting=WaitingRecord(count, oldest_us),
    )


STATUS = ServerStatus(
    routes=[
        route(7, NOW_US - 90_000_000),
        route(0, None, name="red", held_us=1),
        route(0, NOW_US + 1, name="late", tries=1),
        route(0, None, name="stopped", paused_us=1),
        route(9, 1, name="", delivered=8),
    ],
    webhooks=SubscriptionSummary(
        count=6, paused=2, failing=1, behind=3, oldest_us=NOW_US - 500_000
    ),
    database_bytes=1000,
    file_bytes=2000,
)
READINGS = Readings(now_us=NOW_US, is_ready=True, streams=4, status=STATUS)


def samples(
    observer: PrometheusObserver, readings: Readings = READINGS
) -> dict[str, dict[tuple[str, ...], float]]:
    """Return the values of every sample by the values of its labels."""
    body, media_type = observer.expose(readings, "")
    assert media_type.startswith("text/plain")
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            labels = tuple(sample.labels[name] for name in sorted(sample.labels))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def test_calls_are_counted_by_operation_dialect_and_class_of_status() -> None:
    observer = PrometheusObserver()
    observer.call("get_room", "v2", 200, 0.002)
    observer.call("get_room", "v2", 204, 0.02)
    observer.call("get_room", "v2", 404, 0.2)
    observer.call("rooms_show", "v1", 200, 20.0)

    found = samples(observer)
    assert found["hipkit_call_duration_seconds_count"] == {
        ("v2", "get_room", "2xx"): 2,
        ("v2", "get_room", "4xx"): 1,
        ("v1", "rooms_show", "2xx"): 1,
    }
    assert found["hipkit_call_duration_seconds_sum"][
        "v2", "get_room", "2xx"
    ] == pytest.approx(0.022)
    buckets = found["hipkit_call_duration_seconds_bucket"]
    assert buckets["v2", "0.0025", "get_room", "2xx"] == 1
    assert buckets["v2", "0.025", "get_room", "2xx"] == 2
    assert buckets["v1", "10.0", "rooms_show", "2xx"] == 0
    assert buckets["v1", "+Inf", "rooms_show", "2xx"] == 1


def test_limits_commits_and_deliveries_are_counted() -> None:
    observer = PrometheusObserver()
    observer.limit("messages")
    observer.limit("messages")
    observer.commit(3, 0.001, is_kept=True)
    observer.commit(1, 0.001, is_kept=True)
    observer.commit(5, 0.001, is_kept=False)
    observer.delivery("webhook", "delivered", 0.1)
    observer.delivery("webhook", "skipped", None)
    observer.delivery("addon", "waiting", 0.1)

    found = samples(observer)
    assert found["hipkit_limits_exceeded_total"] == {("messages",): 2}
    assert found["hipkit_commands_total"] == {("kept",): 4, ("failed",): 5}
    assert found["hipkit_commit_duration_seconds_count"] == {
        ("kept",): 2,
        ("failed",): 1,
    }
    assert found["hipkit_deliveries_total"] == {
        ("webhook", "delivered"): 1,
        ("webhook", "skipped"): 1,
        ("addon", "waiting"): 1,
    }
    assert found["hipkit_delivery_duration_seconds_count"] == {
        ("webhook",): 1,
        ("addon",): 1,
    }


def test_what_is_read_is_shown_by_route_and_altogether() -> None:
    found = samples(PrometheusObserver())

    def of_routes(name: str) -> dict[str, float]:
        return {labels[0]: value for labels, value in found[name].items()}

    others = dict.fromkeys(["red", "late", "stopped"], 0.0)
    assert of_routes("hipkit_relay_waiting") == {"ops": 7, **others}
    assert of_routes("hipkit_relay_oldest_waiting_seconds") == {"ops": 90, **others}
    assert of_routes("hipkit_relay_paused") == {"ops": 0, **others, "red": 1}
    assert of_routes("hipkit_relay_failing") == {
        "ops": 0,
        "red": 0,
        "late": 1,
        "stopped": 1,
    }
    messages = found["hipkit_relay_messages_total"]
    assert {key[0]: value for key, value in messages.items() if key[1] == "ops"} == {
        "delivered": 5,
        "refused": 4,
        "set_aside": 3,
        "summarised": 2,
        "dropped": 1,
    }
    assert found["hipkit_relay_unrouted_total"] == {(): 8}
    assert found["hipkit_webhooks"] == {
        ("working",): 3,
        ("failing",): 1,
        ("paused",): 2,
    }
    assert found["hipkit_webhooks_behind"] == {(): 3}
    assert found["hipkit_webhooks_oldest_waiting_seconds"] == {(): 0.5}
    assert found["hipkit_database_bytes"] == {(): 1000}
    assert found["hipkit_files_bytes"] == {(): 2000}
    assert found["hipkit_event_streams"] == {(): 4}
    assert found["hipkit_ready"] == {(): 1}
    assert found["hipkit_build_info"] == {(VERSION,): 1}


def test_without_a_database_the_rest_is_shown() -> None:
    readings = Readings(now_us=NOW_US, is_ready=False, streams=0, status=None)
    found = samples(PrometheusObserver(), readings)

    assert found["hipkit_ready"] == {(): 0}
    assert "hipkit_commands_total" in found
    assert not [name for name in found if name.startswith("hipkit_relay")]
    assert "hipkit_database_bytes" not in found


def test_a_request_may_ask_for_open_metrics() -> None:
    observer = PrometheusObserver()
    observer.call("get_room", "v2", 200, 0.002)
    body, media_type = observer.expose(
        READINGS, "application/openmetrics-text; version=1.0.0, text/plain; q=0.5"
    )

    assert media_type.startswith("application/openmetrics-text")
    parsed = parse_open_metrics(body.decode())  # type: ignore[no-untyped-call]  # as published
    families = {family.name: family for family in parsed}
    assert families["hipkit_call_duration_seconds"].type == "histogram"
    assert families["hipkit_relay_messages"].type == "counter"


def test_servers_of_one_process_count_apart() -> None:
    one, other = PrometheusObserver(), PrometheusObserver()
    one.limit("messages")

    assert "hipkit_limits_exceeded_total" not in samples(other)
