"""What the guard refuses."""

from distributor.errors import Refused


class Blocked(Refused):
    """The guard will not make this request, and nothing was sent.

    ``rule`` is one short word for statistics and programs (see ``docs/webhooks``); ``message``
    says to a person what is wrong and what to do. It may name the host and its addresses, never
    the rest of the URL or a header's value.
    """

    def __init__(self, rule: str, message: str) -> None:
        super().__init__("blocked", message, about="recipient")
        self.rule = rule
        self.message = message
