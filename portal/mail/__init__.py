"""E-mail: what is to go out waits in a table and leaves by the timed work, never in a request."""
