"""What the server hands out as it is."""
