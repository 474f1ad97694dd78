"""The parts that show a server's conversations: a renderer, and the feeds of new messages.

Read next: `views/conversations.py`, which answers with them.
"""

from __future__ import annotations

import jinja2

from hipkit.server.app import Server
from hipkit.server.page.feed import Feeds
from hipkit.server.page.rendering import Renderer

__all__ = ["Chat"]


class Chat:
    """Renders and follows the conversations of one server."""

    def __init__(self, server: Server, environment: jinja2.Environment) -> None:
        self.outside_pictures = server.settings.outside_pictures
        self.renderer = Renderer(environment, outside_pictures=self.outside_pictures)
        self.feeds = Feeds(server.database, server.runtime.signals, self.renderer)
        server.before_stop.append(self.feeds.close)
