"""Routes: which messages each gets, and how they get to its target.

Each route is a subscription of the server's event log, of the kind `route`. `route.py` is what the
file says of one, and which routes take a message (pure).

Read next: `kind.py`.
"""
