"""Tests, laid out like what they test: `a/b.py` is tested by `tests/a/test_b.py`."""
