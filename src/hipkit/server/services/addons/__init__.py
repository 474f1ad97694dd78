"""Add-ons: installing them, and their modules on the page.

The page and `hipkit admin addon` take the same steps: `installing/offers.py` reads what an add-on
wants, someone agrees to it, and `installing/updating.py` installs or updates it.
"""
