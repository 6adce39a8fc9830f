"""Where images are uploaded to: the body is written to disk as it arrives, bounded, and checked by a job."""

import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from apps.storage.models import Template
from apps.storage.services import staging
from apps.storage.services.uploads import UploadManager
from cloudstack.framework.errors import CloudError, InvalidParameter
from cloudstack.framework.jobs import AsyncJob

log = logging.getLogger(__name__)

CHUNK = 1 << 20


@csrf_exempt
@require_http_methods(["POST", "OPTIONS"])
def upload(request: HttpRequest, ticket_uuid: UUID) -> HttpResponse:
    """Take one file, as a form (``multipart/form-data``) or as the whole body.

    The signature may stand in headers (``X-signature``, ``X-metadata``, ``X-expires``) or in the query.
    No session and no cookie counts here, so forging requests across sites gains nothing.
    """
    if request.method == "OPTIONS":
        return _with_cors(HttpResponse(status=204))
    manager = UploadManager()
    try:
        template = manager.claim(
            caller=None,
            ticket_uuid=str(ticket_uuid),
            metadata=_given(request, "metadata"),
            expires=_given(request, "expires"),
            signature=_given(request, "signature"),
        )
        job = _receive(request, manager, template)
    except CloudError as error:
        return _with_cors(JsonResponse({"errorcode": error.code, "errortext": error.message}, status=error.code))
    return _with_cors(JsonResponse({"templateid": str(template.uuid), "jobid": str(job.uuid)}))


def _given(request: HttpRequest, name: str) -> str:
    return request.headers.get(f"X-{name}") or request.GET.get(name, "")


def _receive(request: HttpRequest, manager: UploadManager, template: Template) -> AsyncJob:
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > staging.max_image_bytes() + CHUNK:
        manager.receive(caller=None, template=template, chunks=_too_large())
    if request.content_type == "multipart/form-data":
        return manager.receive(caller=None, template=template, chunks=_of_form(request, template))
    return manager.receive(caller=None, template=template, chunks=_of_body(request))


def _of_body(request: HttpRequest) -> Iterator[bytes]:
    try:
        while chunk := request.read(CHUNK):
            yield chunk
    except OSError as error:
        raise InvalidParameter("the upload broke off") from error


def _too_large() -> Iterator[bytes]:
    raise InvalidParameter(f"the file has more than the {staging.max_image_bytes() >> 30} GiB that are allowed")
    yield b""


def _of_form(request: HttpRequest, template: Template) -> Iterator[bytes]:
    """The first file of the form, spooled next to the staging area so that it is bounded while it arrives."""
    handler = _Spool(template)
    request.upload_handlers = [handler]
    try:
        request.FILES  # noqa: B018 - reading it is what parses the body
        if handler.problem:
            raise InvalidParameter(handler.problem)
        if handler.path is None or not handler.path.exists():
            raise InvalidParameter("the form holds no file")
        with handler.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except (MultiPartParserError, OSError) as error:
        raise InvalidParameter(f"the upload broke off: {type(error).__name__}") from error
    finally:
        handler.clean()


class _Spool(FileUploadHandler):
    """Writes the first file of a form to the staging folder and stops at the size bound."""

    chunk_size = CHUNK

    def __init__(self, template: Template):
        super().__init__()
        self.path = staging.staging_dir() / f"{template.uuid}.form"
        self.limit = staging.max_image_bytes()
        self.size = 0
        self.files = 0
        self.problem = ""
        self._file: Any = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.files += 1
        if self.files > 1:
            self.problem = "the form holds more than one file"
            raise StopUpload(connection_reset=False)
        self._file = self.path.open("wb")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.size += len(raw_data)
        if self.size > self.limit:
            self.problem = f"the file has more than the {self.limit >> 30} GiB that are allowed"
            raise StopUpload(connection_reset=True)
        self._file.write(raw_data)

    def file_complete(self, file_size: int) -> None:
        if self._file:
            self._file.close()

    def clean(self) -> None:
        if self._file:
            self._file.close()
        self.path.unlink(missing_ok=True)


def _with_cors(response: HttpResponse) -> HttpResponse:
    """Browsers of a portal under another name send the headers only when told that they may."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Allow-Methods"] = "POST, OPTIONS"
    response["Access-Control-Allow-Headers"] = "x-signature, x-metadata, x-expires, content-type"
    return response
