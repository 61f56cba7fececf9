"""What every app of the portal stands on, and what is about no business: time, ids, text, values, errors."""
