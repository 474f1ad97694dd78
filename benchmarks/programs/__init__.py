"""Programs that are measured from their start to their end, each in a process of its own."""
