"""The pages of apps and agents."""
