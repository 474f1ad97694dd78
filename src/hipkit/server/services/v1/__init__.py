"""Decides what API v1's operations do: v2's services, represented as v1 did."""
