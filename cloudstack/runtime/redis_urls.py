"""One ``REDIS_URL`` in the environment, the dialect of each library from it."""

from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

BROKER_DB = 0
CACHE_DB = 1


def _split_socket(url: str) -> tuple[str, dict[str, str]]:
    parts = urlsplit(url)
    return parts.path, {key: values[-1] for key, values in parse_qs(parts.query).items()}


def is_socket(url: str) -> bool:
    """Whether ``url`` names a unix socket (``unix:///path``)."""
    return urlsplit(url).scheme in {"unix", "redis+socket"}


def socket_url(path: str) -> str:
    """The ``REDIS_URL`` of a server that listens on the unix socket ``path``."""
    return f"unix://{path}"


def broker_url(redis_url: str, *, db: int = BROKER_DB) -> str:
    """What Celery calls the same server: ``redis+socket:///path?virtual_host=0`` or ``redis://host:port/0``."""
    if is_socket(redis_url):
        path, query = _split_socket(redis_url)
        chosen = query.pop("db", None)
        query.setdefault("virtual_host", chosen or str(db))
        return f"redis+socket://{path}?{urlencode(query)}"
    return _with_database(redis_url, db)


def cache_url(redis_url: str, *, db: int = CACHE_DB) -> str:
    """What redis-py and Django's cache call the same server: ``unix:///path?db=1`` or ``redis://host:port/1``."""
    if is_socket(redis_url):
        path, query = _split_socket(redis_url)
        query.pop("virtual_host", None)
        query["db"] = str(db)
        return f"unix://{path}?{urlencode(query)}"
    return _with_database(redis_url, db)


def _with_database(url: str, db: int) -> str:
    url = _with_checked_certificate(url)
    parts = urlsplit(url)
    # A URL that names a database is taken at its word by the broker; the cache goes beside it.
    if parts.path.strip("/") and db == BROKER_DB:
        return url
    return urlunsplit(parts._replace(path=f"/{db}"))


def _with_checked_certificate(url: str) -> str:
    """Celery encrypts without looking at the server's certificate unless the URL says that it should."""
    parts = urlsplit(url)
    if parts.scheme != "rediss" or "ssl_cert_reqs" in parse_qs(parts.query):
        return url
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, "ssl_cert_reqs=required"]))))
