"""Where images and copies of volumes are downloaded from, passed on as they are read from their store."""

from uuid import UUID

from django.http import FileResponse, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from apps.storage.services.downloads import DownloadManager
from apps.storage.specs import image_store_ref
from cloudstack.contracts.errors import DriverError, NotFound
from cloudstack.framework.drivers import image_store_driver
from cloudstack.framework.errors import CloudError, ResourceUnavailable


@require_safe
def download(request: HttpRequest, ticket_uuid: UUID, signature: str, name: str) -> HttpResponseBase:
    """The file behind a signed address; ``name`` is only for whoever saves it."""
    try:
        ticket = DownloadManager().open(caller=None, ticket_uuid=str(ticket_uuid), signature=signature)
        try:
            file = image_store_driver(image_store_ref(ticket.store)).open(ticket.key)
        except NotFound:
            raise ResourceUnavailable("the file is not there any more; ask for another address") from None
        except DriverError:
            raise ResourceUnavailable("the image store does not answer at the moment; try again later") from None
    except CloudError as error:
        return JsonResponse({"errorcode": error.code, "errortext": error.message}, status=error.code)
    return FileResponse(file, as_attachment=True, filename=ticket.file_name, content_type="application/octet-stream")
