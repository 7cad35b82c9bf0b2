"""One pass over a batch: rounds claimed while earlier ones are still on their way out."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime
from types import TracebackType
from typing import Self

from distributor.dispatch import rounds
from distributor.dispatch.journal import Journal, Outcome
from distributor.dispatch.models import Batch, Edition
from distributor.dispatch.rounds import Due
from distributor.dispatch.turns import Turn


class Pass:
    """Round after round of ``batch``, each reader at most once.

    What is known of a delivery is journalled at once and recorded together with the next claim,
    so that a round costs one transaction and the wire is never waited for. At the end what was
    claimed and not begun is due again. At most ``size`` deliveries are claimed at a time, and at
    most ``on_the_wire`` of those claimed before may still be open then.

    Raises:
        Unavailable: there is no room for the journal; nothing may be sent.
    """

    def __init__(self, batch: Batch, size: int, *, on_the_wire: int) -> None:
        self._batch = batch
        self._size = size
        self._after = 0
        self._open: dict[int, Due] = {}
        self._known: list[Outcome] = []
        self._begun: set[int] = set()
        self._journal = Journal(batch.pk, size + on_the_wire)
        self._lock = threading.Lock()
        self._turn = Turn(batch)
        self.tried = False
        """Whether anything was handed over or refused, and not only that the relay was away."""

    @property
    def edition(self) -> Edition:
        """Whose deliveries these are."""
        return self._batch.edition

    @property
    def batch_id(self) -> int:
        """The id of the batch."""
        return self._batch.pk

    def over(self) -> bool:
        """Whether others wait who have their turn now."""
        return self._turn.over()

    def overtaken(self) -> bool:
        """Whether a newer edition has left, so that nothing more of this one may be handed over."""
        return rounds.overtaken_by(self._batch) is not None

    def take(self, size: int | None = None) -> list[Due]:
        """The next round, empty when nothing is due, the lease is lost or the edition paused."""
        with self._lock:
            round_ = rounds.record_and_begin(
                self._batch, self._known, min(size or self._size, self._size), after=self._after
            )
            self._forget()
            for due in round_:
                self._open[due.id] = due
                self._after = due.recipient
            return round_

    def taken(self, delivery: int) -> Due:
        """What was taken with that id, and not told of yet."""
        return self._open[delivery]

    def begin(self, delivery: int) -> None:
        """From now on it may be on the wire: if this process dies, its receiver may have it."""
        with self._lock:
            self._journal.begin(delivery)
            self._begun.add(delivery)

    def know(self, outcome: Outcome) -> None:
        """What came of a delivery that was taken: on record in the journal when this returns."""
        with self._lock:
            self._journal.write(outcome)
            self._known.append(outcome)
            self._open.pop(outcome.delivery, None)
            self._begun.discard(outcome.delivery)
            self.tried = self.tried or outcome.tried

    def record(self) -> None:
        """Write what is known into the database."""
        with self._lock:
            rounds.record(self._batch, self._known)
            self._forget()

    def hand_back(self, deliveries: Iterable[Due]) -> None:
        """Make what was taken and not begun due again; a later round may take it."""
        back = list(deliveries)
        rounds.hand_back(self._batch, back)
        for due in back:
            del self._open[due.id]
            self._begun.discard(due.id)
        if back:
            self._after = min(self._after, min(due.recipient for due in back) - 1)

    def leave(self, due: Due, until: datetime) -> None:
        """Have nobody wait for what is on the wire still: it stays claimed until then at most.

        Whoever knows what came of it says so to :func:`rounds.record_late`.
        """
        rounds.extend(due, until)
        self._open.pop(due.id, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """A journal that could not be recorded is kept, to be settled before anybody sends."""
        if kind is None:
            try:
                self.record()
                self.hand_back(list(self._open.values()))
            except BaseException:
                self._journal.close(remove=False)
                raise
        self._journal.close(remove=kind is None)

    def _forget(self) -> None:
        if self._known:
            self._known = []
            self._journal.clear(self._begun)
