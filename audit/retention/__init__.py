"""How long rows are kept, how they go, and what keeps them as they were written."""
