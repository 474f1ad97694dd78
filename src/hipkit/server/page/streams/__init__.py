"""What open pages receive over their one connection.

Read `stream.py` first: a reader's events, and what ends them. `feed.py` fills streams with new
messages, `updates.py` with everything else.
"""
