"""What editors and type checkers see of `hipkit.addon`; read by mypy and pyright, never run."""

from __future__ import annotations

from typing import assert_type

from hipkit import AsyncHipChat, HipChat
from hipkit.addon import (
    AddOn,
    Card,
    Expression,
    Failure,
    Html,
    Installation,
    Message,
    Notification,
    RoomEnter,
    RoomEvent,
    RoomNotification,
    TopicChange,
    User,
    ViewRequest,
    ViewResponse,
    button,
    glance_content,
    glance_matches,
    room_is_public,
    user_is_guest,
)
from hipkit.v2.models import AddonDescriptor, GlanceContent

addon = AddOn(key="com.example.karma", name="Karma", scopes=["send_notification"])


@addon.on_message(r"^/karma (?P<name>@\w+)")
async def karma(message: Message, name: str) -> str:
    return f"{name} has one more"


@addon.on_message
def plain(message: Message) -> None: ...


@addon.command("/give")
def give(message: Message, who: User, points: int = 1) -> Html | Card | None:
    return None


@addon.on_enter
async def entered(event: RoomEnter, client: AsyncHipChat) -> Notification:
    return Notification("hello", color="green")


@addon.on_topic_change(key="topic")
def changed(event: TopicChange) -> str:
    return event.topic


def anything(event: RoomEvent) -> str | None:
    return event.sender.name


addon.on_notification(anything)
addon.on_exit(anything)


@addon.action("thank", name="Thank", location="message")
@addon.dialog("thank.dialog", title="Thank", secondary_actions=[button("No", key="no")])
async def thank(request: ViewRequest) -> Html:
    return Html.format("<p>{user}", user=request.user_id)


@addon.glance("karma", name="Karma", target=thank)
def glance(request: ViewRequest) -> GlanceContent:
    return glance_content("3", lozenge="new", lozenge_type="success")


@addon.web_panel("panel", name="Karma", conditions=room_is_public & ~user_is_guest)
def panel(request: ViewRequest, installation: Installation) -> ViewResponse:
    return ViewResponse.json({"room": request.room_id})


@addon.configuration
async def configuration(request: ViewRequest) -> Html | ViewResponse:
    return Html("")


@addon.on_install
async def installed(installation: Installation, client: AsyncHipChat) -> None: ...


@addon.on_error
async def failed(failure: Failure) -> str:
    return "Something went wrong"


async def decorated_functions_keep_their_types(
    message: Message, client: HipChat, async_client: AsyncHipChat
) -> None:
    assert_type(await karma(message, name="@bob"), str)
    assert_type(plain(message), None)
    assert_type(addon.descriptor("https://a.example"), AddonDescriptor)
    assert_type(room_is_public | glance_matches("open", gt=0), Expression)
    assert_type(addon.push_glance(client, "karma", "3", room=1), None)
    assert_type(await addon.push_glance(async_client, "karma", "3"), None)
    await karma(message, nick="@bob")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert_type(addon.external_page("docs", url="https://docs.example.com"), None)


async def mistakes(async_client: AsyncHipChat) -> None:
    AddOn(key="a", name="A", scopes=["send_notifications"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    Notification("x", color="pink")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    addon.action("a", name="A", location="top", target="b")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    addon.push_glance(async_client, "karma", "3")  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
    addon.dialog("d", title="D", size="huge")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    room_is_public & True  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnusedExpression]

    @addon.on_message("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    def of_another_event(event: RoomNotification) -> None: ...

    @addon.on_enter  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    def of_another_event_too(event: Message) -> None: ...

    @addon.on_message("x")  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    def no_reply(message: Message) -> int:
        return 1

    @addon.command("/x")  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    async def no_async_reply(message: Message) -> list[str]:
        return []

    @addon.web_panel("p", name="P")  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    def no_page(request: ViewRequest) -> str:
        return "<p>"

    @addon.glance("g", name="G")  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    def no_content(request: ViewRequest) -> int:
        return 3

    @addon.on_install  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    def no_installation(message: Message) -> None: ...

    @addon.on_message("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    def nothing() -> None: ...
