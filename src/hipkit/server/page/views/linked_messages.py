"""One message at its signed link, for readers elsewhere, who have no account here."""

from __future__ import annotations

from markupsafe import Markup

from hipkit.api.errors import NotFoundError
from hipkit.server.http.files import key_answer
from hipkit.server.http.responses import Answer, header
from hipkit.server.page.rendering import Renderer
from hipkit.server.page.views.conversations import allow_pictures
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.services.messages.signed_links import find_linked_message

__all__ = ["VIEWS"]

UNSEEN = (
    # The address is all that is needed to read the message: no other server shall get it.
    header("Referrer-Policy", "no-referrer"),
    header("X-Robots-Tag", "noindex, nofollow, noarchive"),
)


async def show_message(visit: Visit) -> Answer:
    """Show a message, and nothing that was said before or after it."""
    context = visit.context
    group_id, message = await find_linked_message(context, *_link(visit))
    outside = context.runtime.settings.outside_pictures
    renderer = Renderer(visit.environment, outside_pictures=outside)
    (shown,) = await renderer.render_all(
        context.stores,
        group_id,
        [message],
        # What it replies to is another message.
        oldest_us=message.sent_us,
        file_path=f"{visit.path}/file",
    )
    # Not as whoever is signed in: without a referrer their forms would not say where they are from.
    visit.session = None
    answer = visit.part("linked_message.html", message=Markup(shown))  # noqa: S704 - rendered with escaping
    return _unseen(allow_pictures(visit, answer))


async def send_file(visit: Visit) -> Answer:
    """Send the file of a message."""
    _, message = await find_linked_message(visit.context, *_link(visit))
    if message.file_key is None:
        raise NotFoundError("This message has no file")
    answer = await key_answer(
        visit.context.runtime, message.file_key, is_temporary=True
    )
    return _unseen(answer)


def _link(visit: Visit) -> tuple[str, str]:
    return visit.arguments["id"], visit.arguments["seal"]


def _unseen(answer: Answer) -> Answer:
    answer.headers += UNSEEN
    return answer


VIEWS = [
    ViewRoute("/m/{id}/{seal}", show_message, is_public=True),
    ViewRoute("/m/{id}/{seal}/file", send_file, is_public=True),
]
