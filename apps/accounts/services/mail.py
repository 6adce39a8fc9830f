"""Sending one mail through the server that some settings name."""

from dataclasses import dataclass, field

from django.core.mail import EmailMessage, get_connection

from cloudstack.framework.errors import ResourceUnavailable

TIMEOUT_S = 20


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """An SMTP server; an empty ``username`` is no log-in."""

    host: str
    port: int = 25
    username: str = ""
    password: str = field(default="", repr=False)
    starttls: bool = False


def send_mail(server: MailServer, *, sender: str, to: str, subject: str, text: str) -> None:
    """For steps of jobs only. Raises ``ResourceUnavailable`` with the words of the server."""
    connection = get_connection(
        host=server.host,
        port=server.port,
        username=server.username,
        password=server.password,
        use_tls=server.starttls,
        timeout=TIMEOUT_S,
    )
    try:
        EmailMessage(subject, text, sender, [to], connection=connection).send()
    except OSError as error:
        raise ResourceUnavailable(f"The mail server {server.host} did not take the mail: {error}") from None
