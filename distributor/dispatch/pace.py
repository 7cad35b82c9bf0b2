"""How fast mail goes: the lanes of each MX group, a new sender's days, and messages a second.

The pace stands between the rounds of a pass over a batch and the sender. Who sends

- asks ``pacing(edition.pk)`` once for a pass, and gives ``postman.send`` a generator, in which it
- adds each round: ``pace.add(round_, addresses)``,
- while ``pace.waiting`` takes who has a turn: ``due = pace.take(behind)``, and yields a parcel,
  whose key is ``due.id``, or None where ``due`` is; ``behind`` is what the yield gives,
- records each result with the error that ``pace.done(key, error)`` gives, in the journal's call,
- records for the ``pace.left()``, after each round, that they rest,
- and hands back what ``pace.drop()`` gives when the round is too old.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from itertools import repeat
from zlib import crc32

from django.conf import settings
from django.utils import timezone

from distributor.adapters.limits import Buckets
from distributor.dispatch import hasty, pace_groups
from distributor.dispatch.models import MailGroup
from distributor.dispatch.pace_domains import Domains
from distributor.dispatch.pace_rate import Rate
from distributor.dispatch.pace_turns import Turns
from distributor.dispatch.pace_workers import Workers, share
from distributor.dispatch.rounds import Due
from distributor.errors import DeliveryError, Refused, Unavailable

FIRST_LANES = 2
GAINS_EVERY = timedelta(minutes=1)
IN_A_ROW = 5
"""After so many refusals of us, whatever their reason, a group is paused."""

_NEW_START = timedelta(minutes=10)
_LOOKED_AT_EVERY = timedelta(seconds=1)
_PAUSED_FOR = timedelta(minutes=5)
_OTHERS_TURN = timedelta(seconds=5)
_PAUSING = frozenset({"policy", "sender"})
_MOST_DEFERRING = 20_000
_UNLIMITED = 1_000_000


class Pace:
    """The pace of one edition in this process. For one thread.

    ``rate`` limits messages a second. With ``grouped`` a group begins with two lanes, and gains
    one a minute without being deferred: so many messages may be under way to it at once, in all
    workers together, though each worker has at least one. With ``warm_up`` its mails of a day are
    counted. ``now`` gives the time in UTC, ``clock`` monotonic seconds.
    """

    def __init__(
        self,
        *,
        connections: int,
        grouped: bool = True,
        warm_up: bool = False,
        rate: Rate | None = None,
        domains: Domains | None = None,
        workers: Callable[[], tuple[int, int]] = lambda: (1, 0),
        now: Callable[[], datetime] = timezone.now,
    ) -> None:
        self._connections, self._grouped, self._warm_up = connections, grouped, warm_up
        self._rate, self._workers = rate, workers
        self._domains = Domains() if domains is None else domains
        self._now = now
        self._begun = self._last = self._looked_at = datetime.min.replace(tzinfo=now().tzinfo)
        self._troubled: dict[str, MailGroup] = {}
        self._deferring: dict[str, tuple[int, datetime]] = {}
        self._refusing: dict[str, int] = {}
        self._left: list[tuple[Due, Unavailable]] = []
        self._reserved: dict[str, int] = {}
        self._turns: Turns[Due] = Turns(connections)

    @property
    def waiting(self) -> bool:
        """Whether anybody waits for a turn."""
        return bool(self._turns.queues)

    def begin(self) -> None:
        """A new pass begins: nobody waits, and nothing is under way."""
        self._turns = Turns(self._connections if self._grouped else _UNLIMITED)
        self._left.clear()
        self._return_reserved()

    def add(self, round_: Sequence[Due], addresses: Mapping[int, str]) -> None:
        """All of ``round_`` wait; ``addresses`` has the address of each recipient.

        Those whose group rests do not: they are among the ``left`` at once.
        """
        turns, now = self._turns, self._now()
        if not (self._grouped or self._warm_up):
            turns.most = _UNLIMITED
            turns.add(round_, repeat("", len(round_)))
            return
        self._look(now)
        domains = [(name := addresses[due.recipient])[name.rfind("@") + 1 :] for due in round_]
        groups = self._domains.load(domains, now)
        turns.add(round_, [groups[domain] for domain in domains])
        turns.most = most = self._lanes((FIRST_LANES, self._begun), now)
        here = turns.queues.keys()
        turns.lanes = {
            group: self._lanes(self._deferring[group], now)
            for group in self._deferring.keys() & here
        }
        for group in self._troubled.keys() & here:
            lanes = self._rest(group, self._troubled[group], now)
            turns.lanes[group] = min(lanes, turns.lanes.get(group, most))
        if self._warm_up:
            self._reserve(now)

    def take(self, behind: int | None = None) -> Due | None:
        """Who has a turn, or None if nobody has for the moment.

        ``behind`` is the key of the parcel that is about to leave on the connection for which this
        one is taken, if there is one: ``Postman.send`` sends it into its generator.
        """
        rate = self._rate
        if rate is not None and not rate.ready():
            return None
        due = self._turns.take(behind)
        if due is not None:
            if rate is not None:
                rate.spend()
            if self._reserved:
                self._use(due)
        return due

    def done(self, key: int, error: DeliveryError | None) -> DeliveryError | None:
        """What came of the delivery ``key`` is known; the error to record for it.

        To be called before the sender goes on, so in the journal's callback. A group that says
        that we send too fast is stopped, and the delivery waits for it without having used an
        attempt; one that takes nothing from us is paused.
        """
        group = self._turns.done(key)
        if not group:
            return error
        if error is None:
            if self._refusing:
                self._refusing.pop(group, None)
            return None
        return error if error.about == "relay" else self._failed(group, error)

    def left(self) -> list[tuple[Due, Unavailable]]:
        """Those who were added and are not tried, since their group rests, and until when."""
        left, self._left = self._left, []
        return left

    def drop(self) -> list[Due]:
        """Nobody waits any more; who did, in the order of their recipients."""
        queues = self._turns.queues
        dropped = [due for queue in queues.values() for due in queue]
        queues.clear()
        self._return_reserved()
        return sorted(dropped, key=lambda due: due.recipient)

    def _lanes(self, base: tuple[int, datetime], now: datetime) -> int:
        """Our part of the lanes of a group that had so many at that time."""
        if not self._grouped:
            return _UNLIMITED
        lanes, since = base
        return max(1, share(lanes + (now - since) // GAINS_EVERY, self._workers()))

    def _rest(self, group: str, row: MailGroup, now: datetime) -> int:
        """How many lanes a troubled group has here; if none, it is sent nothing for a while."""
        until = None
        if row.paused_at is not None:
            until = now + _PAUSED_FOR
        elif row.stopped_until is not None and row.stopped_until > now:
            until = row.stopped_until
        else:
            regained = pace_groups.regained(row, now)
            lanes = share(regained, self._workers(), crc32(group.encode()))
            if lanes:
                return lanes
            until = now + _OTHERS_TURN
        self._set_aside(self._turns.close(group), until, now)
        return 0

    def _reserve(self, now: datetime) -> None:
        """Has a part of the day's mails for everybody who waits, and sets the others aside."""
        tomorrow = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
        queues = self._turns.queues
        for group, queue in list(queues.items()):
            have = self._reserved.get(group, 0)
            if have < len(queue):
                have += pace_groups.reserve(group, len(queue) - have, now)
            self._reserved[group] = have
            over = [queue.pop() for _ in range(len(queue) - have)]
            self._set_aside(reversed(over), tomorrow, now)
            if not queue:
                del queues[group]

    def _use(self, due: Due) -> None:
        group = self._turns.group(due.id)
        if group is not None:
            self._reserved[group] -= 1

    def _return_reserved(self) -> None:
        for group, count in self._reserved.items():
            if count:
                pace_groups.give_back(group, count, self._now())
        self._reserved.clear()

    def _look(self, now: datetime) -> None:
        """Hears what other workers have found out, and sees whether the edition is begun anew."""
        if now - self._last > _NEW_START or len(self._deferring) > _MOST_DEFERRING:
            self._begun = now
            self._deferring.clear()
        self._last = now
        if now - self._looked_at >= _LOOKED_AT_EVERY:
            self._looked_at = now
            self._troubled = pace_groups.troubled(now)

    def _failed(self, group: str, error: DeliveryError) -> DeliveryError:
        now = self._now()
        if isinstance(error, Unavailable):
            if error.reason == "rate":
                until = pace_groups.stop(group, error.reply, now)
                self._close(group, until, now)
                return Unavailable("rate", error.reply, about="group", wait=_seconds(until, now))
            self._deferred(group, now)
            return error
        if error.about == "message" or error.reason == "protocol":
            # Whether others refuse it too is to be known before all of this group have.
            self._turns.postpone(group)
        if isinstance(error, Refused) and error.about == "ours":
            count = self._refusing.get(group, 0) + (error.reason in _PAUSING)
            self._refusing[group] = count
            if error.reason == "unauthenticated" or count >= IN_A_ROW:
                self._refusing.pop(group)
                pace_groups.pause(group, error, now)
                self._close(group, now + _PAUSED_FOR, now)
        return error

    def _deferred(self, group: str, now: datetime) -> None:
        """The group keeps the lanes it has, and begins to earn the next one again."""
        lanes, since = self._deferring.get(group, (FIRST_LANES, self._begun))
        self._deferring[group] = lanes + (now - since) // GAINS_EVERY, now
        row = self._troubled.get(group)
        if row is not None and row.clean_since is not None:
            regained = pace_groups.regained(row, now)
            if now - row.clean_since >= GAINS_EVERY:
                pace_groups.complained(group, regained, now)
                row.lanes, row.clean_since = regained, now

    def _close(self, group: str, until: datetime, now: datetime) -> None:
        """Nobody else of the group has a turn in this round, and it is looked at in the next."""
        self._looked_at -= _LOOKED_AT_EVERY
        self._set_aside(self._turns.close(group), until, now)

    def _set_aside(self, items: Iterable[Due], until: datetime, now: datetime) -> None:
        error = Unavailable("resting", about="group", wait=_seconds(until, now))
        self._left += [(due, error) for due in items]


