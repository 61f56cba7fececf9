"""Witnesses: systems outside the portal that hold its checkpoints."""
