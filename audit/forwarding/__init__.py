"""The record sent on as it is sealed: to webhooks and to a SIEM."""
