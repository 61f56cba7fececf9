"""Whether the record still says what it said when it was sealed: offline, in the database, row by row."""
