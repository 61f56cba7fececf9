"""Retention and erasure: how long rows are kept, and how they are removed."""
