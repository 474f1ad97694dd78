"""Who is measured: one module a library, so that a process loads only what its contestant uses.

Each function opens a client and gives what makes one call: `Opening`, or `AsyncOpening` on asyncio.
The bare ones are given a request that is ready to go, header for header the one that hipkit sends,
and hipkit's time-outs and number of connections.
"""
