"""The way in: passwords, second factors, sessions, and proving it again."""
