"""Admission: whether a call made with a key may pass, and the record of it."""
