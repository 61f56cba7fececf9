"""Settings of the peers: as lean as Django goes, so that each is at its best."""

import os

SECRET_KEY = "of a throw-away server"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "bench.doors.peers.urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "rest_framework_api_key",
    "knox",
    "bench.doors.peers",
]
MIDDLEWARE: list[str] = []
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ.get("BENCH_DATABASE", "peers"),
        "USER": "portal",
        "HOST": os.environ.get("BENCH_SOCKET", ""),
        "CONN_MAX_AGE": None,  # a connection for each thread, for ever: measured quicker than a pool
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
}
