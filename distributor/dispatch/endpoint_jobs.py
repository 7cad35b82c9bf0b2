"""The requests of a pass: which may begin, what is on the wire, what came of them."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cache
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from distributor.adapters.limits import Buckets
from distributor.audience import endpoints
from distributor.audience.guarding import guard
from distributor.audience.models import Endpoint
from distributor.channels import webhooks
from distributor.dispatch import compositions, endpoint_standing, hasty, late, rounds, stopping
from distributor.dispatch.endpoint_outage import Outage
from distributor.dispatch.endpoint_rate import EndpointRate
from distributor.dispatch.endpoint_reach import Reach
from distributor.dispatch.endpoint_standing import Answered
from distributor.dispatch.journal import Outcome
from distributor.dispatch.models import Delivery
from distributor.dispatch.pace_workers import Workers
from distributor.dispatch.passing import Pass
from distributor.dispatch.rounds import Due
from distributor.errors import DeliveryError, Refused, Unavailable

SLOT = 2.0
"""Seconds after which a request gives its slot back and goes on in overtime."""
OVERTIME = 64
"""How many of them do so at a time in a process."""
LOOKED_AT_EVERY = 2.0
MOST_OF_ONE = 4
STRAGGLES = 0.5
"""Seconds after which it does so where nothing else is left of its batch and others wait."""
SLOW_SLOTS = 4
KEPT_FOR_SLOW = 2
_MARGIN = 5.0
_BUSY = 2.0

_lock = threading.Lock()
_on_the_wire: Counter[int] = Counter()
_releases: set[tuple[UUID, int]] = set()
_overtime: set[int] = set()
_reach = Reach()
_outage = Outage()


def _no_longer(delivery: int) -> int:
    """How many are in overtime without this one."""
    with _lock:
        _overtime.discard(delivery)
        return len(_overtime)


@cache
def _rate() -> EndpointRate:
    workers = Workers(channel="webhook")
    return EndpointRate(Buckets(hasty.redis()), lambda: workers()[0])


class Job:
    """One request to one endpoint; it runs in a thread."""

    def __init__(
        self, jobs: Jobs, due: Due, endpoint: Endpoint, sealed: list[bytes], body: webhooks.Body
    ) -> None:
        self.due, self.endpoint, self._sealed = due, endpoint, sealed
        self.slow = bool(due.attempts or endpoint.slow)
        self.begun, self.claimed_until = 0.0, timezone.now()
        self._jobs, self._body = jobs, body
        self._late = self._ended = False
        self._state = threading.Lock()

    def run(self) -> None:
        """Make the request, and have its outcome recorded."""
        try:
            if stopping.requested():
                return
            self._jobs.begins(self)
            outcome, seconds = self._ask()
            with self._state:
                self._ended = not self._late
                if self._ended:
                    self._jobs.ended(self, outcome, seconds)
                    return
            self._jobs.ended_late(self, outcome, seconds)
        finally:
            self._jobs.off_the_wire(self)

    def give_slot_back(self) -> bool:
        """Go on in overtime; False if it has ended."""
        with self._state:
            self._late = not self._ended
            return self._late

    def _ask(self) -> tuple[Outcome, float]:
        begun = time.monotonic()
        error: DeliveryError | None = None
        try:
            target = endpoints.target(self.endpoint, self._sealed)
            ident, now = self._jobs.webhook_id, int(time.time())
            answer = webhooks.post(guard(), target, self._body, webhook_id=ident, timestamp=now)
            reply = f"{answer.status}"
        except ValueError as problem:
            error, reply = Unavailable("sealed", str(problem)), ""
        except DeliveryError as problem:
            error, reply = problem, problem.reply
        return Outcome(self.due.id, error, reply, time.time()), time.monotonic() - begun


class Jobs:
    """The requests of one pass, begun by as many as ``slots`` allow.

    First attempts never wait for retries or for endpoints that were slow: those have two slots
    kept for them and four at most. One endpoint is asked by four at a time, by one if it keeps
    failing, and never by two for one release.

    A slot is a thread that goes from one request to the next by itself: were it given each by the
    thread of the pass, the two would wait for each other at every request.
    """

    def __init__(self, pass_: Pass, slots: int) -> None:
        self._pass, self._slots = pass_, slots
        self._release = pass_.edition.release_id
        self.webhook_id = compositions.webhook_id(pass_.edition)
        self._first: deque[Job] = deque()
        self._again: deque[Job] = deque()
        self.running: set[Job] = set()
        self._changed = threading.Condition()
        self._fault: BaseException | None = None
        self._answers: list[Answered] = []
        self._bodies: dict[tuple[str, bool], webhooks.Body] = {}
        self._looked_at = 0.0
        self._granted: set[int] = set()
        self._sealed: dict[int, list[bytes]] = {}

    def add(self, round_: list[Due]) -> None:
        """The deliveries of a round; what cannot be asked now is settled at once.

        Once a newer edition has left nothing more begins; the pass makes it due again.
        """
        self._looked_at = time.monotonic()
        known = endpoint_standing.able([due.recipient for due in round_])
        self._sealed = endpoints.live_secrets(known)
        busy = self._busy()
        made = [
            job
            for due in (() if self._pass.overtaken() else round_)
            if (job := self._job(due, known.get(due.recipient), due.recipient in busy))
        ]
        made = self._at_their_rate(made)
        again = sorted((job for job in made if job.slow), key=lambda job: job.endpoint.slow)
        with self._changed:
            self._first.extend(job for job in made if not job.slow)
            self._again.extend(again)

    def start(self, threads: ThreadPoolExecutor) -> None:
        """Begin as many as may begin now.

        Raises:
            Exception: what one that ran before came to by a fault of ours.
        """
        if self._fault:
            raise self._fault
        self._look_again()
        while job := self._next():
            threads.submit(self._slot, job)

    def wait(self, seconds: float) -> None:
        """Until nothing is under way, ``seconds`` at most."""
        with self._changed:
            self._changed.wait_for(lambda: not self.running, seconds)

    def begins(self, job: Job) -> None:
        """From now on it may be on the wire."""
        self._pass.begin(job.due.id)

    def ended(self, job: Job, outcome: Outcome, seconds: float) -> None:
        """An outcome in time."""
        answers = self._answers

        def record(told: Outcome) -> None:
            self._pass.know(told)
            answers.append(Answered(job.endpoint.pk, job.due.attempts + 1, told.error, seconds))

        _reach.heard(job.endpoint.host, outcome, record)

    def ended_late(self, job: Job, outcome: Outcome, seconds: float) -> None:
        """An outcome in overtime: the pass may be over, so it is recorded by itself."""
        batch_id = self._pass.batch_id

        def record(told: Outcome) -> None:
            answered = Answered(job.endpoint.pk, job.due.attempts + 1, told.error, seconds)

            def write() -> None:
                rounds.record_late(batch_id, told, claimed_until=job.claimed_until)
                endpoint_standing.learn([answered])

            late.record(write, delivery=told.delivery)

        _reach.heard(job.endpoint.host, outcome, record)
        if not _no_longer(job.due.id):
            _reach.settle()

    def off_the_wire(self, job: Job) -> None:
        """The request is over, or was not begun."""
        with _lock:
            _on_the_wire[job.endpoint.pk] -= 1
            _releases.discard((self._release, job.endpoint.pk))

    def make_way(self) -> None:
        """Whom few are left to wait for, and who is slow, holds no other batch up."""
        latest = time.monotonic() - STRAGGLES
        with self._changed:
            left = not self._first and all(job.slow or job.begun < latest for job in self.running)
        if left and endpoint_standing.others_wait(self._pass.batch_id):
            self.rest()
            self.into_overtime(after=0.0)

    def into_overtime(self, *, after: float = SLOT, every: bool = False) -> None:
        """Those that have been on the wire for long give their slots back, and are not awaited.

        As many as may, or ``every`` one of them. Each stays claimed until it must be over; if this
        process dies, it is due again then.
        """
        now = time.monotonic()
        patience = timedelta(seconds=settings.DISTRIBUTOR.webhooks.timeout_seconds + _MARGIN)
        with self._changed:
            late = [job for job in self.running if now - job.begun >= after]
        for job in late:
            if len(_overtime) >= OVERTIME and not every:
                return
            job.claimed_until = timezone.now() + patience
            self._pass.leave(job.due, job.claimed_until)
            with _lock:
                _overtime.add(job.due.id)
            if job.give_slot_back():
                self._off(job)
            else:
                _no_longer(job.due.id)

    def rest(self) -> None:
        """Who waits for what is on the wire elsewhere is due again in a while."""
        for due in self.drop():
            self._know(due, Unavailable("busy", about="group", wait=_BUSY))

    def drop(self) -> list[Due]:
        """Nothing more begins; the pass makes these due again."""
        with self._changed:
            waiting = [job.due for job in (*self._first, *self._again)]
            self._first.clear()
            self._again.clear()
        return waiting

    def record(self) -> None:
        """Write down what is known."""
        answers, self._answers = self._answers, []
        self._pass.record()
        endpoint_standing.learn(answers)
        _outage.tell(out=_reach.out)

    def settle(self) -> None:
        """The pass is over."""
        _reach.settle()
        self.record()

    def _slot(self, job: Job | None) -> None:
        """One request after the other, for as long as there is one that may begin."""
        while job:
            try:
                job.run()
            except BaseException as fault:
                self._fault = fault
                self._off(job)
                raise
            job = self._off(job, on=True)

    def _off(self, job: Job, *, on: bool = False) -> Job | None:
        """``job`` needs its slot no more; what takes it if that goes ``on``, at the same moment.

        So the thread of the pass never finds nothing under way while there is more to come.
        """
        following = None
        with self._changed:
            if job in self.running:
                self.running.remove(job)
                following = self._next() if on else None
            if not self.running:
                self._changed.notify()
        return following

    def _next(self) -> Job | None:
        """One that may begin now; it is under way from here on."""
        with self._changed:
            slow = sum(job.slow for job in self.running)
            first = len(self.running) - slow
            if slow + first >= self._slots or self._fault:
                return None
            room = min(SLOW_SLOTS, self._slots) - slow
            others = self._slots - (KEPT_FOR_SLOW if self._again else 0) - first
            for queue, free in ((self._again, room), (self._first, others)):
                for _ in range(len(queue) if free > 0 else 0):
                    job = queue.popleft()
                    if self._begins(job):
                        self.running.add(job)
                        return job
                    queue.append(job)
        return None

    def _begins(self, job: Job) -> bool:
        key = job.endpoint.pk
        most = 1 if endpoint_standing.probed(job.endpoint) else MOST_OF_ONE
        with _lock:
            if _on_the_wire[key] >= most or (self._release, key) in _releases:
                return False
            _on_the_wire[key] += 1
            _releases.add((self._release, key))
        job.begun = time.monotonic()
        return True

    def _job(self, due: Due, endpoint: Endpoint | None, busy: bool) -> Job | None:
        if endpoint is None:
            self._know(due, Refused("disabled"))
            return None
        seconds = endpoint_standing.waits(endpoint, timezone.now())
        if seconds or busy:
            why = "busy" if busy else "paused"
            self._know(due, Unavailable(why, about="group", wait=max(seconds, _BUSY)))
            return None
        try:
            wanted = endpoint.format, due.first_number is None
            body = self._bodies.get(wanted)
            if body is None:
                format, first = wanted
                body = compositions.webhook(self._pass.edition, format, first=first)
                self._bodies[wanted] = body
        except DeliveryError as error:
            self._know(due, error)
            return None
        return Job(self, due, endpoint, self._sealed[endpoint.pk], body)

    def _at_their_rate(self, jobs: list[Job]) -> list[Job]:
        """Those that may be asked now; the others are due again when they may."""
        new = [job for job in jobs if job.due.id not in self._granted]
        waits = _rate().waits([job.endpoint for job in new])
        self._granted.update(job.due.id for job in new)
        for job in new:
            if seconds := waits.get(job.endpoint.pk):
                self._know(job.due, Unavailable("rate", about="group", wait=seconds))
        return [job for job in jobs if job.endpoint.pk not in waits]

    def _look_again(self) -> None:
        """What waited for long is asked again whether it may be sent at all."""
        now = time.monotonic()
        if now - self._looked_at < LOOKED_AT_EVERY or not (self._first or self._again):
            return
        self.add(self.drop())

    def _busy(self) -> set[int]:
        """Endpoints to which another edition of this release is on the wire, here or elsewhere."""
        if self._pass.edition.number == 1:
            return set()
        sending = Delivery.objects.filter(
            channel="webhook", state="sending", edition__release_id=self._release
        )
        others = sending.exclude(edition=self._pass.edition)
        return set(others.values_list("recipient", flat=True))

    def _know(self, due: Due, error: DeliveryError) -> None:
        self._pass.know(Outcome(due.id, error, error.reply, time.time()))
