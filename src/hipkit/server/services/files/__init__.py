"""Decides about bytes: uploads, shared files, pictures, their addresses, and what is swept."""
