"""Pages of lists: ``page`` and ``pagesize`` as in the command API."""

from typing import Any

from django.core.paginator import Paginator
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from cloudstack.api.dispatcher import Result
from cloudstack.framework.errors import InvalidParameter

PAGE_SIZE = 50
AFTER = "after"


class CommandPagination(PageNumberPagination):
    """Links around a page that the command itself has cut out."""

    page_query_param = "page"
    page_size_query_param = "pagesize"
    page_size = PAGE_SIZE

    def wire(self, request: Request) -> dict[str, str]:
        """The paging parameters of the command: by number, or behind a row."""
        size = {"pagesize": request.query_params.get("pagesize") or str(PAGE_SIZE)}
        if AFTER in request.query_params:
            return size
        return {"page": request.query_params.get("page") or "1", **size}

    def respond(self, request: Request, result: Result) -> Response:
        """The page with its count and links."""
        sent = self.wire(request)
        if "page" not in sent:
            return self._behind(request, result, int(sent["pagesize"]))
        number, size = int(sent["page"]), int(sent["pagesize"])
        if size < 1:
            raise InvalidParameter("pagesize starts at 1", parameter="pagesize")
        self.request = request
        count = result.count
        paginator = Paginator(range(count), size)
        rows: list[Any] = result.rows or []
        if rows:
            self.page = paginator.page(number)
            self.display_page_controls = paginator.num_pages > 1
            links = self.get_next_link(), self.get_previous_link()
        else:
            # Past the end the total is not known; the first page is always there.
            self.page = Paginator(range(0), size).page(1)
            self.display_page_controls = False
            links = None, None
        return _page(count, links[0], links[1], rows)

    def _behind(self, request: Request, result: Result, size: int) -> Response:
        """A page behind a row. There is no way back: the page before is not known by its first row."""
        rows: list[Any] = result.rows or []
        last = rows[-1].get("id") if len(rows) == size else None
        self.page = Paginator(range(0), max(size, 1)).page(1)
        self.display_page_controls = False
        url = request.build_absolute_uri()
        link = replace_query_param(url, AFTER, last) if last else None
        return _page(result.count, link, None, rows)


def _page(count: int, following: str | None, before: str | None, rows: list[Any]) -> Response:
    """The page. Its links stand in the body and, for programs that know RFC 8288, in the header ``Link``."""
    links = ((before, "prev"), (following, "next"))
    header = ", ".join(f'<{url}>; rel="{name}"' for url, name in links if url)
    body = {"count": count, "next": following, "previous": before, "results": rows}
    return Response(body, headers={"Link": header} if header else None)
