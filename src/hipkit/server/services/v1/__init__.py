"""What API v1 needs beyond what it shares with v2."""
