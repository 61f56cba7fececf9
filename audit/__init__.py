"""The audit log: actors, actions, events, and everything that stores, proves, searches and exports them."""
