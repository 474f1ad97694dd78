"""Relay mode: old programs send without being set up, into rooms that are made for them.

`policy.py` decides who may, `identity.py` as whom they act, and `operations.py` what that allows;
`rooms.py` and `people.py` make what they name first, and `disk.py` bounds what is kept of it all.
"""
