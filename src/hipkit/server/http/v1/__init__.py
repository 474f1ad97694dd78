"""Speaks API v1: its own words, over the same services as v2."""
