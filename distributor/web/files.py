"""Pictures and documents of public editions, under their SHA-256."""

from __future__ import annotations

import mimetypes

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

from distributor.dispatch import editions
from distributor.dispatch.models import EditionFile
from distributor.web import personal

_SHOWN = frozenset({"application/pdf", "image/jpeg", "image/png", "image/webp"})
"""Types that a browser may show; all others are offered for saving."""


@require_safe
def file(request: HttpRequest, sha256: str, name: str) -> HttpResponse | FileResponse:
    """A file while a public edition shows it, 410 once its last day has passed, else 404.

    It is asked of the clock each time: a cached copy must be checked before it is used again. A
    granted reader's personal page has addresses that are good before the lift (``?signed=``).
    """
    found, caching = editions.file(sha256), "public, no-cache"
    if found is None and "signed" in request.GET:
        found = personal.file(sha256, request.GET["signed"])
        caching = personal.HEADERS["Cache-Control"]
    if found is None:
        if EditionFile.objects.filter(sha256=sha256, edition__in=editions.public()).exists():
            return HttpResponse("Gone: this may no longer be shown.\n", "text/plain", status=410)
        raise Http404
    etag = f'"{sha256}"'
    known = parse_etags(request.headers.get("If-None-Match", ""))
    response: HttpResponse | FileResponse
    if known == ["*"] or etag in known:
        response = HttpResponseNotModified()
    else:
        try:
            content = default_storage.open(found.path, "rb")
        except FileNotFoundError:
            raise Http404 from None
        kind = mimetypes.guess_type(found.path)[0] or "application/octet-stream"
        response = FileResponse(
            content, content_type=kind, as_attachment=kind not in _SHOWN, filename=name
        )
    response["ETag"] = etag
    response["Cache-Control"] = caching
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    return response
