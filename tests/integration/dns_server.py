"""A name server on loopback that knows what it is told."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class NameServer:
    """Answers questions for MX over UDP until the ``with`` block ends.

    ``hosts`` has the receiving hosts of domains, each as ``"10 mx.host."``; of a domain that has
    none there is no such record, of one that is not there no such name. Nothing is said about
    those in ``silent``. ``asked`` has every question.
    """

    def __init__(self, hosts: dict[str, list[str]], silent: tuple[str, ...] = ()) -> None:
        self.hosts, self.silent = hosts, silent
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                data, client = self._socket.recvfrom(4096)
                if not data:
                    return
                answer = self._answer(dns.message.from_wire(data))
                if answer is not None:
                    self._socket.sendto(answer.to_wire(), client)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        name = query.question[0].name
        domain = name.to_text(omit_final_dot=True)
        self.asked.append(domain)
        if domain in self.silent:
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if domain not in self.hosts:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif self.hosts[domain]:
            answer.answer.append(dns.rrset.from_text(name, 300, "IN", "MX", *self.hosts[domain]))
        return answer
