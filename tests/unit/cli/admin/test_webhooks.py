"""`hipkit admin webhook`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hipkit.server.app import open_server
from hipkit.server.settings import Settings
from hipkit.server.storage.stores.subscriptions import SubscriptionState
from hipkit.server.storage.stores.webhooks import NewWebhook
from tests.unit.cli.admin.conftest import Admin, Run


def add_paused_webhook(database: Path) -> int:
    async def add() -> int:
        server = await open_server(Settings(database=database, durable=False))
        try:
            webhook = NewWebhook(
                group_id=1,
                room_id=None,
                client_id=None,
                user_id=1,
                key="k",
                name="Deploy",
                url="https://a.example/hook?token=secret",
                event="room_message",
                pattern=None,
                authentication="none",
            )
            number = await server.database.write(
                lambda stores: stores.webhooks.add(webhook, position=0, now_us=1)
            )
            state = SubscriptionState(
                position=0, next_try_us=1 << 60, paused_us=1, problem="no connection"
            )
            await server.database.write(
                lambda stores: stores.subscriptions.set_state(number, state)
            )
            return number
        finally:
            server.close()

    return asyncio.run(add())


def test_the_list_shows_the_state_without_query_strings(
    run_json: Admin, database: Path
) -> None:
    number = add_paused_webhook(database)

    assert run_json("webhook", "list") == [
        {
            "id": number,
            "room": None,
            "event": "room_message",
            "url": "https://a.example/hook?…",
            "maker": "Administrator",
            "state": "paused",
            "waiting": 0,
            "problem": "no connection",
        }
    ]


def test_webhooks_are_resumed_and_deleted(run_json: Admin, database: Path) -> None:
    number = str(add_paused_webhook(database))

    assert run_json("webhook", "resume", number) == {"id": 1, "resumed": True}
    assert run_json("webhook", "delete", number) == {"id": 1, "deleted": True}

    assert run_json("webhook", "list") == []


def test_a_webhook_that_does_not_exist_is_an_error(run: Run) -> None:
    for command in ("resume", "delete"):
        assert "Webhook 7 not found" in run("webhook", command, "7").err
