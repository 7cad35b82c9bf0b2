"""Whether the service is alive, and whether it can do its job."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from distributor.service import vitals


@require_safe
@never_cache
def alive(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Each part as JSON; 200 if all that is needed is well, else 503."""
    services = vitals.services()
    well = all(services[name] == "ok" for name in vitals.NEEDED)
    response = JsonResponse(services, status=200 if well else 503)
    # Whoever asks every second must not fill the log: an answer that says "no" is no error.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
