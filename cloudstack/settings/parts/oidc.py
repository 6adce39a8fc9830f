"""Sign-in by an OpenID Connect provider: nothing of it is loaded unless one is configured."""

import os

from cloudstack.runtime.oidc import provider_from_environment

OIDC = provider_from_environment(os.environ)
OIDC_APPS = ["allauth", "allauth.account", "allauth.socialaccount"] if OIDC else []
OIDC_MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"] if OIDC else []

# Of allauth only the protocol is used: who comes is matched with our users, and let in, by ourselves.
SOCIALACCOUNT_ADAPTER = "apps.portal.web.oidc.Adapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
ACCOUNT_EMAIL_VERIFICATION = "none"
