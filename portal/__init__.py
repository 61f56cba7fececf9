"""People, the way in, and the look. The only app that imports all the others."""
