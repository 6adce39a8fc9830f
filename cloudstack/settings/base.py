"""What every environment shares. Values come from the environment; files of secrets are read by ``production``."""

import os
from pathlib import Path

from cloudstack.framework.plugins.loader import checked, discover, join_folders, labels_of, usable
from cloudstack.runtime import plugin_faults
from cloudstack.runtime.plugin_choice import folders, in_force
from cloudstack.runtime.redis_urls import cache_url
from cloudstack.settings.parts.celery import *  # noqa: F403
from cloudstack.settings.parts.database import database_from_environment
from cloudstack.settings.parts.logging import logging_config
from cloudstack.settings.parts.oidc import *  # noqa: F403
from cloudstack.settings.parts.oidc import OIDC_APPS, OIDC_MIDDLEWARE
from cloudstack.settings.parts.rest import *  # noqa: F403
from cloudstack.theme.configuration import THEME_APPS, UNFOLD  # noqa: F401

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DATA_DIR = Path(os.environ.get("CLOUDSTACK_DATA", BASE_DIR / "var")).resolve()

FRAMEWORK_APPS = [
    "cloudstack.framework.search.apps.SearchConfig",
    "cloudstack.framework.events.apps.EventsConfig",
    "cloudstack.framework.configuration.apps.ConfigurationConfig",
    "cloudstack.framework.alerts.apps.AlertsConfig",
    "cloudstack.framework.jobs.apps.JobsConfig",
    "cloudstack.framework.nodes.apps.NodesConfig",
    "cloudstack.framework.scheduler.apps.SchedulerConfig",
    "cloudstack.framework.rollups.apps.RollupsConfig",
    "cloudstack.api.apps.ApiConfig",
    "cloudstack.pages.apps.PagesConfig",
]
DOMAIN_APPS = [
    "apps.accounts.apps.AccountsConfig",
    "apps.metadata.apps.MetadataConfig",
    "apps.infrastructure.apps.InfrastructureConfig",
    "apps.storage.apps.StorageConfig",
    "apps.network.apps.NetworkConfig",
    "apps.compute.apps.ComputeConfig",
    "apps.notifications.apps.NotificationsConfig",
    "apps.portal.apps.PortalConfig",
]
CORE_APPS = [
    # Before the admin: it isolates plugins whose admin.py is broken.
    "cloudstack.framework.plugins.apps.PluginsConfig",
    *THEME_APPS,
    "apps.portal.apps.CloudAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "guardian",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_prometheus",
    *OIDC_APPS,
    *FRAMEWORK_APPS,
    *DOMAIN_APPS,
]
PLUGIN_CHOICE = in_force(os.environ, DATA_DIR)
PLUGIN_FOLDERS = folders(os.environ)
join_folders(PLUGIN_FOLDERS)
PLUGINS = checked(
    discover(
        BASE_DIR / "plugins",
        PLUGIN_CHOICE.disabled,
        more=PLUGIN_FOLDERS,
        failed=plugin_faults.failed(os.environ, DATA_DIR),
    ),
    labels_of(CORE_APPS),
)
INSTALLED_APPS = [*CORE_APPS, *usable(PLUGINS), "cloudstack.composition.apps.CompositionConfig"]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "cloudstack.pages.language.PagesLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    *OIDC_MIDDLEWARE,
    "cloudstack.theme.policy.AdminPolicyMiddleware",
    "cloudstack.pages.policy.PagesPolicyMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "cloudstack.urls"
WSGI_APPLICATION = "cloudstack.wsgi.application"
ASGI_APPLICATION = "cloudstack.asgi.application"

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
    },
]

# Widgets of ours have templates in the project's folder.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASES = {"default": database_from_environment(DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": cache_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")),
        "KEY_PREFIX": "cloudstack",
    }
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "apps.accounts.backends.DomainUserBackend",
    "guardian.backends.ObjectPermissionBackend",
]
GUARDIAN_RAISE_403 = True
ANONYMOUS_USER_NAME = None
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "apps.accounts.password_rules.PolicyValidator"},
    {"NAME": "apps.accounts.password_rules.CommonValidator"},
    {"NAME": "apps.accounts.password_rules.HistoryValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
SILENCED_SYSTEM_CHECKS = [
    # User names are unique within a domain, as in CloudStack; DomainUserBackend handles that.
    "auth.W004",
]
LOGIN_URL = "portal:sign-in"
LOGIN_REDIRECT_URL = "portal:home"
CSRF_FAILURE_VIEW = "cloudstack.pages.access.csrf_failure"

LANGUAGE_CODE = "en"
# Only what the users' pages speak: what is not listed here would be half of one language and half of another.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
_MODULES = BASE_DIR / "node_modules"
# Of the packages of npm only what browsers load (package.json, bin/bootstrap).
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("vendor/htmx", _MODULES / "htmx.org" / "dist"),
    ("vendor/htmx-sse", _MODULES / "htmx-ext-sse" / "dist"),
    ("vendor/uplot", _MODULES / "uplot" / "dist"),
    ("vendor/novnc/core", _MODULES / "@novnc" / "novnc" / "core"),
    ("vendor/novnc/vendor", _MODULES / "@novnc" / "novnc" / "vendor"),
]
STATIC_ROOT = DATA_DIR / "static"

# A parameter such as user data is bounded by its own declaration; this bounds what is read at all.
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Jobs: seconds a worker owns a job without renewing, and how often it renews.
JOB_LEASE_S = float(os.environ.get("CLOUDSTACK_JOB_LEASE", "30"))
JOB_SWEEP_INTERVAL_S = float(os.environ.get("CLOUDSTACK_JOB_SWEEP_INTERVAL", "10"))

FLOWER_SECRET_URL = os.environ.get("CLOUDSTACK_FLOWER_URL", "")
"""Where the portal finds Flower, with the name and password that it wants; empty: nowhere."""

LOGGING = logging_config()
