"""The record taken out: whole or in part, in three shapes, at once or bit by bit."""
