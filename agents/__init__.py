"""The two identities a key can speak for: apps and agents."""
