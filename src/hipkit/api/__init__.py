"""The foundation of generated code: operations, models and errors.

`bodies/` reads and writes JSON and files, `messages/` the text of messages.
Nothing here uses sockets, clocks, randomness or the environment.
"""
