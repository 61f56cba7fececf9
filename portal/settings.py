"""Every setting, read from the environment (.env.example lists them). A wrong one stops the start with a sentence."""

import ipaddress
import os
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from audit.addresses import unmapped
from portal import data, outlets, witnesses
from portal.signing_in import provider

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
TESTING = bool(os.environ.get("PORTAL_TEST"))
if not TESTING:
    env.read_env(BASE_DIR / ".env")

# ── what the operator says ──────────────────────────────────────────────────────────────────────────

DEBUG = False
try:
    DATA_DIR = data.prepare(Path(env.str("PORTAL_DATA", default=str(BASE_DIR / "var"))).absolute())
    SECRET_KEY = data.secret_key(DATA_DIR, env.str("PORTAL_SECRET_KEY", default=""))
    PEPPERS = data.peppers(DATA_DIR, env.str("PORTAL_PEPPERS", default=""))
    MAC_KEYS = data.mac_keys(DATA_DIR, env.str("PORTAL_MAC_KEYS", default=""))
    SEAL_KEY = data.seal_key(DATA_DIR, env.str("PORTAL_SEAL_KEY", default=""))
except data.WrongSetting as wrong:
    raise ImproperlyConfigured(str(wrong)) from None

ORIGIN = env.str("PORTAL_ORIGIN", default="").rstrip("/")
"""The portal's public address, as people and programs reach it. Empty: localhost only."""
_origin = urlsplit(ORIGIN)
if ORIGIN and (_origin.scheme not in ("http", "https") or not _origin.hostname or _origin.path):
    raise ImproperlyConfigured(
        f"PORTAL_ORIGIN is {ORIGIN!r}: write a scheme and a host, https://keys.example.com, and no path."
    )

try:
    TRUSTED_PROXIES = [
        unmapped(ipaddress.ip_network(n.strip())) for n in env.list("PORTAL_TRUSTED_PROXIES", default=[])
    ]
except ValueError as wrong_network:
    raise ImproperlyConfigured(
        f"PORTAL_TRUSTED_PROXIES: {wrong_network}. Write ranges with commas between: 10.0.0.0/8, 127.0.0.1/32."
    ) from None

try:
    RATE_LIMIT_RPM = env.int("PORTAL_RATE_LIMIT", default=6000)
except ValueError:
    RATE_LIMIT_RPM = 0
if not 1 <= RATE_LIMIT_RPM <= 100_000:
    raise ImproperlyConfigured("PORTAL_RATE_LIMIT: write calls a minute, from 1 to 100000.")

try:
    API_RATE_LIMIT_RPM = env.int("PORTAL_API_RATE_LIMIT", default=600)
except ValueError:
    API_RATE_LIMIT_RPM = 0
if not 1 <= API_RATE_LIMIT_RPM <= 100_000:
    raise ImproperlyConfigured("PORTAL_API_RATE_LIMIT: write requests a minute, from 1 to 100000.")

try:
    PROVIDER = provider.read(
        issuer=env.str("PORTAL_OIDC_ISSUER", default=""),
        client_id=env.str("PORTAL_OIDC_CLIENT_ID", default=""),
        client_secret=env.str("PORTAL_OIDC_CLIENT_SECRET", default=""),
        name=env.str("PORTAL_OIDC_NAME", default=""),
        roles=env.str("PORTAL_OIDC_ROLES", default=""),
        only=env.str("PORTAL_OIDC_ONLY", default=""),
    )
except data.WrongSetting as wrong_provider:
    raise ImproperlyConfigured(str(wrong_provider)) from None

BREAK_GLASS = env.str("PORTAL_BREAK_GLASS", default="").strip().lower()
"""The address of the one account that may sign in with a password while PORTAL_OIDC_ONLY is true."""
if BREAK_GLASS and not (PROVIDER and PROVIDER.only):
    raise ImproperlyConfigured(
        "PORTAL_BREAK_GLASS names who may use a password where PORTAL_OIDC_ONLY is true: set that, or leave this out."
    )
