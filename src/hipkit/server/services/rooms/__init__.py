"""Decides about rooms: who creates, changes and deletes them, who belongs to them, who enters.

`rooms.py` handles the API's operations on rooms, `members.py` those on members and participants.
`changes.py` has what both the API and the operator do, and `guests.py` the room of a guest address.
"""
