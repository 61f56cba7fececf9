"""Every setting, read from the environment (.env.example lists them). A wrong one stops the start with a sentence."""

import os
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portal.config import (
    data_folder,
    database,
    dotenv,
    forwarding_settings,
    hosts,
    identity_provider,
    listen,
    mail,
    witnesses,
)
from portal.config.env import Env

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()
TESTING = bool(os.environ.get("PORTAL_TEST"))
try:
    IN_FILE = {} if TESTING else dotenv.read(BASE_DIR / ".env")
except dotenv.WrongLine as wrong_line:
    raise ImproperlyConfigured(str(wrong_line)) from None
for _name, _value in IN_FILE.items():
    os.environ.setdefault(_name, _value)

# ── what the operator says ──────────────────────────────────────────────────────────────────────────

DEBUG = False
DATA_DIR = data_folder.prepare(
    data_folder.path("PORTAL_DATA", env.str("PORTAL_DATA", default="var"), BASE_DIR)
)
SECRET_KEY = data_folder.secret_key(DATA_DIR, env.str("PORTAL_SECRET_KEY", default=""))
PEPPERS = data_folder.peppers(DATA_DIR, env.lines("PORTAL_PEPPERS"))
MAC_KEYS = data_folder.mac_keys(DATA_DIR, env.lines("PORTAL_MAC_KEYS"))
SEAL_KEY = data_folder.seal_key(DATA_DIR, env.word("PORTAL_SEAL_KEY"))

_origin = hosts.origin(env.word("PORTAL_ORIGIN"))
ALLOWED_HOSTS = hosts.allowed_hosts(_origin, env.items("PORTAL_ALLOWED_HOSTS"))
TRUSTED_PROXIES = hosts.proxies(env.items("PORTAL_TRUSTED_PROXIES"))
EMAIL_FROM = hosts.sender(env.word("PORTAL_EMAIL_FROM"), _origin)
ORIGIN = str(_origin or "")
"""The portal's public address, as people and programs reach it. Empty: localhost only."""
LISTENS_AT = listen.reached_at(env.word("HOST"), env.word("PORT"))
"""Host and port at which a program on this machine, such as a gateway, reaches the server."""

RATE_LIMIT_RPM = env.number("PORTAL_RATE_LIMIT", 6000, most=100_000, unit="calls a minute")
API_RATE_LIMIT_RPM = env.number("PORTAL_API_RATE_LIMIT", 600, most=100_000, unit="requests a minute")

PROVIDER = identity_provider.read(
    issuer=env.word("PORTAL_OIDC_ISSUER"),
    client_id=env.word("PORTAL_OIDC_CLIENT_ID"),
    client_secret=env.str("PORTAL_OIDC_CLIENT_SECRET", default=""),
    name=env.word("PORTAL_OIDC_NAME"),
    roles=env.lines("PORTAL_OIDC_ROLES"),
    only=env.word("PORTAL_OIDC_ONLY"),
)

BREAK_GLASS = identity_provider.break_glass(env.word("PORTAL_BREAK_GLASS"), PROVIDER)
"""The address of the one account that may sign in with a password while PORTAL_OIDC_ONLY is true."""

LEAK_INTAKE = env.choice("PORTAL_LEAK_INTAKE", "on", ("on", "off")) == "on"
LEAK_KEYS_URL = env.word(
    "PORTAL_LEAK_KEYS_URL", default="https://api.github.com/meta/public_keys/secret_scanning"
)
"""Where the public keys of secret-scanning partners are published."""
hosts.web_address("PORTAL_LEAK_KEYS_URL", LEAK_KEYS_URL)

TICK = env.choice("PORTAL_TICK", "inside", ("inside", "apart"))
"""Where the timed work is done: in a thread of the server, or apart, by `manage.py tick --forever`."""
SEAL_EVERY = env.number("PORTAL_SEAL_EVERY", 5, most=3600, unit="seconds")

CHECKPOINT_DIR = data_folder.path(
    "PORTAL_CHECKPOINTS", env.str("PORTAL_CHECKPOINTS", default=str(DATA_DIR / "checkpoints")), BASE_DIR
)
"""Where the record's checkpoints are written as well: best on a disk that whoever runs the database cannot change."""

SEAL_KEYS = DATA_DIR / "seal-keys"
"""The public keys that have signed checkpoints, each with the handover from the one before."""
MARKS_DIR = DATA_DIR / "marks"
"""How far checkpoints have been written and witnessed: beside the database, not in it."""

WITNESS_TSA_ROOTS = env.str("PORTAL_WITNESS_TSA_ROOTS", default="")
WITNESSES = witnesses.named(env.lines("PORTAL_WITNESS"), WITNESS_TSA_ROOTS)
WITNESS_FOR = witnesses.sources(env.items("PORTAL_WITNESS_FOR"))
WITNESS_SILENCE = env.number("PORTAL_WITNESS_SILENCE", 15, most=witnesses.MAX_SILENCE, unit="minutes")
"""Minutes without an acknowledgement after which it is an alarm."""

FORWARD_SYSLOG = forwarding_settings.syslog(env.word("PORTAL_FORWARD_SYSLOG"))
FORWARD_FILE = forwarding_settings.file(env.str("PORTAL_FORWARD_FILE", default=""))
WEBHOOK_HOSTS = forwarding_settings.hosts(env.items("PORTAL_WEBHOOK_HOSTS"))
FORWARD_FORMAT = env.choice("PORTAL_FORWARD_FORMAT", "json", forwarding_settings.FORMATS)

# ── the database ────────────────────────────────────────────────────────────────────────────────────

