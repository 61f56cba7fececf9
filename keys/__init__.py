"""API keys: their life, the verdict on a call made with one, and the door that gives it."""
