"""Decides about files: which are accepted, who may download them, when they are removed."""
