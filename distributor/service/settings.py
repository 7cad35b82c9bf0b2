"""Django's settings, made from the options."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.conf.locale import LANG_INFO

from distributor.newsroom.wagtail_settings import *  # noqa: F403
from distributor.service import databases, datadir, logs, options
from distributor.service.redis import client_url

DISTRIBUTOR = options.load()
DISTRIBUTOR_ROLE = os.environ.get("DISTRIBUTOR_ROLE", "command")
"""``web``, ``worker``, ``clock`` or ``command``."""

_PACKAGE = Path(__file__).resolve().parents[1]
_site = DISTRIBUTOR.site
_secure = _site.url.startswith("https://")

SECRET_KEY = _site.secret_key
SECRET_KEY_FALLBACKS = list(_site.old_secret_keys)
DEBUG = False
REDIS_URL = client_url(DISTRIBUTOR)
DATABASES = {"default": databases.setting(DISTRIBUTOR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "distributor.service",
    "distributor.web",
    "distributor.newsroom",
    "distributor.dispatch",
    "distributor.audience",
    "wagtail.contrib.settings",
    "wagtail.contrib.simple_translation",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "wagtail.contrib.settings.context_processors.settings",
            ]
        },
    }
]
ROOT_URLCONF = "distributor.service.urls"

USE_I18N = True
USE_TZ = True
TIME_ZONE = _site.time_zone
LANGUAGE_CODE = _site.languages[0]
LANGUAGES = [
    (code, LANG_INFO.get(code, {}).get("name_local", code).capitalize()) for code in _site.languages
]
LOCALE_PATHS = [folder for folder in (_PACKAGE / "locale",) if folder.is_dir()]
WAGTAIL_I18N_ENABLED = True
WAGTAIL_CONTENT_LANGUAGES = LANGUAGES
WAGTAILADMIN_PERMITTED_LANGUAGES = [("sv", "Svenska"), ("en", "English")]

ALLOWED_HOSTS = [urlsplit(_site.url).hostname or "", "127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [_site.url]
SESSION_COOKIE_SECURE = _secure
CSRF_COOKIE_SECURE = _secure
SESSION_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
LOGIN_URL = "wagtailadmin_login"

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 3600
MEDIA_ROOT = _site.data_dir / datadir.MEDIA
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

_relay = next(iter(DISTRIBUTOR.email.servers), None)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if _relay else 'dummy'}.EmailBackend"
if _relay:
    EMAIL_HOST, EMAIL_PORT = _relay.host, _relay.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _relay.username, _relay.password
    EMAIL_USE_TLS, EMAIL_USE_SSL = _relay.security == "starttls", _relay.security == "tls"
    EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = DISTRIBUTOR.email.from_

WAGTAIL_SITE_NAME = _site.name
WAGTAILADMIN_BASE_URL = _site.url
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}

LOGGING_CONFIG = None
logs.configure()
