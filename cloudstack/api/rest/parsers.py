"""How bodies are read."""

from typing import Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, FormParser, MultiPartParser


class StrictJSONParser(BaseParser):
    """JSON as RFC 8259 has it: UTF-8, no lone halves of characters, no NaN, nested no deeper than anybody needs.

    What is larger than ``DATA_UPLOAD_MAX_MEMORY_SIZE`` is not read.
    """

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        request = (parser_context or {}).get("request")
        body = stream.read() if request is None else request._request.body
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is no JSON: {error}") from None


PARSERS = (StrictJSONParser, FormParser, MultiPartParser)
