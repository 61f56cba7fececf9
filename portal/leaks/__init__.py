"""Leaks: who may report one, what is done about it, and rules for scanners."""
