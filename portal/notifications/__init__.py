"""What people are told without asking, and who is told what."""
