"""The text of messages: its HTML, its mentions and links, and what is longer than a message may be.

Read next: `message_html.py`, then `long_messages.py` and `mentions_and_links.py`.
"""
