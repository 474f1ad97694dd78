"""The default transport's pools: who gets a place, who waits, and what is closed."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from hipkit.transports.httpcore2 import HttpcoreTransport
from hipkit.transports.httpcore2_pools import Shard, ShardedPool
from hipkit.transports.settings import Proxy

SERVER = "chat.example.com", 80
HANGS_SECONDS = 30.0


class Pool:
    """Stands for httpcore2's: opens nothing, and keeps what it was made with."""

    def __init__(self, *, max_connections: int, **_: object) -> None:
        self.max_connections = max_connections


def sharded(
    connections: int, *, proxy: Proxy | None = None, scheme: str = "http", **more: Any
) -> ShardedPool[Pool]:
    settings = HttpcoreTransport(max_connections=connections, **more)._settings
    return ShardedPool(settings, (scheme, proxy), Pool, lambda _is_secure: object())


def acquire(pool: ShardedPool[Pool], server: object = SERVER) -> Shard[Pool]:
    shard = pool.acquire(server)
    assert isinstance(shard, Shard)
    return shard


def wait(pool: ShardedPool[Pool]) -> Future[Shard[Pool]]:
    turn = pool.acquire(SERVER)
    assert isinstance(turn, Future)
    assert not turn.done()
    return turn


@pytest.mark.parametrize(
    ("connections", "sizes"),
    [(0, []), (1, [1]), (10, [10]), (25, [10, 10, 5]), (100, [10] * 10)],
)
def test_the_pools_have_together_as_many_connections_as_allowed(
    connections: int, sizes: list[int]
) -> None:
    pool = sharded(connections)
    assert [each.max_connections for each in pool] == sizes
    taken = [acquire(pool).pool for _ in range(connections)]
    assert sorted(Counter(taken).values(), reverse=True) == sizes
    wait(pool)


def test_a_call_goes_to_the_first_pool_with_a_free_place() -> None:
    pool = sharded(30)
    calls = [acquire(pool) for _ in range(21)]
    first, second, third = calls[0], calls[10], calls[20]
    assert len({first, second, third}) == 3
    for shard in (third, second, first):
        pool.release(shard, has_connected=True)
    assert [acquire(pool), acquire(pool), acquire(pool)] == [first, second, third]


def test_a_server_has_its_first_pool_for_itself_where_there_is_room() -> None:
    pool = sharded(100)
    firsts = {(name, 80): acquire(pool, (name, 80)) for name in map(str, range(50))}
    assert len(set(firsts.values())) > 1
    for shard in firsts.values():
        pool.release(shard, has_connected=True)
    assert {server: acquire(pool, server) for server in firsts} == firsts


def test_calls_that_wait_get_a_place_in_the_order_they_came() -> None:
    pool = sharded(1)
    shard = acquire(pool)
    turns = [wait(pool) for _ in range(3)]
    for number in range(3):
        pool.release(shard, has_connected=True)
        assert [turn.done() for turn in turns] == [at <= number for at in range(3)]
        assert turns[number].result() is shard
    pool.release(shard, has_connected=True)
    assert acquire(pool) is shard


def test_a_new_call_does_not_overtake_one_that_waits() -> None:
    pool = sharded(1)
    shard = acquire(pool)
    turn = wait(pool)
    pool.release(shard, has_connected=True)
    later = wait(pool)
    assert turn.done()
    assert not later.done()


def test_a_call_that_gives_up_leaves_its_turn_to_the_next() -> None:
    pool = sharded(1)
    shard = acquire(pool)
    patient, impatient, last = wait(pool), wait(pool), wait(pool)
    pool.abandon(impatient)
    pool.release(shard, has_connected=True)
    pool.release(patient.result(), has_connected=True)
    assert last.result() is shard


def test_a_place_given_to_a_call_that_gives_up_at_that_moment_is_not_lost() -> None:
    pool = sharded(1)
    shard = acquire(pool)
    turn = wait(pool)
    pool.release(shard, has_connected=True)
    pool.abandon(turn)
    assert acquire(pool) is shard


def test_a_pool_without_a_call_for_too_long_is_closed_and_replaced() -> None:
    pool = sharded(30, keepalive_seconds=0)
    busy, *_, idle = [acquire(pool) for _ in range(11)]
    old = idle.pool
    assert pool.release(idle, has_connected=True) == []
    assert pool.release(busy, has_connected=True) == [old]
    assert idle.pool is not old
    assert pool.release(acquire(pool), has_connected=True) == []


def test_the_pool_of_a_tunnel_that_failed_is_closed_alone() -> None:
    proxy = Proxy("http", "proxy.example.com", 3128)
    pool = sharded(3, proxy=proxy, scheme="https", verify=False)
    assert [each.max_connections for each in pool] == [1, 1, 1]
    failed, works = acquire(pool), acquire(pool)
    old = failed.pool
    assert pool.release(failed, has_connected=False) == [old]
    assert pool.release(works, has_connected=True) == []
    assert old not in list(pool)


def test_a_failed_connection_without_a_tunnel_leaves_the_others_of_its_pool() -> None:
    pool = sharded(10)
    assert pool.release(acquire(pool), has_connected=False) == []


def test_many_threads_share_the_places_and_all_get_one() -> None:
    pool = sharded(3)
    lock = threading.Lock()
    now, most = 0, 0

    def call(_: int) -> None:
        nonlocal now, most
        found = pool.acquire(SERVER)
        shard = found if isinstance(found, Shard) else found.result(HANGS_SECONDS)
        with lock:
            now += 1
            most = max(most, now)
        with lock:
            now -= 1
        pool.release(shard, has_connected=True)

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(call, range(2_000)))
    assert (now, most <= 3) == (0, True)
    assert [acquire(pool) for _ in range(3)]
