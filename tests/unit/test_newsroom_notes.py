"""What the import notices is said in the office's language."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from django.utils import translation

from distributor.newsroom.importing import MESSAGES, house_note
from distributor.newsroom.importing.notes import note
from distributor.newsroom.panels import said


@pytest.mark.parametrize("rule", MESSAGES)
def test_every_note_is_there_in_swedish(rule):
    with translation.override("sv"):
        text = said(asdict(note(rule, 3, left_out="Bild 1")))
    assert text.endswith(": Bild 1")
    assert not text.startswith(MESSAGES[rule][1])


def test_the_fields_that_the_house_filled_in_are_named():
    with translation.override("sv"):
        assert (
            said(asdict(house_note(["place", "contacts"]))) == "ifyllt från huset: ort, kontakter"
        )
    with translation.override("en"):
        assert said(asdict(house_note(["place"]))) == "filled in from the house: place"
