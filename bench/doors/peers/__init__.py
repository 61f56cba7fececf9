"""A Django project of what people would put in the door's place: two libraries, and two views without one."""
