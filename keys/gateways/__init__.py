"""Gateways that ask the door for their callers: each proves itself by a secret, and is then believed in one thing."""