DATABASES = {"default": database.read(env.word("DATABASE_URL"), DATA_DIR, BASE_DIR)}
_database = DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    _database["CONN_MAX_AGE"] = None
    # IMMEDIATE: a read lock cannot be upgraded, so a transaction that will write must say so at once.
    # synchronous=FULL: an answered call must still be on record after a power cut.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;"
            "PRAGMA temp_store=MEMORY;PRAGMA cache_size=-4000;PRAGMA mmap_size=134217728;"
        ),
    }
else:
    _database["CONN_HEALTH_CHECKS"] = True
    if not TESTING:
        pool = {"min_size": 1, "max_size": 24, "timeout": 3}  # a connection for each thread of the front
        _database["OPTIONS"] = {"connect_timeout": 5, **_database.get("OPTIONS", {}), "pool": pool}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ── Django ──────────────────────────────────────────────────────────────────────────────────────────

INSTALLED_APPS = [
    "portal",
    "keys",
    "agents",
    "audit",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_htmx",
    "lucide",
    "csp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "portal.middleware.ForwardedMiddleware",
    "portal.middleware.ProgramsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.middleware.HeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "portal.web.redirects.NextMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "portal.error_responses.RefusalMiddleware",
]
if TESTING:
    MIDDLEWARE.remove("whitenoise.middleware.WhiteNoiseMiddleware")  # nothing is collected for tests
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context_processors.portal",
            ],
        },
    }
]
LANGUAGE_CODE = "en-gb"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000  # the support desk ends 500 keys at once

# ── the way in ──────────────────────────────────────────────────────────────────────────────────────

AUTH_USER_MODEL = "portal.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "CommonPasswordValidator")
] + [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "portal.auth.passwords.VarietyValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "portal.auth.adapter.Adapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_RATE_LIMITS = {
    "login_failed": "10/m/ip,5/300s/key",
    "reauthenticate": "10/m/user",
    "join": "20/m/ip,10/300s/key",
}
"""How many tries, in how long, counted by what; those of sign-in are shared by sign-in, proofs and invitations."""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _origin.scheme if _origin else "http"
SOCIALACCOUNT_ADAPTER = "portal.auth.oidc.Adapter"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "APPS": [PROVIDER.as_app()] if PROVIDER else [],
        "provider_class": "portal.auth.openid_claims.OpenID",
    }
}
SOCIALACCOUNT_ONLY = (
    False  # allauth's own would drop passwords for good; the sign-in page leaves the form out
)
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False  # portal/auth/identities.py links, and ends what was before
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = "oidc"
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10
MFA_ADAPTER = "portal.auth.two_factor.Adapter"
ACCOUNT_FORMS = {
    "reset_password": "portal.auth.forms.ResetForm",
    "user_token": "portal.auth.forms.ResetLinkForm",
}
MFA_FORMS = {
    "add_webauthn": "portal.auth.forms.NewPasskeyForm",
    "authenticate": "portal.auth.forms.CodeForm",
    "authenticate_webauthn": "portal.auth.forms.PasskeyForm",
    "reauthenticate": "portal.auth.forms.CodeAgainForm",
    "reauthenticate_webauthn": "portal.auth.forms.PasskeyAgainForm",
    "login_webauthn": "portal.auth.forms.PasskeyAloneForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = f"alter at {_origin.host if _origin else 'localhost'}"
MFA_TOTP_TOLERANCE = 1
# A browser calls localhost secure, and no other address without https.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not ORIGIN.startswith("https:")
USERSESSIONS_TRACK_ACTIVITY = False  # that would write at each request: portal/auth/sessions.py does at times
SESSION_COOKIE_AGE = 14 * 24 * 3600
CACHES = {"default": {"BACKEND": "portal.auth.attempt_counts.TableCache"}}
"""Where django-allauth counts tries: in a table, for all processes together, and nothing is pushed out of it."""

EMAIL_CONFIG = mail.read(env.word("EMAIL_URL", default=mail.CONSOLE), BASE_DIR)
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10
"""Seconds for each wait for the mail server; portal/mail/sending.py bounds the whole message."""
SENDS_MAIL = not EMAIL_CONFIG["EMAIL_BACKEND"].endswith(("console.EmailBackend", "dummy.EmailBackend"))
"""Whether e-mail reaches anyone. If it does, people confirm their address before they come in."""
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if SENDS_MAIL else "none"
MFA_ALLOW_UNVERIFIED_EMAIL = not SENDS_MAIL
DEFAULT_FROM_EMAIL = EMAIL_FROM

# ── the browser ─────────────────────────────────────────────────────────────────────────────────────

CSRF_TRUSTED_ORIGINS = [ORIGIN] if ORIGIN else []
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.error_responses.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = ORIGIN.startswith("https:")
SECURE_SSL_HOST = _origin.netloc if _origin else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SSL_REDIRECT else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_SSL_REDIRECT
# Programs are never redirected: a client that follows would send its key twice, once in the clear.
SECURE_REDIRECT_EXEMPT = [
    r"^verify$",
    r"^sdk/",
    r"^api/",
    r"^healthz$",
    r"^leaks/(scanner|report)$",
    r"^witness$",
]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# ── the log ─────────────────────────────────────────────────────────────────────────────────────────

LOG_LEVEL = env.choice("PORTAL_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "portal.log_filter.RedactingFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        # A refusal is an answer, not a fault: the audit log has it.
        "django.request": {"level": "ERROR"},
        # Anyone can send another host, as often as they like: they are told, the log is not.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}

env.refuse_unknown(IN_FILE)
