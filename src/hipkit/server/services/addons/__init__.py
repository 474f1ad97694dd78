"""Add-ons: installing, updating and removing them, and their modules, glances and links.

The page and `hipkit admin addon` take the same steps: `offers.py` reads what an add-on wants,
someone agrees to it, and `updating.py` installs or updates it.
"""
