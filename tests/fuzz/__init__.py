"""Requests that nobody would send, at every address as everyone: no answer is a 5xx."""
