"""Access tokens: what lets a program do what a person may, or a part of it."""
