"""The foundation of generated code: operations, models, errors and the reading of JSON.

Nothing here uses sockets, clocks, randomness or the environment.
"""
