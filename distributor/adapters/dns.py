"""Who receives the mail of a domain, asked of DNS (RFC 5321 §5.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import dns.exception
import dns.resolver
from dns.rdatatype import RdataType

from distributor.errors import Unavailable

_PROVIDERS = {
    "google.com": "google",
    "googlemail.com": "google",
    "outlook.com": "microsoft",
    "hotmail.com": "microsoft",
    "microsoft.com": "microsoft",
    "mx.microsoft": "microsoft",
    "yahoo.com": "yahoo",
    "yahoodns.net": "yahoo",
    "apple.com": "apple",
    "icloud.com": "apple",
    "me.com": "apple",
}
"""The domains of the receiving hosts of those whom many domains have in common."""

_SECOND_LEVEL = frozenset(
    ("ac", "co", "com", "edu", "go", "gov", "gv", "mil", "ne", "net", "nhs", "or", "org")
)
"""Under a country's domain these are no one's own, as in ``co.uk``. There are more of them (the
Public Suffix List has thousands): then the groups of two providers are one, which only makes the
mail to both of them slower."""

_NEVER_ASKED = frozenset(
    ("alt", "example", "internal", "invalid", "local", "localhost", "onion", "test")
)
"""Nobody is found in DNS under these (RFC 6761, 6762, 7686, 9476)."""

_AT_ONCE = 16


class MailGroups:
    """Finds the MX group of a domain: all domains whose mail the same provider receives.

    ``nameservers`` are IP addresses, by default those of the system, asked at ``port``;
    ``patience`` is how many seconds one domain may take.
    """

    def __init__(
        self, *, nameservers: Sequence[str] = (), port: int = 53, patience: float = 2.0
    ) -> None:
        self._nameservers, self._port, self._patience = list(nameservers), port, patience

    def find_all(self, domains: Iterable[str]) -> dict[str, str | Unavailable]:
        """What :meth:`find` gives or raises for each of ``domains``, some asked at a time."""
        domains = list(domains)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return dict(zip(domains, pool.map(self._find, domains), strict=True))

    def find(self, domain: str) -> str:
        """The group of ``domain`` (an A-label in lower case).

        It is ``google``, ``microsoft``, ``yahoo`` or ``apple``, else the domain of the host that
        is first in preference (and then in the alphabet), else, where there is none or mail is
        not wanted (RFC 7505), ``domain`` itself.

        Raises:
            Unavailable: ``dns``, about ours: there was no answer, or none that says anything.
        """
        if domain.rpartition(".")[2] in _NEVER_ASKED:
            return domain
        try:
            answer = self._resolver().resolve(f"{domain}.", "MX", raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return domain
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            raise Unavailable("dns", f"{domain}: {error}"[:200], about="ours") from error
        found = [
            (record.preference, record.exchange.to_text(omit_final_dot=True).lower())
            for record in answer.rrset or ()
            if record.rdtype == RdataType.MX
        ]
        host = min(found)[1] if found else ""
        return group(host) if host.strip(".") else domain

    def _find(self, domain: str) -> str | Unavailable:
        try:
            return self.find(domain)
        except Unavailable as error:
            return error

    def _resolver(self) -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=not self._nameservers)
        if self._nameservers:
            resolver.nameservers = self._nameservers
            resolver.port = self._port
        resolver.lifetime = self._patience
        resolver.cache = None
        return resolver


def group(host: str) -> str:
    """The group of the domains whose mail ``host`` receives, a name in lower case without its
    final dot: a provider's word, or the domain that the host is in."""
    labels = host.split(".")
    for length in (2, 3):
        if provider := _PROVIDERS.get(".".join(labels[-length:])):
            return provider
    national = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3:] if national else labels[-2:])
