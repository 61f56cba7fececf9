"""The support desk: finds a lost key, ends it, and says what came of it."""
