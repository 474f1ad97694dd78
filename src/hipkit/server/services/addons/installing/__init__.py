"""Installing, updating, configuring and removing add-ons, and what is installed.

Read next: `offers.py`, which reads what an add-on wants; `updating.py` installs or updates it.
"""