class Unpaced:
    """As :class:`Pace`, where nothing is limited."""

    def __init__(self) -> None:
        self.waiting: deque[Due] = deque()

    def begin(self) -> None:
        self.waiting.clear()

    def add(self, round_: Sequence[Due], addresses: Mapping[int, str]) -> None:
        self.waiting.extend(round_)

    def take(self, behind: int | None = None) -> Due | None:
        return self.waiting.popleft()

    def done(self, key: int, error: DeliveryError | None) -> DeliveryError | None:
        return error

    def left(self) -> list[tuple[Due, Unavailable]]:
        return []

    def drop(self) -> list[Due]:
        dropped = list(self.waiting)
        self.waiting.clear()
        return dropped


def pacing(edition_id: int) -> Pace | Unpaced:
    """The pace for a pass over a batch of the edition, as the options have it.

    It is the same one for each pass of this process, which makes one at a time.
    """
    pace = _pace(edition_id)
    pace.begin()
    return pace


@lru_cache(maxsize=8)
def _pace(edition_id: int) -> Pace | Unpaced:
    options = settings.DISTRIBUTOR.email
    grouped, rate = options.throttle == "groups", _rate()
    if not grouped and not options.warm_up and rate is None:
        return Unpaced()
    return Pace(
        connections=options.connections,
        grouped=grouped,
        warm_up=options.warm_up,
        rate=rate,
        domains=_domains(),
        workers=_workers(),
    )


@cache
def _domains() -> Domains:
    return Domains()


@cache
def _workers() -> Workers:
    return Workers()


@cache
def _rate() -> Rate | None:
    per_second = settings.DISTRIBUTOR.email.max_per_second
    if not per_second:
        return None
    workers = _workers()
    return Rate(per_second, Buckets(hasty.redis()), lambda: workers()[0])


def _seconds(until: datetime, now: datetime) -> float:
    return max(1.0, (until - now).total_seconds())
