"""Addresses: one form to write to, one key to compare by, and what is refused."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.audience.addresses import LONGEST, masked, normal

LOCALS = st.text(string.ascii_letters + string.digits + "+-_=", min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("written", "address", "key"),
    [
        ("  Anna@Tidning.Example ", "Anna@tidning.example", "anna@tidning.example"),
        ("a.b+c@x.example", "a.b+c@x.example", "a.b+c@x.example"),
        ("desk@räksmörgås.se", "desk@xn--rksmrgs-5wao1o.se", "desk@xn--rksmrgs-5wao1o.se"),
        ("o'hara@x.test", "o'hara@x.test", "o'hara@x.test"),
    ],
)
def test_the_domain_is_an_a_label_and_the_key_is_casefolded(written, address, key):
    found = normal(written)
    assert (found.address, found.key) == (address, key)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "@x.example",
        "anna",
        "anna@",
        "anna@localhost",
        "a b@x.example",
        "a..b@x.example",
        ".a@x.example",
        '"a b"@x.example',
        "a(comment)@x.example",
        "a@[127.0.0.1]",
        "a@x..example",
        "a@-x.example",
        "a@x.example\r\nBcc: b@x.example",
        "a\x00@x.example",
        "a\u202e@x.example",
        "a\u2028@x.example",
        "a\x85@x.example",
        "Anna <a@x.example>",
        f"{'a' * 65}@x.example",
        f"a@{'x' * 64}.example",
        f"{'a' * 64}@{'.'.join(['x' * 60] * 4)}.example",
    ],
)
def test_what_is_refused_is_refused_in_one_line(wrong):
    with pytest.raises(ValueError, match=r"\S") as refused:
        normal(wrong)
    assert "\n" not in str(refused.value)


@given(LOCALS, st.sampled_from(["x.example", "Desk.Press.Example"]))
def test_an_address_is_its_own_normal_form(local, domain):
    first = normal(f"{local}@{domain}")
    assert normal(first.address) == first
    assert normal(first.key).key == first.key
    assert normal(f"{local.upper()}@{domain.upper()}").key == first.key
    assert len(first.address.encode()) <= LONGEST


def test_a_masked_address_shows_one_letter_of_the_person():
    assert masked("anna.andersson@tidning.example") == "a…@tidning.example"
