"""The integrity of the audit log: seals, checkpoints, checks, witnesses."""
