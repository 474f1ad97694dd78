"""The relay's section of the server's page: its routes, what waits, and what became of messages.

The server finds here what it adds to its page, by the package's name; it imports no relay.
"""

from hipkit.relay.page.views import VIEWS

__all__ = ["ADDRESS", "NAME", "VIEWS"]

NAME = "Relay"
"""In the menu."""
ADDRESS = "/relay"
