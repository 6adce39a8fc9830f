"""The REST face under ``/api/v1/``: generated from the command registry by ``cloudstack.api.rest``."""

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "cloudstack.api.rest.authentication.BearerAuthentication",
        "cloudstack.api.rest.authentication.SignedAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "CloudStack API",
    "DESCRIPTION": "Compute, network, storage and accounts of the cloud.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    # What is not set, or not for the caller, is left out of an answer.
    "COMPONENT_NO_READ_ONLY_REQUIRED": True,
    "SERVE_INCLUDE_SCHEMA": False,
    # Making the document takes the better part of a second: nobody unknown may ask for that again and again.
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    # Choices stay with their parameter: names for enumerations shared between commands could only be guessed.
    "POSTPROCESSING_HOOKS": ["cloudstack.api.rest.schema.with_tags"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
