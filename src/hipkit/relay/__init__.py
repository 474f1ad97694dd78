"""The relay: what old programs send to hipkit's server arrives in today's chats.

A message travels one way: an event of the server's log becomes a `RelayMessage` (`message.py`,
`reading.py`), the target of each matching route renders it (`targets/`, with `markup/`), and the
route's subscription sends it (`routes/`, `sending/`). What is before that is pure. `config/` reads
the file with the routes, and `page/` shows them.

Read next: `message.py`.
"""
