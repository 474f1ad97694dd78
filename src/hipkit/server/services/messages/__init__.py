"""Decides about messages: who may post and read them where, what they mention, who finds them."""
