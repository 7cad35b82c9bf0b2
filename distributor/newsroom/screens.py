"""The comms office's own screens: uploads as the admin shows them, and Import."""

from __future__ import annotations

import mimetypes
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, SuspiciousFileOperation
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from distributor.newsroom import drafting, importing, languages
from distributor.newsroom.importing import Unreadable
from distributor.newsroom.models import NewsroomPage

_PICTURES = frozenset({"image/jpeg", "image/png", "image/webp"})
"""What a browser may show; any other upload could hold a script, and is saved instead."""


def upload(request: HttpRequest, path: str) -> FileResponse:
    """An upload, for those who are logged in to the admin."""
    try:
        content = default_storage.open(path, "rb")
    except (OSError, SuspiciousFileOperation):
        raise Http404 from None
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    response = FileResponse(content, content_type=kind, as_attachment=kind not in _PICTURES)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'"
    return response


class ImportForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy(".txt, .md, .docx or .html")
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        required=False,
        choices=lambda: [("", gettext_lazy("As the file has it")), *languages.choices()],
    )


class ImportView(WagtailAdminTemplateMixin, FormView):  # type: ignore[type-arg]
    """A file becomes a draft; what the import noticed is shown above it in the editor."""

    form_class = ImportForm
    template_name = "newsroom/admin/import.html"
    page_title = gettext_lazy("Import a file")
    header_icon = "download"
    breadcrumbs_items = [
        {"url": reverse_lazy("wagtailadmin_home"), "label": gettext_lazy("Home")},
        {"url": "", "label": gettext_lazy("Import a file")},
    ]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        pages = NewsroomPage.objects.all()
        if not any(page.permissions_for_user(request.user).can_add_subpage() for page in pages):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: ImportForm) -> HttpResponse:
        file, site = form.cleaned_data["file"], settings.DISTRIBUTOR.site
        user = self.request.user
        try:
            draft = importing.read(
                file.name,
                file.read(),
                language=form.cleaned_data["language"] or None,
                languages=site.languages,
                sender=site.name,
            )
            with drafting.whole() as names:
                page = drafting.create(draft, names, owner=user if isinstance(user, User) else None)
        except (Unreadable, drafting.Unusable) as error:
            form.add_error("file", str(error))
            return self.form_invalid(form)
        messages.success(self.request, _("“%s” is now a draft.") % page.get_admin_display_title())
        return redirect("wagtailadmin_pages:edit", page.pk)
