"""The blocks an editor writes a release with: one for each kind of block in a release."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.blocks.struct_block import BlockGroup
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.images.blocks import ImageChooserBlock
from wagtail.snippets.blocks import SnippetChooserBlock

INLINE = ["bold", "italic", "link"]
MAX_BLOCKS = 200


def _text(**options: object) -> blocks.RichTextBlock:
    return blocks.RichTextBlock(features=INLINE, **options)


def _language() -> blocks.CharBlock:
    return blocks.CharBlock(
        required=False,
        max_length=12,
        label=_("Language"),
        help_text=_("Only if it is not the release’s own: “en”, “fi”, “se” …"),
    )


def _layout(*names: str) -> BlockGroup:
    return BlockGroup(children=list(names), settings=["language"])


class ParagraphBlock(blocks.StructBlock):
    text = _text(label=_("Text"))
    language = _language()

    class Meta:
        icon = "pilcrow"
        label = _("Paragraph")
        form_layout = _layout("text")


class HeadingBlock(blocks.StructBlock):
    text = blocks.CharBlock(max_length=120, label=_("Heading"))
    level = blocks.ChoiceBlock(
        choices=[("2", _("Heading")), ("3", _("Subheading"))], default="2", label=_("Level")
    )
    language = _language()

    class Meta:
        icon = "title"
        label = _("Heading")
        form_layout = _layout("text", "level")


class ItemsBlock(blocks.StructBlock):
    items = blocks.ListBlock(_text(label=_("Item")), max_num=50, label=_("Items"))
    ordered = blocks.BooleanBlock(required=False, label=_("Numbered"))
    language = _language()

    class Meta:
        icon = "list-ul"
        label = _("List")
        form_layout = _layout("items", "ordered")


class QuoteBlock(blocks.StructBlock):
    text = _text(
        label=_("Quote"), help_text=_("Without the dash in front: it is set where it is due.")
    )
    name = blocks.CharBlock(required=False, max_length=120, label=_("Name"))
    title = blocks.CharBlock(required=False, max_length=200, label=_("Job title"))
    language = _language()

    class Meta:
        icon = "openquote"
        label = _("Quote")
        form_layout = _layout("text", "name", "title")


class StatementBlock(blocks.StructBlock):
    intro = blocks.CharBlock(
        max_length=300,
        label=_("Introduction"),
        help_text=_("Such as “The jury’s citation:”."),
    )
    text = _text(label=_("Text"), help_text=_("One to ten paragraphs."))
    source = blocks.CharBlock(required=False, max_length=200, label=_("Source"))
    language = _language()

    class Meta:
        icon = "doc-full"
        label = _("Statement")
        form_layout = _layout("intro", "text", "source")


class ImageBlock(blocks.StructBlock):
    image = ImageChooserBlock(
        label=_("Picture"), help_text=_("Credit and licence are kept with the picture.")
    )
    alt = blocks.CharBlock(
        required=False,
        max_length=300,
        label=_("Alternative text"),
        help_text=_("What the picture shows, for those who do not see it."),
    )
    decorative = blocks.BooleanBlock(
        required=False,
        label=_("Decorative"),
        help_text=_("It says nothing that the text does not."),
    )
    caption = blocks.CharBlock(required=False, max_length=500, label=_("Caption"))
    language = _language()

    class Meta:
        icon = "image"
        label = _("Picture")
        form_layout = _layout("image", "alt", "decorative", "caption")


class AttachmentBlock(blocks.StructBlock):
    document = DocumentChooserBlock(label=_("Document"))
    title = blocks.CharBlock(max_length=200, label=_("Document title"))
    language = _language()

    class Meta:
        icon = "doc-full-inverse"
        label = _("Attachment")
        form_layout = _layout("document", "title")


class FactBoxBlock(blocks.StructBlock):
    title = blocks.CharBlock(max_length=120, label=_("Heading"))
    content = blocks.StreamBlock(
        [("paragraph", ParagraphBlock()), ("list", ItemsBlock())], label=_("Content")
    )
    language = _language()

    class Meta:
        icon = "info-circle"
        label = _("Fact box")
        form_layout = _layout("title", "content")


class EmbedLinkBlock(blocks.StructBlock):
    url = blocks.CharBlock(max_length=2000, label=_("Address"), help_text=_("https://…"))
    title = blocks.CharBlock(max_length=200, label=_("Link text"))
    language = _language()

    class Meta:
        icon = "link"
        label = _("Link to a film or the like")
        form_layout = _layout("url", "title")


class BodyBlock(blocks.StreamBlock):
    """The body of a release; the names are the tags of ``distributor.release``."""

    paragraph = ParagraphBlock()
    heading = HeadingBlock()
    list = ItemsBlock()
    quote = QuoteBlock()
    statement = StatementBlock()
    image = ImageBlock()
    attachment = AttachmentBlock()
    fact_box = FactBoxBlock()
    embed = EmbedLinkBlock()

    class Meta:
        required = False
        max_num = MAX_BLOCKS


class ContactBlock(blocks.StructBlock):
    """A press contact of this release alone."""

    name = blocks.CharBlock(max_length=120, label=_("Name"))
    role = blocks.CharBlock(required=False, max_length=120, label=_("Role"))
    organisation = blocks.CharBlock(required=False, max_length=120, label=_("Organisation"))
    phone = blocks.CharBlock(required=False, max_length=40, label=_("Phone"))
    email = blocks.CharBlock(required=False, max_length=254, label=_("Email"))
    hours = blocks.CharBlock(
        required=False, max_length=120, label=_("Hours"), help_text=_("When to call, in words.")
    )

    class Meta:
        icon = "user"
        label = _("A contact of this release")


class ContactsBlock(blocks.StreamBlock):
    house = SnippetChooserBlock(
        "newsroom.HouseContact", icon="group", label=_("From the house’s contacts")
    )
    own = ContactBlock()

    class Meta:
        required = False
        max_num = 10
