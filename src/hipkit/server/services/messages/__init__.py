"""Decides about what is said: posting, histories, search, private chats and emoticons."""
