"""A portal with a past, for `make demo`."""
