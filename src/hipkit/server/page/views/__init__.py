"""Answers the page's addresses, a module for each subject."""
