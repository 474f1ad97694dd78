"""What happened: an event log, and subscriptions that deliver it.

`log.py` publishes events, `subscriptions.py` decides what each subscription gets next and stores
the outcomes, and `sender.py` runs the deliveries. `kinds.py` is the protocol for what is special
to one kind of subscription; webhooks implement it in `services/webhooks/kind.py`.
"""
