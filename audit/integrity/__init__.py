"""What proves the audit log: seals, checkpoints, checks, witnesses."""
