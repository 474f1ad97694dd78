"""Decides about files: which are accepted and kept, who may download them, which are orphans."""
