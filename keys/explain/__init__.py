"""Explains a denied request: what each check requires, why it failed, and how to fix it."""
