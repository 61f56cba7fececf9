"""The record as people look at it: searched, drawn, explained, followed."""
