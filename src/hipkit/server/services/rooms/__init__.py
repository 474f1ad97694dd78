"""Decides about rooms: settings, members, participants and guests."""
