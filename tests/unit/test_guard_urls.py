"""URLs and headers as the guard reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.adapters.http import Blocked, check_own
from distributor.adapters.http.fields import check
from distributor.adapters.http.urls import pair, place


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("ftp://example.com/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("gopher://example.com/", "scheme"),
        ("http+unix://%2Fvar%2Frun%2Fsocket/x", "scheme"),
        ("//example.com/", "scheme"),
        ("example.com/hook", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("http:/127.0.0.1", "shape"),
        ("https:///hook", "shape"),
        ("https:example.com", "shape"),
        ("", "scheme"),
        ("https://example.com/a\r\nHost: evil", "characters"),
        ("https://example.com/a b", "characters"),
        ("https://exa\tmple.com/", "characters"),
        ("https://example.com/\x7f", "characters"),
        ("https://example.com/\ud800", "characters"),
        ("https://127.0.0.1\\@example.com/", "characters"),
        ("https://user@example.com/", "userinfo"),
        ("https://user:secret@example.com/", "userinfo"),
        ("https://example.com@127.0.0.1/", "userinfo"),
        ("https://example.com/#part", "fragment"),
        ("https://example.com#@127.0.0.1/", "fragment"),
        ("https://[::1%25lo]/", "zone"),
        ("https://[fe80::1%25lo]/", "zone"),
        ("https://[::1]evil.com/", "shape"),
        ("https://[127.0.0.1]/", "shape"),
        ("https://①②⑦.⓪.⓪.①/", "shape"),
        ("https://127。0。0。1/", "shape"),
        ("https://example.com:99999/", "shape"),
        ("https://example.com:-1/", "shape"),
        ("https://a..example.com/", "name"),
        ("https://example.com../", "name"),
        ("https://./", "name"),
        ("https://a%2fb.example.com/", "name"),
        (f"https://{'a' * 64}.example.com/", "name"),
        (f"https://{'a.' * 127}com/", "name"),
        (f"https://example.com/{'a' * 2048}", "length"),
    ],
)
def test_hostile_urls(url: str, rule: str) -> None:
    with pytest.raises(Blocked) as caught:
        place(url)
    assert caught.value.rule == rule
    assert caught.value.reason == "blocked"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("HTTPS://Example.COM", "https://example.com/"),
        ("https://example.com.:443/a", "https://example.com/a"),
        ("https://example.com:8443/a?b=c", "https://example.com:8443/a?b=c"),
        ("https://räksmörgås.se/å", "https://xn--rksmrgs-5wao1o.se/%C3%A5"),
        ("http://[0:0::1]:8080/", "http://[::1]:8080/"),
        ("https://example.com?token=x", "https://example.com/?token=x"),
        ("https://my_service.example.com/", "https://my_service.example.com/"),
    ],
)
def test_normal_form(url: str, normal: str) -> None:
    assert place(url).url == normal
    assert place(normal).url == normal


@given(st.text(max_size=40))
def test_any_text_gives_an_ascii_url_or_is_refused(text: str) -> None:
    for url in (text, f"https://{text}/", f"https://example.com/{text}"):
        try:
            found = place(url)
        except Blocked:
            continue
        assert found.url.isascii()
        assert place(found.url) == found


def test_pairs_of_host_and_port() -> None:
    assert pair("https://Press.example.se/") == ("press.example.se", 443)
    assert pair("http://127.0.0.1:8000") == ("127.0.0.1", 8000)
    assert pair("press.example.se:8443") == ("press.example.se", 8443)
    assert pair("http://press.example.se") == ("press.example.se", 80)
    with pytest.raises(ValueError, match="neither"):
        pair("")


@pytest.mark.parametrize(
    "name",
    [
        "Host", "connection", "Content-Type", "content-length", "Content-Encoding",
        "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Expect", "Accept-Encoding", "Cookie",
        "Proxy-Authorization", "Webhook-Id", "webhook-signature", "", "a b", "a:b", "å", "a\r\nb",
    ],
)  # fmt: skip
def test_header_names_that_an_endpoint_may_not_have(name: str) -> None:
    with pytest.raises(Blocked) as caught:
        check_own([(name, "x")])
    assert caught.value.rule == "header"


@pytest.mark.parametrize(
    "value", ["a\rb", "a\nb", "a\0b", "a\r\nb: c", "\x7f", " a", "a ", "€", "x" * 4097]
)
def test_header_values_that_an_endpoint_may_not_have(value: str) -> None:
    for checked in (check_own, check):
        with pytest.raises(Blocked) as caught:
            checked([("authorization", value)])
        assert value.strip() == "a" or value not in caught.value.message


def test_own_headers_that_are_good() -> None:
    check_own([("Authorization", "Bearer x" + "y" * 4000), ("X-Key", "ö")])
    check_own([(f"x-{number}", "") for number in range(10)])
    with pytest.raises(Blocked, match="More than 10"):
        check_own([(f"x-{number}", "") for number in range(11)])
    with pytest.raises(Blocked, match="twice"):
        check_own([("x-a", "1"), ("X-A", "2")])
