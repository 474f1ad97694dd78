"""Decides what API v1's operations do: call v2's services, and answer as v1 did."""
