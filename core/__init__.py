"""Utilities without business logic: time, ids, text, values, errors."""
