import pytest

from distributor.rendering.subject import label, subject
from tests.golden.mails import editions
from tests.samples import sample_site

PREFIXES = [
    ("first", True, "", ""),
    ("news", True, "", ""),
    ("invitation", True, "Pressinbjudan: ", "Press invitation: "),
    ("embargoed", True, "EMBARGO till 14 oktober kl. 06.00: ", "EMBARGO until 14 October 06:00: "),
    (
        "embargoed-resumed",
        False,
        "EMBARGO till 14 oktober kl. 06.00: KLART ATT ANVÄNDA: ",
        "EMBARGO until 14 October 06:00: CLEARED FOR USE: ",
    ),
    ("update", False, "UPPDATERAD: ", "UPDATED: "),
    ("changed", False, "ÄNDRAD: ", "CHANGED: "),
    ("cancelled", False, "INSTÄLLD: ", "CANCELLED: "),
    ("fact", False, "RÄTTELSE: ", "CORRECTION: "),
    ("withheld", False, "AVVAKTA: ", "HOLD: "),
    ("resumed", False, "KLART ATT ANVÄNDA: ", "CLEARED FOR USE: "),
    ("withdrawn", False, "ÅTERKALLAT: ", "WITHDRAWN: "),
    ("withheld", True, "AVVAKTA: ", "HOLD: "),
    ("withdrawn", True, "ÅTERKALLAT: ", "WITHDRAWN: "),
    ("language", False, "", ""),
    ("update", True, "", ""),
    ("fact", True, "", ""),
    ("resumed", True, "", ""),
    ("changed", True, "Pressinbjudan: ", "Press invitation: "),
    ("cancelled", True, "INSTÄLLD: ", "CANCELLED: "),
]


@pytest.mark.parametrize(("kind", "first", "swedish", "english"), PREFIXES)
def test_each_edition_has_its_prefix(kind: str, first: bool, swedish: str, english: str) -> None:
    for language, expected in (("sv", swedish), ("en", english)):
        release = editions(language)[kind]
        assert subject(release, sample_site(), first=first) == expected + release.title


def test_an_erased_release_is_named_by_kind_and_date() -> None:
    for language, expected in (
        ("sv", "ÅTERKALLAT: pressmeddelande 15 november 2023"),
        ("en", "WITHDRAWN: press release of 15 November 2023"),
    ):
        assert subject(editions(language)["erased"], sample_site(), first=False) == expected


def test_a_test_says_so_and_never_has_more_than_two_prefixes() -> None:
    releases = editions("sv")
    site = sample_site()
    assert subject(releases["first"], site, first=True, test=True).startswith("TEST: Ekvik")
    embargoed = subject(releases["embargoed"], site, first=True, test=True)
    assert embargoed.startswith("TEST: EMBARGO till 14 oktober kl. 06.00: Ekvik")


def test_the_kind_is_named_above_the_title() -> None:
    assert [label(editions("sv")[kind]) for kind in ("first", "invitation", "news")] == [
        "Pressmeddelande",
        "Pressinbjudan",
        "Nyhet",
    ]
    assert [label(editions("en")[kind]) for kind in ("first", "invitation", "news")] == [
        "Press release",
        "Press invitation",
        "News",
    ]
