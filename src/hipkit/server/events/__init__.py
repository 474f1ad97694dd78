"""Delivers webhooks: takes events out of the outbox and posts them, each route in its order.

Read `protocol.py` first: what the sender asks of an outbox, and of whatever posts for it.
Then `sender.py`, and `services/webhooks/outbox.py` for the outbox in the database.
"""
