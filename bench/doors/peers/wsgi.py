"""What granian serves of the peers."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.doors.peers.settings"
application = get_wsgi_application()
