"""Members: how people come, change roles and go."""
