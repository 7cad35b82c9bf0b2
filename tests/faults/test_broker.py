"""A broker that delivers every message twice, in any order, to workers that are too many."""

from __future__ import annotations

import json
import random
import threading
from contextlib import ExitStack

import pytest
from redis import Redis

from distributor.service import redis
from distributor.service.parts import QUEUES
from tests.faults.conftest import FEW, MANY
from tests.faults.hosts import Parts
from tests.faults.scene import Scene

SIZES = [
    ("sqlite", FEW),
    pytest.param(("sqlite", MANY), marks=[pytest.mark.long, pytest.mark.timeout(400)]),
    pytest.param(("postgresql", MANY), marks=[pytest.mark.long, pytest.mark.timeout(400)]),
]


@pytest.mark.parametrize("scene", SIZES, indirect=True)
def test_every_message_comes_twice_and_two_sweep(scene: Scene) -> None:
    url = f"unix://{redis.socket_path(scene.service.data_dir)}"
    with ExitStack() as stack:
        more = stack.enter_context(Parts(scene.service))
        more.worker("urgent", "email", "housekeeping")
        connected = stack.enter_context(redis.client(url))
        stammer = stack.enter_context(Stammer(connected))
        release = scene.publish("stammande", delay=0.003)
        for _ in range(2):
            scene.service.cli("sweep")
        scene.told(release, doubled=0)
        assert stammer.doubled > scene.readers // 2000, "a message leads to several batches"


class Stammer:
    """While the block runs, puts each message once more into its queue, at either end: those that
    wait and those that a worker has taken. ``doubled`` counts batches' messages."""

    def __init__(self, connected: Redis) -> None:
        self.doubled = 0
        self._redis = connected
        self._seen: set[str] = set()
        self._chance = random.Random(11)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Stammer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._ended.wait(0.02):
            found = [message for queue in QUEUES for message in self._waiting(queue)]
            found += [json.loads(taken)[0] for taken in self._redis.hvals("unacked")]  # type: ignore[union-attr]
            self._chance.shuffle(found)
            for message in found:
                self._double(message)

    def _waiting(self, queue: str) -> list[dict[str, object]]:
        return [json.loads(message) for message in self._redis.lrange(queue, 0, -1)]  # type: ignore[union-attr]

    def _double(self, message: dict[str, object]) -> None:
        properties = message["properties"]
        headers = message["headers"]
        assert isinstance(properties, dict)
        assert isinstance(headers, dict)
        if properties["delivery_tag"] in self._seen:
            return
        again = f"{properties['delivery_tag']}-again"
        self._seen |= {properties["delivery_tag"], again}
        copy = json.dumps(message | {"properties": properties | {"delivery_tag": again}})
        put = self._redis.lpush if self._chance.random() < 0.5 else self._redis.rpush
        put(properties["delivery_info"]["routing_key"], copy)
        self.doubled += headers["task"].endswith(".deliver")
