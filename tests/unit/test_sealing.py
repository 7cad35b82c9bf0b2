"""Tokens prove what they were made for and nothing else; sealed fields open in their row only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.sealing import Keys, Sealer, address_hash, decrypt, encrypt, person, seal, unseal

KEYS = Keys("a key that is long enough")


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_a_token_gives_its_id_back(ident: int) -> None:
    token = seal(KEYS, "unsubscribe", ident)
    assert unseal(KEYS, "unsubscribe", token) == ident
    assert token == Sealer(KEYS, "unsubscribe").seal(ident)
    assert len(token) <= 58
    assert token.lower() == token


@given(st.integers(min_value=0, max_value=41), st.sampled_from("0123456789abcdef"))
def test_a_changed_token_is_refused(place: int, digit: str) -> None:
    token = seal(KEYS, "unsubscribe", 7)
    forged = token[:place] + digit + token[place + 1 :]
    assert (unseal(KEYS, "unsubscribe", forged) == 7) == (forged == token)


def test_a_token_is_good_for_its_purpose_only() -> None:
    assert unseal(KEYS, "preferences", seal(KEYS, "unsubscribe", 7)) is None


@pytest.mark.parametrize("token", ["", "x", "zz" * 21, "00" * 21, "é" * 42])
def test_rubbish_is_refused(token: str) -> None:
    assert unseal(KEYS, "unsubscribe", token) is None


def test_an_upper_case_token_is_refused() -> None:
    assert unseal(KEYS, "unsubscribe", seal(KEYS, "unsubscribe", 255).upper()) is None


def test_after_a_change_of_key_old_tokens_and_fields_still_open() -> None:
    token, sealed = seal(KEYS, "unsubscribe", 7), encrypt(KEYS, b"https://a.example", b"1")
    after = Keys("another key, newer", (KEYS.current,))
    assert unseal(after, "unsubscribe", token) == 7
    assert decrypt(after, sealed, b"1") == b"https://a.example"
    assert person(after, "r", 7) == person(KEYS, "r", 7)
    assert address_hash(after, "a@b.example") == address_hash(KEYS, "a@b.example")
    assert unseal(Keys("another key, newer"), "unsubscribe", token) is None


def test_a_sealed_field_opens_in_its_own_row_only() -> None:
    sealed = encrypt(KEYS, b"secret", b"row 1")
    assert sealed != encrypt(KEYS, b"secret", b"row 1")
    for wrong in (b"", sealed[:-1] + b"x", sealed[:20]):
        with pytest.raises(ValueError, match="sealed"):
            decrypt(KEYS, wrong, b"row 1")
    with pytest.raises(ValueError, match="sealed"):
        decrypt(KEYS, sealed, b"row 2")
