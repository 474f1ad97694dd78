"""Add-ons: their modules, what they push to glances, and links to them."""
