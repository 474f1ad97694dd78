"""Holds what calls share: limits, recent calls and signals. In memory, for one process."""
