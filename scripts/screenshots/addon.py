"""The add-on of the pictures, as far as its descriptor: made with the kit."""

from __future__ import annotations

from hipkit.addon import AddOn, Message, ViewRequest

__all__ = ["ADDON_HOST", "descriptor"]

ADDON_HOST = "karma.example.com"

karma = AddOn(
    key="com.example.karma",
    name="Karma",
    description="Counts what people thank each other for.",
    scopes=["send_notification", "view_room"],
    vendor=("Example", "https://example.com"),
)


@karma.on_message(r"^/karma (?P<name>@\w+)")
def count(message: Message, name: str) -> str:
    """Give somebody a point."""
    return f"{name} has one more"


@karma.glance("points", name="Karma")
def points(request: ViewRequest) -> str:
    """Show how many points a room has."""
    return "12 points"


def descriptor() -> dict[str, object]:
    """Return the add-on's descriptor."""
    return karma.descriptor(f"https://{ADDON_HOST}").to_dict()
