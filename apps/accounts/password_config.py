"""Settings of passwords: what they must be like, and how a forgotten one is replaced."""

import re

from cloudstack.framework.configuration import ConfigKey, Scope


def _check_pattern(text: str) -> None:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from None


def _count(name: str, default: int, what: str, *, maximum: int = 256) -> ConfigKey:
    return ConfigKey(name, int, default, description=what, scope=Scope.DOMAIN, minimum=0, maximum=maximum)


LENGTH = _count("password.policy.minimum.length", 8, "Characters that a user's password must have at least.")
UPPERCASE = _count("password.policy.minimum.uppercase.letters", 0, "Upper-case letters that a password must have.")
LOWERCASE = _count("password.policy.minimum.lowercase.letters", 0, "Lower-case letters that a password must have.")
DIGITS = _count("password.policy.minimum.digits", 0, "Digits that a password must have.")
SPECIAL = _count(
    "password.policy.minimum.special.characters",
    0,
    "Characters that are neither letters nor digits that a password must have.",
)
MAY_CONTAIN_NAME = ConfigKey(
    "password.policy.allowPasswordContainingUsername",
    bool,
    True,
    description="Whether a password may contain the name of its user.",
    scope=Scope.DOMAIN,
)
PATTERN = ConfigKey(
    "password.policy.regex",
    str,
    "",
    description="A regular expression that a password must match as a whole; empty for none.",
    scope=Scope.DOMAIN,
    check=_check_pattern,
)
HISTORY = _count(
    "password.policy.history", 0, "How many of a user's last passwords cannot be taken again; 0 for none.", maximum=24
)
REFUSE_COMMON = ConfigKey(
    "password.policy.refuse.common",
    bool,
    False,
    description="Whether the twenty thousand most common passwords are refused.",
    scope=Scope.DOMAIN,
)

RESET_ENABLED = ConfigKey(
    "user.password.reset.enabled",
    bool,
    False,
    description="Whether users who have forgotten their password get a link by mail (forgotPassword, resetPassword).",
)
RESET_TTL_MIN = ConfigKey(
    "user.password.reset.ttl",
    int,
    30,
    description="Minutes within which such a link must be used.",
    minimum=1,
    maximum=1440,
)
RESET_SENDER = ConfigKey(
    "user.password.reset.email.sender", str, "", description="Address from which the mails come; needed to send them."
)
RESET_URL = ConfigKey(
    "user.password.reset.mail.domain.url",
    str,
    "",
    description="Address of the web interface in the link, such as https://cloud.example.org; needed to send mails.",
)
RESET_TEMPLATE = ConfigKey(
    "user.password.reset.mail.template",
    str,
    "Hello {{username}}!\n\n"
    "Somebody asked for a new password for you. If it was you, choose one here within {{minutes}} minutes:\n\n"
    "{{resetLink}}\n\n"
    "If it was not you, do nothing: your password stays as it is.\n",
    description="Text of the mail; {{username}}, {{firstname}}, {{domain}}, {{resetLink}}, {{token}} and {{minutes}} "
    "are filled in.",
)
SMTP_HOST = ConfigKey(
    "user.password.reset.smtp.host", str, "", description="Mail server that takes the mails; empty for this machine."
)
SMTP_PORT = ConfigKey(
    "user.password.reset.smtp.port", int, 25, description="Port of the mail server.", minimum=1, maximum=65535
)
SMTP_AUTH = ConfigKey(
    "user.password.reset.smtp.useAuth", bool, False, description="Whether to log in to the mail server."
)
SMTP_USERNAME = ConfigKey(
    "user.password.reset.smtp.username", str, "", description="Name to log in to the mail server with."
)
SMTP_PASSWORD = ConfigKey(
    "user.password.reset.smtp.password",
    str,
    "",
    description="Password to log in to the mail server with.",
    secret=True,
)
SMTP_STARTTLS = ConfigKey(
    "user.password.reset.smtp.useStartTLS", bool, False, description="Whether to encrypt the way to the mail server."
)
