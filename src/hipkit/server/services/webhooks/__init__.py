"""Webhooks: who creates, owns and manages them, what receivers get, and their answers."""