if BREAK_GLASS and ("@" not in BREAK_GLASS.strip("@") or " " in BREAK_GLASS or "," in BREAK_GLASS):
    raise ImproperlyConfigured(
        f"PORTAL_BREAK_GLASS is {BREAK_GLASS!r}: write the e-mail address of one account, you@example.com."
    )

LEAK_INTAKE = env.str("PORTAL_LEAK_INTAKE", default="on")
if LEAK_INTAKE not in ("on", "off"):
    raise ImproperlyConfigured("PORTAL_LEAK_INTAKE: write on, or off to take no reports of leaked keys.")
LEAK_INTAKE = LEAK_INTAKE == "on"
LEAK_KEYS_URL = env.str(
    "PORTAL_LEAK_KEYS_URL", default="https://api.github.com/meta/public_keys/secret_scanning"
)
"""Where the public keys of secret-scanning partners are published."""
if urlsplit(LEAK_KEYS_URL).scheme not in ("https", "http") or not urlsplit(LEAK_KEYS_URL).hostname:
    raise ImproperlyConfigured(f"PORTAL_LEAK_KEYS_URL is {LEAK_KEYS_URL!r}: write an https address.")

TICK = env.str("PORTAL_TICK", default="inside")
"""Where the timed work is done: in a thread of the server, or apart, by `manage.py tick --forever`."""
if TICK not in ("inside", "apart"):
    raise ImproperlyConfigured("PORTAL_TICK: write inside, or apart if you run manage.py tick --forever.")
try:
    SEAL_EVERY = env.int("PORTAL_SEAL_EVERY", default=5)
except ValueError:
    SEAL_EVERY = 0
if not 1 <= SEAL_EVERY <= 3600:
    raise ImproperlyConfigured("PORTAL_SEAL_EVERY: write seconds, from 1 to 3600.")

CHECKPOINT_DIR = Path(env.str("PORTAL_CHECKPOINTS", default=str(DATA_DIR / "checkpoints"))).absolute()
"""Where the record's checkpoints are written as well: best on a disk that whoever runs the database cannot change."""

SEAL_KEYS = DATA_DIR / "seal-keys"
"""The public keys that have signed checkpoints, each with the handover from the one before."""
MARKS_DIR = DATA_DIR / "marks"
"""How far checkpoints have been written and witnessed: beside the database, not in it."""

WITNESS_TSA_ROOTS = env.str("PORTAL_WITNESS_TSA_ROOTS", default="")
try:
    WITNESSES = witnesses.named(env.str("PORTAL_WITNESS", default=""), WITNESS_TSA_ROOTS)
    WITNESS_FOR = witnesses.sources(env.list("PORTAL_WITNESS_FOR", default=[]))
    WITNESS_SILENCE = witnesses.silence(env.str("PORTAL_WITNESS_SILENCE", default="15"))
except data.WrongSetting as wrong_witness:
    raise ImproperlyConfigured(str(wrong_witness)) from None

try:
    FORWARD_SYSLOG = outlets.syslog(env.str("PORTAL_FORWARD_SYSLOG", default=""))
    FORWARD_FILE = outlets.file(env.str("PORTAL_FORWARD_FILE", default=""))
    FORWARD_FORMAT = outlets.form(env.str("PORTAL_FORWARD_FORMAT", default="json"))
    WEBHOOK_HOSTS = outlets.hosts(env.list("PORTAL_WEBHOOK_HOSTS", default=[]))
except data.WrongSetting as wrong_outlet:
    raise ImproperlyConfigured(str(wrong_outlet)) from None

# ── the database ────────────────────────────────────────────────────────────────────────────────────

try:
    DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR}/portal.sqlite3")}
    if not DATABASES["default"].get("ENGINE", "").endswith(("sqlite3", "postgresql")):
        raise ImproperlyConfigured("the portal runs on SQLite and on PostgreSQL")
