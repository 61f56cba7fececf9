"""Who asked for what, whether they may, and the record of it. Imports nothing else of ours."""
