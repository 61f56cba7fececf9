"""Every row of the record gets its place, its hash and a signed checkpoint; and what is sealed is read by place."""
