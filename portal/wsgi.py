"""Django as a WSGI application, with its settings. The front (portal/server/) calls it, in threads, with clean facts.

It is not meant for a WSGI server: such a server merges the names of headers and drops values, and what is decided here
rests on both (docs/decisions/0034).
"""

import os

from django.core.wsgi import get_wsgi_application

from portal.config.startup_errors import in_a_sentence

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
with in_a_sentence():
    django = application = get_wsgi_application()
