"""Calls that arrive together share one transaction."""
