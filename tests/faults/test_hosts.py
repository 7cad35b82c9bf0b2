"""Several hosts share one PostgreSQL, one Redis and the work; each has a data folder of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from distributor.dispatch.endpoint_jobs import SLOT
from tests.faults.conftest import FEW, MANY
from tests.faults.crowd import Crowd
from tests.faults.hosts import Parts, shared_redis
from tests.faults.postgres import Postgres
from tests.faults.scene import TOPIC, Scene
from tests.listeners import http
from tests.running import Service, mail_to, until

LEASE = 120.0
SOON = 45.0
"""Seconds in which the rest leaves: less than a message is waited for that may only be slow."""
AWAY = {FEW: 2.0, MANY: 10.0}
"""Seconds for which PostgreSQL is stopped."""
ROUNDS = 208
"""Mails of one worker that are claimed or on the wire at a time."""


@dataclass
class Cluster:
    """``office`` publishes, sweeps and keeps time; ``north`` and ``south`` send."""

    scene: Scene
    office: Parts
    north: Parts
    south: Parts
    crowd: Crowd

    def busy(self) -> Parts:
        """The host by which the last mail came."""
        name = self.crowd.mails[-1].sender.partition("@")[0]
        return {"north": self.north, "south": self.south}[name]

    def senders(self) -> set[str]:
        """By which hosts mail came, as the return path tells."""
        return {mail.sender.partition("@")[0] for mail in self.crowd.mails}


@pytest.fixture(scope="module", params=[FEW, pytest.param(MANY, marks=pytest.mark.long)])
def cluster(request: pytest.FixtureRequest, postgres: Postgres, _folder: Path) -> Iterator[Cluster]:
    readers, crowd = request.param, Crowd()
    with ExitStack() as stack:
        stack.callback(crowd.go_away)
        store = stack.enter_context(shared_redis(_folder / f"redis{readers}"))
        shared = {
            "DATABASE__URL": postgres.database(f"cluster{readers}"),
            "REDIS__URL": f"unix://{store}",
            "SITE__SECRET_KEY": "the same on all hosts, " * 2,
            "EMAIL__THROTTLE": "relay",
        }
        parts = {}
        for name in ("office", "north", "south"):
            options = shared | mail_to(crowd.port) | {"EMAIL__FROM": f"{name}@ekvik.example"}
            service = Service(_folder / f"{name}{readers}", **options)
            parts[name] = stack.enter_context(Parts(service))
        office = parts["office"]
        scene = Scene(office.service, crowd, readers)
        office.start("clock")
        office.worker("feeds", "housekeeping", "webhooks")
        parts["north"].worker("urgent", "email")
        parts["south"].worker("urgent", "email")
        until(lambda: office.service.json("status")["services"]["workers"] == "ok", 60, pause=1.0)
        yield Cluster(scene, office, parts["north"], parts["south"], crowd)


@pytest.mark.timeout(400)
def test_they_share_the_work(cluster: Cluster) -> None:
    release = cluster.scene.publish("delat", delay=0.003)
    cluster.scene.told(release, doubled=0)
    assert cluster.senders() == {"north", "south"}


@pytest.mark.timeout(400)
def test_a_host_that_starts_again_settles_what_it_had_sent(cluster: Cluster) -> None:
    scene = cluster.scene
    release = scene.publish("omstart", delay=0.003)
    scene.wait_for(scene.readers // 3)
    host, bound = cluster.busy(), cluster.crowd.open
    host.kill()
    host.worker("urgent", "email")
    scene.told(release, doubled=bound)


@pytest.mark.timeout(400)
def test_postgresql_is_stopped_and_started_again(cluster: Cluster, postgres: Postgres) -> None:
    scene = cluster.scene
    release = scene.publish("stoppad databas", delay=0.003)
    scene.wait_for(scene.readers // 3)
    path = scene.service.folder / "second.txt"
    path.write_text("Den andra\n\nDen väntar, medan databasen är borta.\n", "utf-8")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(scene.service.json, "publish", path, "--topic", TOPIC, "--wait")
        until(lambda: "Den andra" in scene.service.cli("status").stdout, 60)
        postgres.stop()
        time.sleep(AWAY[scene.readers])
        said = scene.service.cli("status", code=1).stderr
        postgres.start()
        scene.told(release, doubled=0, seconds=SOON + scene.readers / 200)
        assert waiting.result()["channels"]["email"]["delivered"] == scene.readers
    assert said.startswith("distributor: the database does not answer: ")
    assert said.count("\n") == 1, "one line"


@pytest.mark.long
@pytest.mark.timeout(400)
def test_who_answers_late_while_postgresql_is_away_is_not_asked_again(
    cluster: Cluster, postgres: Postgres
) -> None:
    service = cluster.scene.service
    with http.Listener(http.slowly(SLOT + 3, http.answer(200))) as slow:
        endpoint = service.json("endpoints", "add", slow.url(), "--format", "standard")
        release = cluster.scene.publish("sent svar")
        slow.wait_for(1)
        time.sleep(SLOT + 1)
        postgres.stop()
        time.sleep(3)
        postgres.start()
        cluster.scene.told(release, doubled=0)
        until(lambda: service.json("status", release)["channels"]["webhook"]["delivered"], 60)
        assert len(slow.requests) == 1
        service.cli("endpoints", "delete", str(endpoint["id"]))


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_host_that_is_lost_leaves_nobody_out(cluster: Cluster) -> None:
    scene = cluster.scene
    release = scene.publish("förlorad", delay=0.003)
    scene.wait_for(scene.readers // 3)
    host = cluster.busy()
    host.kill()
    scene.told(release, doubled=ROUNDS, seconds=LEASE + 60 + scene.readers / 200)
    host.worker("urgent", "email")
