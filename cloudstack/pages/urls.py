"""The addresses of all sections. Read after every app is ready."""

from functools import partial
from typing import Any

from django.urls import path

from cloudstack.pages import bulk, jobs, lists, objects, operations, registry
from cloudstack.pages.sections import Section


def _bound(view: Any, section: Section) -> Any:
    return partial(view, section=section)


def of_section(section: Section) -> list[Any]:
    slug = section.slug
    return [
        path(f"{slug}/", _bound(lists.list_page, section), name=f"{slug}-list"),
        path(f"{slug}/new/<str:key>/", _bound(operations.create_page, section), name=f"{slug}-create"),
        path(f"{slug}/several/", _bound(bulk.bulk_page, section), name=f"{slug}-bulk"),
        path(f"{slug}/<str:uuid>/", _bound(objects.object_page, section), name=f"{slug}-object"),
        path(f"{slug}/<str:uuid>/do/<str:key>/", _bound(operations.do_page, section), name=f"{slug}-do"),
        path(f"{slug}/<str:uuid>/do/<str:key>/<str:row_id>/", _bound(operations.row_page, section), name=f"{slug}-row"),
    ]


def urlpatterns() -> list[Any]:
    """What the portal's address book includes under the name space ``portal``."""
    found = [
        path("jobs/", jobs.jobs_page, name="jobs"),
        path("jobs/<uuid:uuid>/", jobs.job_page, name="job"),
        path("jobs/<uuid:uuid>/cancel/", jobs.cancel_page, name="job-cancel"),
        path("several/<str:key>/", bulk.batch_page, name="batch"),
    ]
    for section in registry.sections():
        found += of_section(section)
    return found
