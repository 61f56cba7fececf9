"""Witnesses: checkpoints told to somebody who is out of reach of whoever holds the database and the data folder."""
