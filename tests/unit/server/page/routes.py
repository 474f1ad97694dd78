"""The page's routes, as tests go through them."""

from __future__ import annotations

from hipkit.server.page.views import load_routes
from hipkit.server.page.visit import ViewRoute

VIEWS = load_routes()
NUMBERS = dict.fromkeys(
    (
        "room_id",
        "token_id",
        "session_id",
        "refresh_id",
        "webhook_id",
        "delivery_id",
        "user_id",
        "client_id",
    ),
    "1",
)


def path_of(route: ViewRoute) -> str:
    path = route.path
    for name, number in NUMBERS.items():
        path = path.replace(f"{{{name}}}", number)
    return path


def names(route: ViewRoute) -> str:
    return f"{route.method} {route.path}"
