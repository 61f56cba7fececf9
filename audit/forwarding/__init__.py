"""Forwards sealed rows to webhooks and to a SIEM."""
