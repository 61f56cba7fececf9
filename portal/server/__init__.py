"""The web server: an event loop that answers /verify itself and hands everything else to Django, in threads."""
