"""The record as a whole: how it is sealed, how long it is kept, whom it is forwarded to."""
