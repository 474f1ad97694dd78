"""Webhooks: who set them, what waits for them, and what became of it."""