except (ImproperlyConfigured, ValueError) as wrong_url:
    raise ImproperlyConfigured(
        f"DATABASE_URL cannot be read ({wrong_url}): write sqlite:////path/to/file or "
        "postgres://user:password@host:5432/name."
    ) from None
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
    "portal.headers.ForwardedMiddleware",
    "portal.headers.ProgramsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.headers.HeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "portal.next_page.NextMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "portal.refusals.RefusalMiddleware",
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
                "portal.context.portal",
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
    {"NAME": "portal.signing_in.passwords.VarietyValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "portal.signing_in.adapter.Adapter"
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
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _origin.scheme or "http"
SOCIALACCOUNT_ADAPTER = "portal.signing_in.oidc.Adapter"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "APPS": [PROVIDER.as_app()] if PROVIDER else [],
        "provider_class": "portal.signing_in.openid.OpenID",
    }
}
SOCIALACCOUNT_ONLY = (
    False  # allauth's own would drop passwords for good; the sign-in page leaves the form out
)
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False  # portal/signing_in/identities.py links, and ends what was before
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = "oidc"
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10
MFA_ADAPTER = "portal.signing_in.factors.Adapter"
ACCOUNT_FORMS = {
    "reset_password": "portal.signing_in.forms.ResetForm",
    "user_token": "portal.signing_in.forms.ResetLinkForm",
}
MFA_FORMS = {
    "add_webauthn": "portal.signing_in.forms.NewPasskeyForm",
    "authenticate": "portal.signing_in.forms.CodeForm",
    "authenticate_webauthn": "portal.signing_in.forms.PasskeyForm",
    "reauthenticate": "portal.signing_in.forms.CodeAgainForm",
    "reauthenticate_webauthn": "portal.signing_in.forms.PasskeyAgainForm",
    "login_webauthn": "portal.signing_in.forms.PasskeyAloneForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = f"alter at {_origin.hostname or 'localhost'}"
MFA_TOTP_TOLERANCE = 1
# A browser calls localhost secure, and no other address without https.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = _origin.scheme != "https"
USERSESSIONS_TRACK_ACTIVITY = (
    False  # that would write at each request: portal/signing_in/sessions.py does at times
)
SESSION_COOKIE_AGE = 14 * 24 * 3600
CACHES = {"default": {"BACKEND": "portal.signing_in.counters.TableCache"}}
"""Where django-allauth counts tries: in a table, for all processes together, and nothing is pushed out of it."""

EMAIL_CONFIG = env.email("EMAIL_URL", default="consolemail://")
if env.str("EMAIL_URL", default="").lower().startswith("smtps:"):  # TLS at once, not STARTTLS
    EMAIL_CONFIG = {**EMAIL_CONFIG, "EMAIL_USE_TLS": False, "EMAIL_USE_SSL": True}
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10
"""Seconds for each wait for the mail server; portal/mail/sending.py bounds the whole message."""
SENDS_MAIL = not EMAIL_CONFIG["EMAIL_BACKEND"].endswith(("console.EmailBackend", "dummy.EmailBackend"))
"""Whether e-mail reaches anyone. If it does, people confirm their address before they come in."""
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if SENDS_MAIL else "none"
MFA_ALLOW_UNVERIFIED_EMAIL = not SENDS_MAIL
DEFAULT_FROM_EMAIL = env.str(
    "PORTAL_EMAIL_FROM", default=f"alter portal <portal@{_origin.hostname or 'localhost'}>"
)

# ── the browser ─────────────────────────────────────────────────────────────────────────────────────

ALLOWED_HOSTS = [
    *filter(None, [_origin.hostname]),
    *env.list("PORTAL_ALLOWED_HOSTS", default=[]),
    "localhost",
    "127.0.0.1",
    "[::1]",
]
CSRF_TRUSTED_ORIGINS = [ORIGIN] if ORIGIN else []
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.refusals.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = _origin.scheme == "https"
SECURE_SSL_HOST = _origin.netloc or None
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

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "portal.logs.RedactingFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("PORTAL_LOG_LEVEL", default="INFO")},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        # A refusal is an answer, not a fault: the audit log has it.
        "django.request": {"level": "ERROR"},
        # Anyone can send another host, as often as they like: they are told, the log is not.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
