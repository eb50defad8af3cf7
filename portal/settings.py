"""Settings: the environment in, safe by default. `docs/settings.md` lists what may be set."""

import os
import re
import sys
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.utils.translation import gettext_lazy as _

HERE = Path(__file__).resolve().parent
DATA_DIR = Path(os.environ.get("ATTESTRY_DATA_DIR") or "attestry-data").resolve()
BASE_URL = os.environ.get("ATTESTRY_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
BROKER_URL = os.environ.get("BROKER_URL", "")
MLFLOW_TRACKING_URI = os.environ.get("MLFLOW_TRACKING_URI", "")
MLFLOW_WEBHOOK_SECRET = os.environ.get("MLFLOW_WEBHOOK_SECRET", "")
_ROOTS = [root for root in re.split(r":(?!//)", os.environ.get("ATTESTRY_SCAN_ROOTS", "")) if root]
SCAN_ROOTS = [Path(root) for root in _ROOTS if "://" not in root]
SCAN_STORES = [root.rstrip("/") for root in _ROOTS if "://" in root]
SCAN_COPIES = Path(os.environ.get("ATTESTRY_SCAN_COPIES") or DATA_DIR / "copies")
SCAN_MODELS = Path(os.environ.get("ATTESTRY_SCAN_MODELS") or DATA_DIR / "models")
SCAN_DATABASES = dict(one.split("=", 1) for one in os.environ.get("ATTESTRY_SCAN_DATABASES", "").split() if "=" in one)

SECRET_KEY_FILE = Path(os.environ.get("ATTESTRY_SECRET_KEY_FILE") or DATA_DIR / "secret.key")
AUDIT_KEY_FILE = Path(os.environ.get("ATTESTRY_AUDIT_KEY_FILE") or DATA_DIR / "audit.key")
AUDIT_SINKS = os.environ.get("ATTESTRY_AUDIT_SINKS", "")
AUDIT_ORIGIN = os.environ.get("ATTESTRY_AUDIT_ORIGIN") or f"{urlsplit(BASE_URL).netloc}/audit"
AUDIT_AFTER = os.environ.get("ATTESTRY_AUDIT_AFTER", "")
AUDIT_AFTER_KEY = os.environ.get("ATTESTRY_AUDIT_AFTER_KEY", "")
AUDIT_TSA_URL = os.environ.get("ATTESTRY_TSA_URL", "")
AUDIT_TSA_CA = os.environ.get("ATTESTRY_TSA_CA", "")
_hours = os.environ.get("ATTESTRY_AUDIT_VERIFY_HOURS") or "24"
if not _hours.isascii() or not _hours.replace(".", "", 1).isdigit() or not 0 < float(_hours) <= 168:
    sys.exit("ATTESTRY_AUDIT_VERIFY_HOURS must be more than 0 and at most 168: the log is verified at least weekly.")
AUDIT_VERIFY_HOURS = float(_hours)
_days = {
    "ATTESTRY_LINEAGE_EVENT_DAYS": os.environ.get("ATTESTRY_LINEAGE_EVENT_DAYS") or "730",
    "ATTESTRY_LINEAGE_RUN_DAYS": os.environ.get("ATTESTRY_LINEAGE_RUN_DAYS") or "1825",
}
for _name, _count in _days.items():
    if not (_count.isascii() and _count.isdigit() and (_count == "0" or 183 <= int(_count) <= 36_500)):
        sys.exit(f"{_name} must be a number of days from 183 (half a year) to 36500, or 0 to keep them for ever.")
LINEAGE_EVENT_DAYS, LINEAGE_RUN_DAYS = (int(count) for count in _days.values())
AUDIT_WITNESSES = os.environ.get("ATTESTRY_WITNESSES", "").split()
# without its file (made by `attestry up` and `attestry migrate`) the key lasts as long as this process
SECRET_KEY = SECRET_KEY_FILE.read_text().strip() if SECRET_KEY_FILE.exists() else token_urlsafe(50)

DEBUG = False
HTTPS = BASE_URL.startswith("https://")
ALLOWED_HOSTS = [urlsplit(BASE_URL).hostname or "127.0.0.1", "127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS += [host for host in os.environ.get("ATTESTRY_ALLOWED_HOSTS", "").split(",") if host]
CSRF_TRUSTED_ORIGINS = [BASE_URL]


def database(url: str) -> dict[str, Any]:
    """Return Django's database setting for `url`: empty for SQLite in the data directory, or postgresql://..."""
    if not url or url.startswith("sqlite:"):
        path = unquote(urlsplit(url).path) if url else str(DATA_DIR / "attestry.sqlite3")
        return {
            "ENGINE": "portal.sqlite",
            "NAME": path,
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
                "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=134217728; "
                "PRAGMA journal_size_limit=67108864; PRAGMA wal_autocheckpoint=262144; PRAGMA cache_size=-16000;",
            },
            "TEST": {"NAME": str(DATA_DIR / "test.sqlite3")},
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        sys.exit(f"DATABASE_URL must start with postgresql:// or sqlite:, not {parts.scheme}://")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    often = options.get("prepare_threshold", "5")
    if often != "none" and not (often.isascii() and often.isdigit()):
        sys.exit(f"prepare_threshold in DATABASE_URL must be a number or none, not {often}")
    options["prepare_threshold"] = None if often == "none" else int(often)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.removeprefix("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": str(parts.port or options.pop("port", "")),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


DATABASES = {"default": database(os.environ.get("DATABASE_URL", ""))}

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "django_htmx",
    "allauth",
    "allauth.account",
    "jobs",
    "audit",
    "lineage",
    "governance",
    "portal",
]
MIDDLEWARE = [
    "portal.middleware.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.middleware.WhoAsks",
    "portal.middleware.CaughtUp",
    "portal.middleware.SignedIn",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.Refusals",
]
ROOT_URLCONF = "portal.urls"
APPEND_SLASH = False
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [folder for folder in (HERE.parent / "templates", HERE / "templates") if folder.exists()],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.everywhere",
            ],
        },
    },
]

