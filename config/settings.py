"""Process settings, each read once from the environment and loud when wrong.

Install settings (time zone, reporting currency, ...) are data, see `config.backoffice.settings`.
"""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from config import embedded

# Without a DATABASE_URL, every way in (commands, workers, tests) gets the embedded services.
embedded.provide()
BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def read_database(url: str) -> dict:
    """Django's settings for a libpq URL; a Unix socket is `postgresql://user@/name?host=/folder`."""
    try:
        parts = conninfo_to_dict(url)
    except Exception as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {error}") from error
    if not parts.get("dbname"):
        raise ImproperlyConfigured("DATABASE_URL names no database, for example postgresql://me@localhost/backoffice")
    known = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    settings = {known[key]: str(value) for key, value in parts.items() if key in known}
    options = {key: value for key, value in parts.items() if key not in known}
    return {"ENGINE": "django.db.backends.postgresql", **settings, "OPTIONS": options}


def cache_url(url: str) -> str:
    """The broker's URL as a cache takes it; the two write a Unix socket differently."""
    return url.replace("redis+socket://", "unix://", 1).replace("virtual_host=", "db=", 1)


def read_count(name: str, default: int, *, least: int = 1) -> int:
    """A whole number of at least `least`."""
    value = env.int(name, default=default)
    if value < least:
        raise ImproperlyConfigured(f"{name} is {value}; it must be {least} or more")
    return value


def read_networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Networks such as 10.1.0.0/16, separated by commas."""
    try:
        return [ip_network(text.strip()) for text in env.list(name, default=[])]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}; write networks such as 10.1.0.0/16,fd00::/8") from error


# --- Process -----------------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY")
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=False)
HSTS_SECONDS = read_count("HSTS_SECONDS", 0, least=0)
EVENT_RETENTION_DAYS = read_count("EVENT_RETENTION_DAYS", 400, least=31)
REDIS_URL = env.str("REDIS_URL")
METRICS = env.bool("METRICS", default=False)

DATABASES = {
    "default": {
        **read_database(env.str("DATABASE_URL")),
        # A connection per request costs PostgreSQL 4.5 ms of CPU: keep them.
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }
}
DATABASES["default"]["OPTIONS"].setdefault("application_name", "backoffice")
# For the few statements of `config.db.prepared_rows`; without it nothing is ever prepared, whatever a call asks for.
DATABASES["default"]["OPTIONS"].setdefault("prepare_threshold", 5)
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="backoffice@localhost")
# Links in e-mails begin with it.
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
WEBHOOK_ALLOWED_NETWORKS = read_networks("WEBHOOK_ALLOWED_NETWORKS")

# --- Django ------------------------------------------------------------------------------------------------
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "whitenoise.runserver_nostatic",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "config.backoffice.apps.BackOfficeAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "import_export",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "config.backoffice.apps.BackOfficeConfig",
    "orgs",
    "tracker",
    "revenue",
    "signals",
]
# What clients of the ingest ask for: no session, no redirect, no page.
MACHINE_PATHS = [r"v1/", r"(?:batch|e|i|capture|track|flags|decide|s|array|api/surveys)(?:/|$)"]
MIDDLEWARE = [
    # Before anything redirects: that would turn an event's POST into an empty GET that the client takes for success.
    "config.backoffice.middleware.ShortWay",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.backoffice.middleware.RefuseNul",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.backoffice.settings.once_a_request",
]
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
            ],
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LANGUAGE_CODE = "en"
USE_I18N = False
FORMAT_MODULE_PATH = ["config.formats"]
# For a login whose `next` leads elsewhere; every page of ours finds its way to the login by itself.
LOGIN_REDIRECT_URL = "/admin/"
# Instants are stored and handled in UTC; the reporting zone of the install turns them into days.
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
# Gathered by collectstatic: compressed, and kept for good under names that carry a hash. Without it, files are served
# from where they are written, and a browser asks each time whether one changed.
STATIC_ROOT = env.str("STATIC_ROOT", default=None)
GATHERED = "whitenoise.storage.CompressedManifestStaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": GATHERED if STATIC_ROOT else "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = not STATIC_ROOT
WHITENOISE_MAX_AGE = 0

# --- Safety ------------------------------------------------------------------------------------------------
# Whoever watches this install asks the process itself, not the proxy that sets X-Forwarded-Proto.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^healthz/jobs$", r"^readyz$", r"^metrics$"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
# Browsers remember these for months, the latter two for the whole domain: whoever owns the domain decides, so that
# being without is no finding of `check --deploy`.
SECURE_HSTS_SECONDS = HSTS_SECONDS if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W005", "security.W021"]
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Event batches are at most 20 MiB and uploads 50 MB; both doors count for themselves and answer in their own words.
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_HANDLERS = [
    "config.backoffice.uploads.LimitedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# --- Celery ------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
# The ledger of runs re-queues what a dead worker left behind; a late acknowledgement would deliver it twice.
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5, "socket_connect_timeout": 5}
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- Kept answers ------------------------------------------------------------------------------------------
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # Of questions about usage, until there is something new; without Redis they are computed anew.
    "answers": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": cache_url(REDIS_URL),
        "KEY_PREFIX": "backoffice",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    },
}

# --- REST --------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["config.backoffice.api.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["config.backoffice.api.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.backoffice.api.JsonBody"],
    "DEFAULT_PAGINATION_CLASS": "config.backoffice.api.CursorPages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.backoffice.api.answer_error",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Customer back office",
    "DESCRIPTION": "Events in, verdicts out: ingest and the read API.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    # Its scripts come with the product: no page asks another machine for anything.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "ENUM_NAME_OVERRIDES": {"BandEnum": "orgs.models.Band", "SignalStateEnum": "signals.models.Signal.State"},
}
IMPORT_EXPORT_USE_TRANSACTIONS = True

# --- Look --------------------------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "Back office",
    "SITE_HEADER": "Back office",
    "SITE_SUBHEADER": "Customer success",
    "SITE_SYMBOL": "diversity_3",
    "SITE_URL": None,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": False,
    "BORDER_RADIUS": "8px",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "config.backoffice.site.icon"}],
    "STYLES": ["config.backoffice.site.stylesheet"],
    "SCRIPTS": ["config.backoffice.site.script"],
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "config.backoffice.site.navigation",
    },
    "COLORS": {
        # One quiet accent; red, amber and green belong to the health bands alone.
        "primary": {
            "50": "oklch(97% .014 254.604)",
            "100": "oklch(93.2% .032 255.585)",
            "200": "oklch(88.2% .059 254.128)",
            "300": "oklch(80.9% .105 251.813)",
            "400": "oklch(70.7% .165 254.624)",
            "500": "oklch(62.3% .214 259.815)",
            "600": "oklch(54.6% .245 262.881)",
            "700": "oklch(48.8% .243 264.376)",
            "800": "oklch(42.4% .199 265.638)",
            "900": "oklch(37.9% .146 265.522)",
            "950": "oklch(28.2% .091 267.935)",
        },
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
}
