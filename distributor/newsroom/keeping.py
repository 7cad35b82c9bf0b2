"""Pictures and documents of an issued release stay as they are; the admin says why."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from wagtail.admin import messages
from wagtail.documents.views import documents
from wagtail.documents.views import multiple as many_documents
from wagtail.images.views import images
from wagtail.images.views import multiple as many_images

from distributor.newsroom.media import Picture, UploadedDocument

if TYPE_CHECKING:
    from django.urls import URLPattern

Upload = Picture | UploadedDocument
View = Callable[..., Any]


def urls() -> list[URLPattern]:
    """The admin's addresses that delete an upload, to stand before Wagtail's own, which ask no
    hook."""
    picture, document = Picture, UploadedDocument
    return [
        path("images/<int:pk>/delete/", _kept(picture, images.DeleteView, "image_id")),
        path(
            "images/multiple/<int:pk>/delete/", _kept(picture, many_images.DeleteView, "image_id")
        ),
        path("documents/delete/<int:pk>/", _kept(document, documents.DeleteView, "document_id")),
        path(
            "documents/multiple/<int:pk>/delete/",
            _kept(document, many_documents.DeleteView, "doc_id"),
        ),
    ]


def refusal(uploads: Iterable[object]) -> str:
    """Why ``uploads`` cannot all be deleted; "" if they can."""
    for upload in uploads:
        if isinstance(upload, Upload) and (titles := upload.shown_by()):
            return _(
                "“%(file)s” stays: the release “%(release)s” shows it. Withdraw or correct that "
                "release instead; the file of an issued release is neither deleted nor replaced."
            ) % {"file": upload.title, "release": Truncator(titles[0]).chars(80)}
    return ""


def _kept(model: type[Upload], view: Any, key: str) -> View:
    delete = view.as_view()

    def guarded(request: HttpRequest, pk: int) -> HttpResponse:
        said = refusal(model._default_manager.filter(pk=pk))
        if not said:
            answer: HttpResponse = delete(request, **{key: pk})
            return answer
        if view in (many_images.DeleteView, many_documents.DeleteView):
            return JsonResponse({"success": False, "error_message": said}, status=409)
        messages.error(request, said)
        edit = "wagtailimages:edit" if model is Picture else "wagtaildocs:edit"
        return redirect(edit, pk)

    return guarded
