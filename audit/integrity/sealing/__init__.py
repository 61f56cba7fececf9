"""Sealing: each row gets a sequence number, a hash and a signed checkpoint."""