AUTH_USER_MODEL = "governance.User"
AUTHENTICATION_BACKENDS = [
    "governance.access.backend.GrantBackend",
    "governance.access.backend.SigninBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 0
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_ADAPTER = "governance.signin.allauth.Adapter"
ACCOUNT_FORMS = {"login": "governance.signin.views.SignInForm", "reauthenticate": "governance.signin.views.AgainForm"}
ACCOUNT_RATE_LIMITS = False  # governance.signin counts failures in the database, which every process shares

SESSION_COOKIE_NAME = "__Host-attestry" if HTTPS else "attestry"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "governance.signin.sessions"  # 30 minutes idle, 12 hours in any case
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_SAVE_EVERY_REQUEST = False
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
BEHIND_PROXY = bool(os.environ.get("ATTESTRY_BEHIND_PROXY"))
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
FILE_UPLOAD_HANDLERS = ["portal.reading.NoFiles"]
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish")), ("pt-br", _("Portuguese (Brazil)"))]
LOCALE_PATHS = [HERE / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["portal.middleware.Asker"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "portal.reading.JsonAlways",
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "portal.errors.answer",
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": None,
    "UNICODE_JSON": False,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Attestry",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
}
ATTESTRY_PORTS = {
    "visible": "governance.access.selectors.visible",
    "scopes_seen": "governance.access.selectors.scopes_seen",
    "home_scope": "governance.access.selectors.home_scope",
    "say": "portal.sentences.say",
    "resource": "portal.search.resource",
    "before_work": "lineage.follow.before_work",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "portal.logs.Line"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("ATTESTRY_LOG_LEVEL", "INFO")},
    "loggers": {
        "presidio-analyzer": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "kombu": {"level": "ERROR"},
        "urllib3.connectionpool": {"level": "ERROR"},
    },
}
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
CSRF_FAILURE_VIEW = "portal.errors.csrf_failed"
