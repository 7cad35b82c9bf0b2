"""The two ways in which a delivery fails, told apart at the edge."""

UNANSWERED = "unanswered"
"""All of it was handed over, and the connection or our process ended before the answer came."""
UNCERTAIN = (UNANSWERED, "bad_answer", "reset", "timeout")
"""Reasons of attempts after which nobody knows whether the other side has it."""


class DeliveryError(Exception):
    """A delivery did not succeed.

    ``reason`` is a short word for people and statistics (``timeout``, ``no-such-address``);
    ``reply`` is what the other side said, word for word, or an empty string; ``about`` says whose
    matter it is: ``recipient``, ``message``, ``relay``, ``group`` (all who receive at the same
    provider), ``disk`` (which takes nothing), ``ours`` or ``unknown``; ``wait`` is the number of
    seconds that the other side asked for, if it did.
    """

    def __init__(
        self, reason: str, reply: str = "", *, about: str = "unknown", wait: float | None = None
    ) -> None:
        super().__init__(f"{reason}: {reply}" if reply else reason)
        self.reason = reason
        self.reply = reply
        self.about = about
        self.wait = wait

    @property
    def is_attempt(self) -> bool:
        """Whether it says something of this delivery, not only that nobody's can go now."""
        return self.about not in ("relay", "group", "disk")

    @property
    def counts(self) -> bool:
        """Whether this try is kept on record: it says something, or the receiver may have it."""
        return self.is_attempt or self.reason == UNANSWERED


class Refused(DeliveryError):
    """Never again: the same try would be refused in the same way."""


class Unavailable(DeliveryError):
    """Try later."""
