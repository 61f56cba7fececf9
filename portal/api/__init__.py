"""The JSON faces: the maps of both APIs, and what is done around each call."""
