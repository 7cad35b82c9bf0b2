"""The house's own registers: press contacts, and what every release of a language begins with."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel

from distributor.newsroom import languages


class HouseContact(models.Model):
    """A press contact to choose from. Issued editions keep the contact as it was then."""

    name = models.CharField(_("name"), max_length=120)
    role = models.CharField(_("role"), max_length=120, blank=True)
    organisation = models.CharField(_("organisation"), max_length=120, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    email = models.EmailField(_("email"), blank=True)
    hours = models.CharField(
        _("hours"), max_length=120, blank=True, help_text=_("When to call, in words.")
    )
    language = models.CharField(_("language"), max_length=12, choices=languages.choices)
    filled_in = models.BooleanField(
        _("filled in"), default=True, help_text=_("New releases in this language begin with it.")
    )

    panels = [
        FieldRowPanel([FieldPanel("name"), FieldPanel("role")]),
        FieldPanel("organisation"),
        FieldRowPanel([FieldPanel("phone"), FieldPanel("email")]),
        FieldPanel("hours"),
        FieldRowPanel([FieldPanel("language"), FieldPanel("filled_in")]),
    ]

    class Meta:
        verbose_name = _("press contact")
        verbose_name_plural = _("press contacts")
        ordering = ["language", "name"]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"

    def clean(self) -> None:
        if not (self.phone or self.email):
            raise ValidationError(_("A press contact needs a phone number or an email address."))


class House(models.Model):
    """What the house says in one language: texts that releases share."""

    language = models.CharField(
        _("language"), max_length=12, choices=languages.choices, unique=True
    )
    place = models.CharField(
        _("place"), max_length=80, blank=True, help_text=_("Filled in where a release names none.")
    )
    boilerplate = models.TextField(
        _("about the sender"),
        max_length=2000,
        blank=True,
        help_text=_("Stands last in every release that has no such text of its own."),
    )
    licences = models.TextField(
        _("licences"), blank=True, help_text=_("What pictures may be used for: one a line.")
    )
    jargon = models.TextField(
        _("jargon"), blank=True, help_text=_("Words that the house avoids: one a line.")
    )

    panels = [
        FieldPanel("language"),
        MultiFieldPanel(
            [FieldPanel("place"), FieldPanel("boilerplate")], heading=_("In every release")
        ),
        MultiFieldPanel([FieldPanel("licences"), FieldPanel("jargon")], heading=_("Word lists")),
    ]

    class Meta:
        verbose_name = _("house text")
        verbose_name_plural = _("house texts")
        ordering = ["language"]

    def __str__(self) -> str:
        return f"{settings.DISTRIBUTOR.site.name} ({self.language})"


class Rules(models.Model):
    """How the house works; one row."""

    four_eyes = models.BooleanField(
        _("four eyes"),
        default=True,
        help_text=_(
            "What is published has been read by somebody who did not write it. It holds as soon as "
            "two people may approve."
        ),
    )

    panels = [FieldPanel("four_eyes")]

    class Meta:
        verbose_name = _("house rule")
        verbose_name_plural = _("house rules")

    def __str__(self) -> str:
        return str(settings.DISTRIBUTOR.site.name)


def rules() -> Rules:
    """The house's rules."""
    return Rules.objects.first() or Rules()


def house(language: str) -> House:
    """The house's texts in ``language``; empty ones if none are kept."""
    return House.objects.filter(language=language).first() or House(language=language)


def contacts(language: str) -> list[HouseContact]:
    """The contacts with which a new release in ``language`` begins."""
    return list(HouseContact.objects.filter(language=language, filled_in=True))
